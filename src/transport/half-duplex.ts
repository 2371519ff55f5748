import type { Clock } from '../clock.ts';
import { BmsError, FrameError, PortLostError, TimeoutError } from '../errors.ts';
import type { Accept } from '../protocol/accept.ts';
import { sameBytes } from '../protocol/bytes.ts';
import type { AskOptions, Exchange, ExchangeRecord, LineSettings } from './exchange.ts';
import { Gathering } from './gathering.ts';
import { LateAnswers, type Unanswered } from './late-answers.ts';
import { type Awaited, Reception } from './reception.ts';
import { type Answered, MOST_PATIENCE_MS, type RequestTimes, ResponseTimes } from './response-times.ts';
import { Unasked } from './unasked.ts';
import type { Wire } from './wire.ts';

export interface HalfDuplexOptions {
  readonly line: LineSettings;
  readonly clock: Clock;
  /** Told of every try, good or bad. */
  readonly onExchange?: (record: ExchangeRecord) => void;
  /** Told once when the connection ends by itself, also between two requests. */
  readonly onLost?: (error: BmsError) => void;
  /** The most that one try may receive, bytes; default 4096. */
  readonly maxBytes?: number;
}

/** Requests that may wait behind the one on the line; more is a caller that never awaits. */
const MAX_WAITING = 16;
/** Silence that proves, after a failed try, that the device has finished its late answer; bridges USB and TCP packets. */
const SETTLE_MS = 25;
/** Adapters hand bytes over in packets of up to 64 bytes or, at low rates, every 16 ms (FTDI latency timer). */
const PACKET_BYTES = 64;
const PACKET_MS = 16;
/** A timer this late says that this process was busy; bytes may then still wait in the system. */
const LATE_MS = 20;

/** A timer may come so much before its time, ms. */
const LOOK_MS = 1;
/** What stands for the request where nobody asked. */
const UNASKED = new Uint8Array();
/** Without an intake every byte is taken as it comes. */
const WATCHED = { silentMs: 0, watched: true };

/** Ask and answer over a wire: one request at a time, each with its own deadline, on a line that is quiet before it. */
export class HalfDuplex implements Exchange {
  readonly #wire: Wire;
  readonly #clock: Clock;
  readonly #onExchange: (record: ExchangeRecord) => void;
  readonly #buffer: Uint8Array;
  readonly #gathering: Gathering | undefined;
  #line: LineSettings;
  #tail: Promise<unknown> = Promise.resolve();
  #waiting = 0;
  #lastByteAt = Number.NEGATIVE_INFINITY;
  #unsettled = false;
  readonly #times = new ResponseTimes();
  /** What was asked last, while answers to it may still come. */
  #late: LateAnswers | undefined;
  #lost: BmsError | undefined;
  /** From the first time on that somebody wanted to hear it. */
  #unasked: Unasked | undefined;
  /** Takes the bytes of the try on the line; between tries they are dropped. */
  #receive: (bytes: Uint8Array) => void = ignore;
  /** Ends what is being awaited when the connection ends. */
  #interrupt: (error: BmsError) => void = ignore;

  constructor(wire: Wire, options: HalfDuplexOptions) {
    this.#wire = wire;
    this.#clock = options.clock;
    this.#line = options.line;
    this.#onExchange = options.onExchange ?? ignore;
    this.#buffer = new Uint8Array(options.maxBytes ?? 4096);
    this.#gathering = wire.intake === undefined ? undefined : new Gathering(wire.intake, options.clock);
    wire.onBytes = (bytes) => {
      const now = this.#clock.now();
      if (this.#receive === ignore) {
        this.#late?.take(bytes, now);
        this.#unasked?.add(bytes);
      }
      this.#lastByteAt = now;
      this.#receive(bytes);
    };
    wire.onLost = (error) => {
      if (this.#lost !== undefined) return;
      this.#end(error);
      options.onLost?.(error);
    };
  }

  ask(request: Uint8Array, accept: Accept, timeoutMs: number, options: AskOptions = {}): Promise<Uint8Array> {
    const awaited = { request, accept, replyEqualsRequest: options.replyEqualsRequest ?? false };
    return this.#inTurn(() => this.#tries(awaited, timeoutMs, options));
  }

  next(accept: Accept, timeoutMs: number): Promise<Uint8Array> {
    return this.#inTurn(() => this.#hear(accept, timeoutMs + (this.#line.wayMs ?? 0)));
  }

  /** Other line settings, in turn with the requests; what the old ones left on the line is dropped before the next one. */
  configure(line: LineSettings): Promise<void> {
    return this.#inTurn(async () => {
      await this.#unlessLost(this.#wire.configure(line));
      this.#line = line;
      this.#late = undefined;
      this.#unsettled = true;
    });
  }

  /** Ends the connection; whoever waits is rejected with a PortLostError. */
  async close(): Promise<void> {
    if (this.#lost === undefined) this.#end(new PortLostError(`${this.#wire.name} was closed`));
    await this.#wire.close();
  }

  #end(error: BmsError): void {
    this.#lost = error;
    this.#interrupt(error);
  }

  #inTurn<T>(action: () => Promise<T>): Promise<T> {
    if (this.#lost !== undefined) return Promise.reject(this.#lost);
    if (this.#waiting > MAX_WAITING) {
      return Promise.reject(new Error(`more than ${MAX_WAITING} requests wait for ${this.#wire.name}`));
    }
    this.#waiting += 1;
    const turn = this.#tail
      .then(() => {
        if (this.#lost !== undefined) throw this.#lost;
        return action();
      })
      .finally(() => {
        this.#waiting -= 1;
      });
    this.#tail = turn.catch(ignore); // The caller has the error; the next in line must run all the same.
    return turn;
  }

  async #tries(awaited: Awaited, timeoutMs: number, options: AskOptions): Promise<Uint8Array> {
    const gapMs = options.gapMs ?? this.#line.gapMs ?? 0;
    const times = this.#times.of(awaited.request);
    const unanswered = await this.#afterLateAnswers(awaited.request);
    const waits = times.waits(timeoutMs + (this.#line.wayMs ?? 0), options.tries ?? 1);
    for (const [index, waitMs] of waits.entries()) {
      const began = this.#clock.now();
      const quietMs = this.#unsettled ? Math.max(gapMs, SETTLE_MS) : gapMs;
      await this.#quiet(quietMs, quietMs + waitMs);
      // Bytes that come between requests are dropped as they come; after a failed try more may be under way.
      if (this.#unsettled) await this.#unlessLost(this.#wire.flush());
      const at = this.#clock.now();
      try {
        const { reply, ...answered } = await this.#try(awaited, times, waitMs, index > 0);
        this.#unsettled = false;
        this.#answered(awaited, times, answered, unanswered, at);
        return reply;
      } catch (error) {
        this.#unsettled = true;
        if (isSilence(error)) {
          this.#gathering?.missed();
          unanswered.push(at);
        }
        options.onMissed?.(this.#clock.now() - began, error);
        if (index < waits.length - 1 && error instanceof BmsError && error.retryable) continue;
        this.#expectLate({ awaited, times, at: unanswered, until: at + this.#times.patienceMs + SETTLE_MS });
        throw error;
      }
    }
    throw new RangeError('a request needs at least one try');
  }

  /** An answer teaches how slow the device is, as soon as it is sure to which of several tries it belongs. */
  #answered(
    awaited: Awaited,
    times: RequestTimes,
    answered: Answered,
    unanswered: number[],
    at: number,
  ): void {
    const [oldest] = unanswered;
    if (oldest === undefined || times.isUsual(answered.tookMs - answered.lineMs)) {
      times.learn(answered);
      times.woke(oldest === undefined);
      return;
    }
    const afterFirstMs = at - oldest;
    const until = at + answered.tookMs + afterFirstMs + SETTLE_MS;
    this.#expectLate({ awaited, times, at: unanswered, until, taken: { ...answered, afterFirstMs } });
  }

  async #hear(accept: Accept, timeoutMs: number): Promise<Uint8Array> {
    const unasked = this.#unasked ?? new Unasked(this.#clock);
    this.#unasked = unasked;
    this.#interrupt = (error) => unasked.interrupt(error);
    const at = this.#clock.now();
    const record = (outcome: Pick<ExchangeRecord, 'received' | 'reply' | 'error'>): void =>
      this.#onExchange({ request: UNASKED, at, tookMs: this.#clock.now() - at, ...outcome });
    try {
      const reply = await unasked.next(accept, timeoutMs);
      record({ received: reply, reply });
      return reply;
    } catch (cause) {
      const error = cause instanceof Error ? cause : new Error(String(cause));
      const received =
        error instanceof FrameError || error instanceof TimeoutError ? error.received : UNASKED;
      record({ received, error });
      throw error;
    } finally {
      this.#interrupt = ignore;
    }
  }

  #expectLate(unanswered: Omit<Unanswered, 'lineMs'>): void {
    if (unanswered.at.length === 0) return;
    const lineMs = (bytes: number): number => this.#onWireMs(bytes);
    this.#late = new LateAnswers({ ...unanswered, lineMs }, new Uint8Array(this.#buffer.length));
  }

  /**
   * Many protocols name neither command nor register in an answer, so a late one would be taken for the answer to another
   * request. It is waited out, as long as a device of this line was seen to take; after a failure the same request may have it.
   * Gives the earlier tries of this request that may still be answered.
   */
  async #afterLateAnswers(request: Uint8Array): Promise<number[]> {
    const late = this.#late;
    if (late === undefined) return [];
    const isSame = sameBytes(late.request, request);
    const waitMs = late.until - this.#clock.now();
    const mayCome = late.isDoubtful || (!isSame && this.#times.patienceMs > 0);
    if (waitMs > 0 && mayCome) await this.#pause(waitMs);
    late.end();
    this.#late = undefined;
    const since = this.#clock.now() - MOST_PATIENCE_MS;
    return isSame && !late.isDoubtful ? late.at.filter((at) => at > since) : [];
  }

  async #try(
    awaited: Awaited,
    times: RequestTimes,
    waitMs: number,
    again: boolean,
  ): Promise<Answered & { reply: Uint8Array }> {
    const { request } = awaited;
    const at = this.#clock.now();
    const reception = new Reception(this.#buffer, awaited);
    const record = (outcome: { reply: Uint8Array } | { error: Error }): void => {
      const tookMs = this.#clock.now() - at;
      this.#onExchange({
        request,
        received: reception.received,
        at,
        tookMs,
        ...(again && { again }),
        ...outcome,
      });
    };
    let reply: Uint8Array;
    let watched = true;
    try {
      ({ reply, watched } = await this.#converse(reception, request, times, waitMs));
    } catch (cause) {
      const error = cause instanceof Error ? cause : new Error(String(cause));
      record({ error });
      throw error;
    }
    record({ reply });
    const length = reception.answered;
    const lineMs = this.#onWireMs(request.length + length);
    return { reply, length, tookMs: this.#lastByteAt - at, lineMs, watched };
  }

  /** Writes the request and waits for its reply, for a failure of the line, or for the deadline. */
  #converse(
    reception: Reception,
    request: Uint8Array,
    times: RequestTimes,
    waitMs: number,
  ): Promise<{ reply: Uint8Array; watched: boolean }> {
    return new Promise((resolve, reject) => {
      let deadline = this.#clock.now() + this.#onWireMs(request.length) + waitMs;
      const latest = deadline + this.#onWireMs(this.#buffer.length);
      let cancelTimer: () => void = ignore;
      let finished = false;

      const finish = (settle: () => void): void => {
        if (finished) return;
        finished = true;
        cancelTimer();
        this.#receive = ignore;
        this.#interrupt = ignore;
        this.#gathering?.resume();
        settle();
      };
      const fail = (error: unknown): void => finish(() => reject(error));
      /** A driver's accept() that throws is a bug for its caller, not for the reader of the port. */
      const guarded = (step: () => void): void => {
        try {
          step();
        } catch (error) {
          fail(error);
        }
      };
      const judge = (): void => {
        const reply = reception.lastLook();
        finish(() =>
          reply === undefined ? reject(reception.failure(waitMs)) : resolve({ reply, watched: true }),
        );
      };
      const awaitDeadline = (): void => {
        const due = deadline;
        cancelTimer = this.#clock.after(due - this.#clock.now(), () => {
          this.#gathering?.resume();
          if (finished) return;
          const now = this.#clock.now();
          if (now - due > LATE_MS) deadline = Math.min(latest, Math.max(deadline, now + LATE_MS));
          if (now < deadline) awaitDeadline();
          else guarded(judge);
        });
      };

      this.#interrupt = fail;
      this.#receive = (bytes) =>
        guarded(() => {
          const nextPacket = this.#clock.now() + this.#onWireMs(PACKET_BYTES) + PACKET_MS;
          deadline = Math.min(latest, Math.max(deadline + this.#onWireMs(bytes.length), nextPacket));
          const reply = reception.add(bytes);
          if (reply !== undefined) {
            const { silentMs, watched } = this.#gathering?.complete(times) ?? WATCHED;
            this.#lastByteAt -= silentMs;
            finish(() => resolve({ reply, watched }));
          } else if (reception.full) judge();
          else
            this.#gathering?.incomplete(reception.answered, this.#onWireMs(1), deadline - this.#clock.now());
        });
      const lookMs =
        this.#gathering?.begin(
          times,
          this.#onWireMs(1),
          deadline - this.#clock.now() + this.#onWireMs(times.length),
          this.#line.gapMs ?? 0,
        ) ?? 0;
      // What is left to the system until it is complete is not seen to begin.
      deadline = Math.max(deadline, this.#clock.now() + lookMs + LOOK_MS);
      awaitDeadline();
      this.#wire.write(request).catch(fail);
    });
  }

  /** Waits until the line was silent for `quietMs`, but no longer than `patienceMs`: some devices never are. */
  async #quiet(quietMs: number, patienceMs: number): Promise<void> {
    const until = this.#clock.now() + patienceMs;
    for (;;) {
      const now = this.#clock.now();
      const waitMs = Math.min(this.#lastByteAt + quietMs, until) - now;
      if (waitMs <= 0) return;
      await this.#pause(Math.ceil(waitMs));
    }
  }

  #pause(ms: number): Promise<void> {
    return new Promise((resolve, reject) => {
      const cancel = this.#clock.after(ms, resolve);
      this.#interrupt = (error) => {
        cancel();
        reject(error);
      };
    });
  }

  /** `action`, or the loss of the connection if that comes first. */
  #unlessLost(action: Promise<void>): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#interrupt = reject;
      action.then(resolve, reject);
    });
  }

  /** Time that `count` bytes need on the line, ms: a start bit, eight data bits, parity and stop bits. */
  #onWireMs(count: number): number {
    const { baudRate, parity = 'none', stopBits = 1 } = this.#line;
    const bits = 9 + (parity === 'none' ? 0 : 1) + stopBits;
    return (count * bits * 1000) / baudRate;
  }
}

/** Nobody said anything: what was asked may still be answered. */
function isSilence(error: unknown): boolean {
  return error instanceof TimeoutError && (error.received.length === 0 || error.onlyEcho);
}

function ignore(): void {}
