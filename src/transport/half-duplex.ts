import type { Clock } from '../clock.ts';
import { BmsError, PortLostError } from '../errors.ts';
import type { Accept } from '../protocol/accept.ts';
import type { AskOptions, Exchange, ExchangeRecord, LineSettings } from './exchange.ts';
import { type Awaited, Reception } from './reception.ts';
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

/** Ask and answer over a wire: one request at a time, each with its own deadline, on a line that is quiet before it. */
export class HalfDuplex implements Exchange {
  readonly #wire: Wire;
  readonly #clock: Clock;
  readonly #onExchange: (record: ExchangeRecord) => void;
  readonly #buffer: Uint8Array;
  #line: LineSettings;
  #tail: Promise<unknown> = Promise.resolve();
  #waiting = 0;
  #lastByteAt = Number.NEGATIVE_INFINITY;
  #unsettled = false;
  #lost: BmsError | undefined;
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
    wire.onBytes = (bytes) => {
      this.#lastByteAt = this.#clock.now();
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

  /** Other line settings, in turn with the requests; what the old ones left on the line is dropped before the next one. */
  configure(line: LineSettings): Promise<void> {
    return this.#inTurn(async () => {
      await this.#unlessLost(this.#wire.configure(line));
      this.#line = line;
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
    for (let left = options.tries ?? 1; ; left -= 1) {
      const quietMs = this.#unsettled ? Math.max(gapMs, SETTLE_MS) : gapMs;
      await this.#quiet(quietMs, quietMs + timeoutMs);
      await this.#unlessLost(this.#wire.flush());
      try {
        const reply = await this.#try(awaited, timeoutMs);
        this.#unsettled = false;
        return reply;
      } catch (error) {
        this.#unsettled = true;
        if (left <= 1 || !(error instanceof BmsError && error.retryable)) throw error;
      }
    }
  }

  async #try(awaited: Awaited, timeoutMs: number): Promise<Uint8Array> {
    const { request } = awaited;
    const at = this.#clock.now();
    const reception = new Reception(this.#buffer, awaited);
    const record = (outcome: { reply: Uint8Array } | { error: Error }): void => {
      const tookMs = this.#clock.now() - at;
      this.#onExchange({ request, received: reception.received, at, tookMs, ...outcome });
    };
    let reply: Uint8Array;
    try {
      reply = await this.#converse(reception, request, timeoutMs);
    } catch (cause) {
      const error = cause instanceof Error ? cause : new Error(String(cause));
      record({ error });
      throw error;
    }
    record({ reply });
    return reply;
  }

  /** Writes the request and waits for its reply, for a failure of the line, or for the deadline. */
  #converse(reception: Reception, request: Uint8Array, timeoutMs: number): Promise<Uint8Array> {
    return new Promise((resolve, reject) => {
      let deadline = this.#clock.now() + this.#onWireMs(request.length) + timeoutMs;
      const latest = deadline + this.#onWireMs(this.#buffer.length);
      let cancelTimer: () => void = ignore;
      let finished = false;

      const finish = (settle: () => void): void => {
        if (finished) return;
        finished = true;
        cancelTimer();
        this.#receive = ignore;
        this.#interrupt = ignore;
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
        finish(() => (reply === undefined ? reject(reception.failure(timeoutMs)) : resolve(reply)));
      };
      const awaitDeadline = (): void => {
        const due = deadline;
        cancelTimer = this.#clock.after(due - this.#clock.now(), () => {
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
          if (reply !== undefined) finish(() => resolve(reply));
          else if (reception.full) judge();
        });
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
      await this.#pause(waitMs);
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

function ignore(): void {}
