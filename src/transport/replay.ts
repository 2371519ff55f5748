import { type BmsError, hex, TimeoutError, UsageError } from '../errors.ts';
import { round } from '../model/round.ts';
import type { Accept } from '../protocol/accept.ts';
import { fromHex, sameBytes } from '../protocol/bytes.ts';
import type { AskOptions, Exchange } from './exchange.ts';
import { Reception } from './reception.ts';

/** One exchange of a capture. */
export interface Captured {
  /** When the request was sent, and when the exchange was over; s since the capture began. */
  readonly t: number;
  readonly end: number;
  readonly request: Uint8Array;
  readonly received: Uint8Array;
  /** The try before had failed. */
  readonly again: boolean;
}

/** The exchanges of a capture file. A last line that broke off is left out; any other damage is a UsageError. */
export function parseCapture(text: string): Captured[] {
  const lines = text.split('\n');
  return lines.flatMap((line, index) => {
    if (line.trim() === '') return [];
    let value: unknown;
    try {
      value = JSON.parse(line);
    } catch (cause) {
      // The writer may have been killed in the middle of a line.
      if (index === lines.length - 1) return [];
      throw new UsageError(`line ${index + 1} of the capture is not JSON`, { cause });
    }
    const entry = capturedOf(value);
    if (entry === 'other') return [];
    if (entry === undefined) throw new UsageError(`line ${index + 1} of the capture is no exchange`);
    return [entry];
  });
}

/** 'other' for what is no exchange on purpose: the first line, which tells program and time. */
function capturedOf(value: unknown): Captured | 'other' | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  if ('capture' in value) return 'other';
  const { again, received, reply, request, t, took } = value as Record<string, unknown>; // JSON.parse gives unknown shapes
  const asked = typeof request === 'string' ? fromHex(request) : undefined;
  const came = received ?? reply ?? '';
  const answered = typeof came === 'string' ? fromHex(came) : undefined;
  const at = typeof t === 'number' && Number.isFinite(t) ? t : undefined;
  const isNone = asked?.length === 0 && (answered === undefined || answered.length === 0);
  if (asked === undefined || isNone || answered === undefined || at === undefined) return undefined;
  return {
    t: at,
    end: round(at + (typeof took === 'number' && Number.isFinite(took) ? took : 0), 3),
    request: asked,
    received: answered,
    again: again === true,
  };
}

/**
 * A link that answers as a captured battery did. It goes through the capture from its beginning and never back: a request
 * gets the next answer to the same request, but within one conversation (`begin`) not one from beyond the next time that
 * the first request of the conversation was asked.
 */
export class ReplayLink implements Exchange {
  readonly #entries: readonly Captured[];
  #next = 0;
  #first: Uint8Array | undefined;
  #taken: Captured[] = [];
  #lacked = false;

  constructor(entries: readonly Captured[]) {
    this.#entries = entries;
  }

  /** A probe or a poll begins. */
  begin(): void {
    this.#first = undefined;
    this.#taken = [];
  }

  /** Exchanges of this conversation so far; empty after it when the capture has no more of its kind. */
  get taken(): readonly Captured[] {
    return this.#taken;
  }

  /** The capture did not hold what was asked last. */
  get lacked(): boolean {
    return this.#lacked;
  }

  async ask(
    request: Uint8Array,
    accept: Accept,
    timeoutMs: number,
    { tries = 1, replyEqualsRequest = false }: AskOptions = {},
  ): Promise<Uint8Array> {
    let failure: BmsError | undefined;
    for (let made = 0; ; made += 1) {
      const entry = failure === undefined ? this.#find(request) : this.#again(request, made < tries);
      this.#lacked = entry === undefined && failure === undefined;
      if (entry === undefined) break;
      this.#first ??= request;
      this.#taken.push(entry);
      const { received } = entry;
      const buffer = new Uint8Array(received.length);
      const reception = new Reception(buffer, { request, accept, replyEqualsRequest });
      const reply = reception.add(received) ?? reception.lastLook();
      if (reply !== undefined) return reply;
      failure = reception.failure(timeoutMs);
      if (!failure.retryable) break;
    }
    throw failure ?? new TimeoutError(`the capture has no answer to ${hex(request)} here`);
  }

  /** What the device said by itself is captured as exchanges without a request. */
  next(accept: Accept, timeoutMs: number): Promise<Uint8Array> {
    return this.ask(new Uint8Array(), accept, timeoutMs);
  }

  #find(request: Uint8Array): Captured | undefined {
    for (let at = this.#next; at < this.#entries.length; at += 1) {
      const entry = this.#entries[at];
      if (entry === undefined) return undefined;
      if (sameBytes(entry.request, request)) {
        this.#next = at + 1;
        return entry;
      }
      if (this.#first !== undefined && sameBytes(entry.request, this.#first)) return undefined;
    }
    return undefined;
  }

  /**
   * A further try stands directly behind the one that failed. The program makes more tries than a driver asks for, and says which
   * they are; a capture of another program does not.
   */
  #again(request: Uint8Array, isAllowed: boolean): Captured | undefined {
    const entry = this.#entries[this.#next];
    if (entry === undefined || !sameBytes(entry.request, request) || !(isAllowed || entry.again))
      return undefined;
    this.#next += 1;
    return entry;
  }
}
