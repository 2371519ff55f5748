import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { gzip } from 'node:zlib';
import type { Clock } from '../../clock.ts';
import { ConfigError } from '../../errors.ts';
import type { Log } from '../../log.ts';
import { systemFault } from '../../system-fault.ts';
import type { BridgedBattery, BridgeOutput, OutputFigures, Snapshot } from '../output.ts';
import { DayHistory } from './day-history.ts';
import { EventStream } from './event-stream.ts';
import { type GuardSettings, judge } from './guard.ts';
import type { ToldAbout, ToldBattery, ToldChange } from './told.ts';
import { type AlarmTimes, alarmTimes, toldBattery } from './told-battery.ts';

/** A file of the page. */
export interface PageFile {
  readonly type: string;
  readonly bytes: Uint8Array;
}

export interface WebOptions {
  /** Address and port to listen on. */
  readonly host: string;
  readonly port: number;
  readonly guard: GuardSettings;
  /** By path: "/" is the page itself. */
  readonly files: ReadonlyMap<string, PageFile>;
  readonly about: () => Promise<ToldAbout>;
  readonly snapshot: Snapshot;
  readonly clock: Clock;
  readonly log: Pick<Log, 'info' | 'warn'>;
}

/** A change is shown within so long while somebody looks. */
const TELL_MS = 1000;
/** Tells the page that the bridge lives, where no value changes. */
const TICK_MS = 2000;
const MOST_CLIENTS = 32;
const MOST_CONNECTIONS = 64;
/** Of an address that is asked for. */
const MOST_HEADER_BYTES = 8192;
/** What the page may do: nothing but to show what comes from here. */
const HEADERS = {
  'content-security-policy':
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'cross-origin-resource-policy': 'same-origin',
} as const;

/** A page of the batteries, and what it is made of: the only thing that can be asked is to read. */
export class WebOutput implements BridgeOutput {
  readonly name = 'web';
  readonly #options: WebOptions;
  readonly #server: Server;
  readonly #stream = new EventStream();
  readonly #histories = new Map<string, DayHistory>();
  readonly #alarms = new Map<string, AlarmTimes>();
  /** What the open pages know, by id. */
  #shown = new Map<string, string>();
  #shownIds = '';
  #cancel = (): void => {};
  #tickAt = 0;
  #errors = 0;
  #isClosed = false;

  /** Rejects with a ConfigError of one line when nobody can listen there. */
  static async open(options: WebOptions): Promise<WebOutput> {
    const output = new WebOutput(options);
    await output.#listen();
    return output;
  }

  private constructor(options: WebOptions) {
    this.#options = options;
    this.#server = createServer(
      {
        maxHeaderSize: MOST_HEADER_BYTES,
        headersTimeout: 5000,
        requestTimeout: 10_000,
        keepAliveTimeout: 5000,
        connectionsCheckingInterval: 2000,
      },
      (request, response) => this.#answer(request, response),
    );
    this.#server.maxConnections = MOST_CONNECTIONS;
    // Rubbish instead of a request: no answer, no line for each.
    this.#server.on('clientError', (_error, socket) => {
      this.#errors += 1;
      socket.destroy();
    });
  }

  get figures(): OutputFigures {
    return { errors: this.#errors, dropped: this.#stream.cutOff };
  }

  /** Where it listens, once it does: "127.0.0.1:8088". */
  get address(): string {
    const address = this.#server.address();
    return address === null || typeof address === 'string' ? '' : `${this.#options.host}:${address.port}`;
  }

  /** Every change is shown within a second anyway. */
  hurry(_battery: BridgedBattery): void {}

  async close(): Promise<void> {
    this.#isClosed = true;
    this.#cancel();
    this.#stream.close();
    this.#server.closeAllConnections();
    await new Promise<void>((resolve) => this.#server.close(() => resolve()));
  }

  async #listen(): Promise<void> {
    const { host, log, port } = this.#options;
    await new Promise<void>((resolve, reject) => {
      this.#server.once('error', (error: NodeJS.ErrnoException) => reject(listenFault(error, host, port)));
      this.#server.listen({ host, port }, () => resolve());
    });
    this.#server.on('error', (error) => log.warn(`the page has a fault: ${systemFault(error)}`));
    log.info(`the page is at http://${this.address}/`);
    this.#next();
  }

  /** Goes on for ever: notes the day, and tells the open pages what has changed. */
  #next(): void {
    if (this.#isClosed) return;
    this.#cancel = this.#options.clock.after(TELL_MS, () => {
      this.#look();
      this.#next();
    });
  }

  #look(): void {
    const { clock, snapshot } = this.#options;
    const now = clock.now();
    for (const battery of snapshot.batteries) {
      this.#historyOf(battery.id).note(battery, now);
      this.#alarms.set(battery.id, alarmTimes(this.#alarms.get(battery.id) ?? new Map(), battery.view, now));
    }
    const ids = new Set(snapshot.batteries.map(({ id }) => id));
    for (const id of this.#histories.keys()) {
      if (ids.has(id)) continue;
      this.#histories.delete(id);
      this.#alarms.delete(id);
    }
    if (this.#stream.size > 0) this.#tell(now);
  }

  #tell(now: number): void {
    const batteries = this.#told(now);
    const shown = new Map(batteries.map((battery) => [battery.id, JSON.stringify(battery)]));
    const ids = [...shown.keys()];
    const changed = batteries.filter(({ id }) => this.#shown.get(id) !== shown.get(id));
    if (changed.length > 0 || ids.join() !== this.#shownIds) {
      this.#stream.send('batteries', { ids, changed } satisfies ToldChange);
      this.#tickAt = now;
    } else if (now - this.#tickAt >= TICK_MS) {
      this.#stream.send('tick', {});
      this.#tickAt = now;
    }
    this.#shown = shown;
    this.#shownIds = ids.join();
  }

  #told(now: number): ToldBattery[] {
    return this.#options.snapshot.batteries.map((battery) =>
      toldBattery(battery, this.#alarms.get(battery.id) ?? new Map(), now),
    );
  }

  #historyOf(id: string): DayHistory {
    const history = this.#histories.get(id) ?? new DayHistory();
    this.#histories.set(id, history);
    return history;
  }

  #answer(request: IncomingMessage, response: ServerResponse): void {
    for (const [name, value] of Object.entries(HEADERS)) response.setHeader(name, value);
    const headers = Object.fromEntries(
      Object.entries(request.headersDistinct).map(([name, values = []]) => [
        name,
        // Whoever names two hosts means neither.
        values.length === 1 ? values[0] : undefined,
      ]),
    );
    const verdict = judge(
      { method: request.method ?? '', url: request.url ?? '', headers },
      this.#options.guard,
    );
    request.resume();
    if (verdict.kind === 'answer') this.#serve(verdict.path, request, response);
    else if (verdict.kind === 'welcome') {
      response.writeHead(303, { location: verdict.location, 'set-cookie': verdict.cookie }).end();
    } else {
      this.#errors += 1;
      response.writeHead(verdict.status, { 'content-type': 'text/plain; charset=utf-8' });
      response.end(`${verdict.text}\n`);
    }
  }

  #serve(path: string, request: IncomingMessage, response: ServerResponse): void {
    const now = this.#options.clock.now();
    const file = this.#options.files.get(path);
    const [, id] = /^\/api\/history\/([\w-]{1,80})$/.exec(path) ?? [];
    if (path === '/events') this.#open(request, response, now);
    else if (path === '/api/batteries') this.#json(request, response, this.#told(now));
    else if (path === '/api/about') {
      this.#options.about().then(
        (about) => this.#json(request, response, about),
        () => this.#plain(response, 500, 'the logs cannot be read'),
      );
    } else if (id !== undefined && this.#histories.has(id))
      this.#json(request, response, this.#historyOf(id).told(id, now));
    else if (file !== undefined) this.#send(request, response, file.type, file.bytes);
    else this.#plain(response, 404, 'there is no such page');
  }

  #open(request: IncomingMessage, response: ServerResponse, now: number): void {
    if (request.method === 'HEAD') {
      response.writeHead(200).end();
      return;
    }
    if (this.#stream.size >= MOST_CLIENTS) {
      this.#plain(response, 503, 'too many pages are open');
      return;
    }
    const changed = this.#told(now);
    const ids = changed.map(({ id }) => id);
    this.#stream.add(response, 'batteries', { ids, changed } satisfies ToldChange);
  }

  #json(request: IncomingMessage, response: ServerResponse, value: unknown): void {
    this.#send(request, response, 'application/json; charset=utf-8', Buffer.from(JSON.stringify(value)));
  }

  #send(request: IncomingMessage, response: ServerResponse, type: string, bytes: Uint8Array): void {
    response.setHeader('content-type', type);
    response.setHeader('cache-control', 'no-store');
    response.setHeader('vary', 'accept-encoding');
    const isHead = request.method === 'HEAD';
    if (!/\bgzip\b/.test(request.headers['accept-encoding'] ?? '')) {
      response.end(isHead ? undefined : bytes);
      return;
    }
    gzip(bytes, (error, packed) => {
      if (error !== null) {
        this.#plain(response, 500, 'the answer could not be packed');
        return;
      }
      response.setHeader('content-encoding', 'gzip');
      response.end(isHead ? undefined : packed);
    });
  }

  #plain(response: ServerResponse, status: number, text: string): void {
    if (status !== 404) this.#errors += 1;
    response.writeHead(status, { 'content-type': 'text/plain; charset=utf-8' });
    response.end(`${text}\n`);
  }
}

function listenFault(error: NodeJS.ErrnoException, host: string, port: number): ConfigError {
  const where = `${host}:${port}`;
  const why: Readonly<Record<string, string>> = {
    EADDRINUSE: `${where} is taken by another program; choose another bridge.web.listen`,
    EADDRNOTAVAIL: `${host} is no address of this device`,
    ENOTFOUND: `${host} is no address of this device`,
    EACCES: `this user may not listen on port ${port}; choose one above 1023`,
  };
  const text = why[error.code ?? ''] ?? `cannot listen on ${where}: ${systemFault(error)}`;
  return new ConfigError(text, { cause: error });
}
