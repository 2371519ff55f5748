import { gzipSync } from 'node:zlib';
import type { Clock } from '../../clock.ts';
import type { Log } from '../../log.ts';
import { Condition } from '../condition.ts';
import { type AskHttp, basicAuth, type HttpAnswer } from '../http.ts';
import { type BridgeOutput, isOnline, type OutputFigures, type Snapshot } from '../output.ts';
import { linesOf, type Tags } from './line-protocol.ts';
import { Ring } from './ring.ts';

export interface LinesOptions {
  readonly url: string;
  readonly kind: 'v1' | 'v2';
  readonly database: string;
  readonly createDatabase: boolean;
  readonly retention?: string;
  readonly user?: string;
  readonly password?: string;
  readonly org?: string;
  readonly bucket: string;
  readonly token?: string;
  /** s between two samples. */
  readonly period: number;
  readonly tags: Tags;
  /** Calendar time before which no clock is believed, ms: a device without network starts in the past. */
  readonly builtAt: number;
}

export interface LinesParts {
  readonly snapshot: Snapshot;
  readonly clock: Clock;
  readonly log: Log;
  readonly ask: AskHttp;
  readonly random: () => number;
}

const SEND_MS = 30_000;
/** Lines in one request. */
const MOST_LINES = 5000;
const RING_BYTES = 1024 * 1024;
const RETRY_MS = { first: 2000, last: 300_000 };
/** A receiver that does not let us in is asked again after so long, with a fresh sample. */
const CLOSED_MS = 300_000;
/** A jump of the calendar beyond makes everything that waits wrong. */
const JUMP_MS = 60_000;

/** Measurements to a store that takes the line protocol over HTTP. Nothing is kept on a disk. */
export class LinesOutput implements BridgeOutput {
  readonly name = 'lines';
  readonly #options: LinesOptions;
  readonly #parts: LinesParts;
  readonly #condition: Condition;
  readonly #ring = new Ring(RING_BYTES);
  #lines: string[] = [];
  #errors = 0;
  #refused = 0;
  #lastSuccess: number | undefined;
  /** Calendar minus monotonic time, as it was at the last sample. */
  #offset: number | undefined;
  #isSending = false;
  #isClosed = false;
  #hasCreated = false;
  #waitUntil = 0;
  #shutUntil = 0;
  #retryMs = RETRY_MS.first;
  #cancels: (() => void)[] = [];

  constructor(options: LinesOptions, parts: LinesParts) {
    this.#options = options;
    this.#parts = parts;
    this.#condition = new Condition(parts.log);
  }

  get figures(): OutputFigures {
    return {
      errors: this.#errors,
      dropped: this.#ring.dropped + this.#refused,
      ...(this.#lastSuccess !== undefined && { lastSuccess: this.#lastSuccess }),
      ...(this.#condition.fault !== undefined && { fault: this.#condition.fault }),
    };
  }

  start(): void {
    this.#every(this.#options.period * 1000, () => this.#sample());
    this.#every(SEND_MS, () => this.#seal());
  }

  hurry(): void {
    // Samples have their own pace.
  }

  /** What was sampled since the last batch goes with a last request, if the receiver takes it. */
  async close(): Promise<void> {
    this.#isClosed = true;
    for (const cancel of this.#cancels) cancel();
    if (this.#condition.fault !== undefined || this.#isSending) return;
    this.#pack();
    const batch = this.#ring.first;
    if (batch === undefined) return;
    const { ask, clock } = this.#parts;
    const patience = new Promise<undefined>((resolve) => clock.after(2000, () => resolve(undefined)));
    await Promise.race([ask(this.#request(batch)).catch(() => undefined), patience]);
  }

  #every(ms: number, action: () => void): void {
    const index = this.#cancels.length;
    const again = (): void => {
      this.#cancels[index] = this.#parts.clock.after(ms, () => {
        again();
        action();
      });
    };
    again();
  }

  #sample(): void {
    const { clock, snapshot } = this.#parts;
    const ms = clock.wall();
    // Of a store that does not let us in nothing is expected for a while.
    if (!this.#isClockRight() || clock.now() < this.#shutUntil) return;
    for (const battery of snapshot.batteries) {
      if (isOnline(battery)) this.#lines.push(...linesOf(battery, this.#options.tags, ms));
    }
    if (this.#lines.length >= MOST_LINES) this.#pack();
  }

  /** Whether the calendar can be believed; what waits with times of another calendar is left out. */
  #isClockRight(): boolean {
    const { clock, log } = this.#parts;
    const ms = clock.wall();
    const offset = ms - clock.now();
    if (ms < this.#options.builtAt) {
      this.#condition.bad('the clock of this device is wrong; nothing is sent until it is right');
      return false;
    }
    if (this.#offset !== undefined && Math.abs(offset - this.#offset) > JUMP_MS) {
      log.warn('the clock of this device was set: what waits has wrong times and is left out');
      this.#lines = [];
      this.#ring.clear();
    }
    this.#offset = offset;
    return true;
  }

  #seal(): void {
    if (!this.#isClockRight()) return;
    this.#pack();
    this.#send();
  }

  #pack(): void {
    for (let at = 0; at < this.#lines.length; at += MOST_LINES) {
      this.#ring.add(gzipSync(`${this.#lines.slice(at, at + MOST_LINES).join('\n')}\n`));
    }
    this.#lines = [];
  }

  #send(): void {
    const batch = this.#ring.first;
    const { ask, clock } = this.#parts;
    if (batch === undefined || this.#isSending || this.#isClosed || clock.now() < this.#waitUntil) return;
    this.#isSending = true;
    void ask(this.#request(batch))
      .then(
        (answer) => this.#answered(answer, batch),
        (error: unknown) => this.#later(error instanceof Error ? error.message : String(error)),
      )
      .then(() => {
        this.#isSending = false;
        this.#send();
      });
  }

  async #answered(answer: HttpAnswer, batch: Uint8Array): Promise<void> {
    const { status } = answer;
    const { clock } = this.#parts;
    if (status >= 200 && status < 300) {
      this.#forget(batch);
      this.#retryMs = RETRY_MS.first;
      this.#lastSuccess = clock.wall() / 1000;
      this.#condition.good(`measurements go to ${this.#options.url}`);
    } else if (status === 404 && this.#options.createDatabase && !this.#hasCreated) await this.#create();
    else if (status === 400 || status === 413 || status === 422) {
      // The same again would be refused again.
      this.#refused += 1;
      this.#errors += 1;
      this.#forget(batch);
      this.#condition.bad(`${this.#options.url} refuses measurements (${status}): ${firstError(answer)}`);
    } else if (status === 401 || status === 403 || status === 404 || (status >= 300 && status < 400)) {
      this.#ring.clear();
      this.#errors += 1;
      this.#shutUntil = clock.now() + CLOSED_MS;
      this.#waitUntil = this.#shutUntil;
      this.#condition.bad(`${this.#options.url} ${CLOSED[status] ?? REDIRECT}: ${firstError(answer)}`);
    } else this.#later(`it answers ${status} ${firstError(answer)}`, answer.retryAfter);
  }

  /** The batch stays, and goes after a while. */
  #later(why: string, retryAfter?: number): void {
    const { clock, random } = this.#parts;
    this.#errors += 1;
    const ms = retryAfter === undefined ? this.#retryMs * (0.5 + random() / 2) : retryAfter * 1000;
    this.#waitUntil = clock.now() + Math.min(RETRY_MS.last, ms);
    this.#retryMs = Math.min(RETRY_MS.last, this.#retryMs * 2);
    this.#condition.bad(
      `${this.#options.url} cannot be reached: ${why}; measurements of some hours are kept`,
    );
  }

  /** Only this batch: another may have become the first while it was on its way. */
  #forget(batch: Uint8Array): void {
    if (this.#ring.first === batch) this.#ring.shift();
  }

  async #create(): Promise<void> {
    this.#hasCreated = true;
    const { ask } = this.#parts;
    const { database } = this.#options;
    const url = this.#urlOf('query', { q: `CREATE DATABASE "${database.replaceAll(/["\\]/g, '')}"` });
    await ask({ method: 'POST', url, headers: this.#auth() }).then(
      ({ status }) => {
        if (status >= 300) this.#condition.bad(`${this.#options.url} does not create a database (${status})`);
      },
      (error: unknown) => this.#later(String(error)),
    );
  }

  #request(batch: Uint8Array) {
    const { bucket, database, kind, org, retention } = this.#options;
    const url =
      kind === 'v1'
        ? this.#urlOf('write', {
            db: database,
            precision: 'ms',
            ...(retention !== undefined && { rp: retention }),
          })
        : this.#urlOf('api/v2/write', { bucket, precision: 'ms', ...(org !== undefined && { org }) });
    const headers = {
      'content-encoding': 'gzip',
      'content-type': 'text/plain; charset=utf-8',
      ...this.#auth(),
    };
    return { method: 'POST', url, headers, body: batch } as const;
  }

  #auth(): Readonly<Record<string, string>> {
    const { password, token, user } = this.#options;
    if (token !== undefined) return { authorization: `Token ${token}` };
    return user === undefined ? {} : basicAuth(user, password);
  }

  /** Below the path that the owner's address has. */
  #urlOf(path: string, query: Readonly<Record<string, string>>): URL {
    const base = this.#options.url.endsWith('/') ? this.#options.url : `${this.#options.url}/`;
    const url = new URL(path, base);
    for (const [name, value] of Object.entries(query)) url.searchParams.set(name, value);
    return url;
  }
}

const CLOSED: Readonly<Record<number, string>> = {
  401: 'wants another user, password or token',
  403: 'does not let us write',
  404: 'has no such database, bucket or path',
};
const REDIRECT = 'sends us elsewhere, so the address is wrong';

/** What a store says of the first thing that is wrong. */
function firstError({ body }: HttpAnswer): string {
  const text = /"(?:error|message)"\s*:\s*"((?:[^"\\]|\\.)*)"/.exec(body)?.[1] ?? body;
  return (
    text
      .replaceAll(/[^\x20-\x7e]+/g, ' ')
      .trim()
      .slice(0, 160) || 'it says nothing more'
  );
}
