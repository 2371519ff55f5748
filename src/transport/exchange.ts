import type { Accept } from '../protocol/accept.ts';
import type { GattPort } from './ble/gatt-port.ts';

export interface AskOptions {
  /**
   * How often to ask before giving up; default 1. Each try has the whole deadline, but what was answered before on this line is
   * asked again as soon as the answer is clearly late, so more often within the same time.
   */
  readonly tries?: number;
  /** Told of every try that failed: why, and the time that it took, ms. */
  readonly onMissed?: (tookMs: number, error: unknown) => void;
  /** Silence to keep before the request, ms; default is the line's own gap. */
  readonly gapMs?: number;
  /** The awaited reply equals the request (Modbus writes), so an equal frame is not an echo. */
  readonly replyEqualsRequest?: boolean;
}

/** Half-duplex ask and answer over any transport; never two requests at once. */
export interface Exchange {
  /**
   * Sends `request` and resolves with the first frame that `accept` takes (a copy that the caller may keep).
   * Rejects with TimeoutError (silence, or bytes that never began like a frame), FrameError (the most telling
   * refusal until the deadline), PortLostError. `timeoutMs` counts from the last byte written and covers the
   * answer time of the device; the time that the reply needs on the wire at the line rate is added by the exchange
   * while bytes keep arriving. A device that was seen to take longer than the deadline is waited for as long as it takes, up
   * to 1.5 s, and its late answers to one request are waited out before another is made. Silence is no sign of a slow device:
   * a request that has been answered before is repeated soon, within the time that `timeoutMs` and `tries` allow together.
   */
  ask(request: Uint8Array, accept: Accept, timeoutMs: number, options?: AskOptions): Promise<Uint8Array>;
  /**
   * For a device that speaks by itself: resolves with the newest frame that `accept` takes and that was not given before (a
   * copy), or else with the next one. What was said up to 2 s before counts too, from the first call on this connection on.
   * Rejects like `ask`; `timeoutMs` is the time for the whole frame.
   */
  next(accept: Accept, timeoutMs: number): Promise<Uint8Array>;
}

/** Serial line settings; 8 data bits, no parity, 1 stop bit unless said. Ignored over TCP. */
export interface LineSettings {
  readonly baudRate: number;
  readonly parity?: 'none' | 'even' | 'odd';
  readonly stopBits?: 1 | 2;
  /** Silence that the device wants between the end of a reply and the next request, ms. */
  readonly gapMs?: number;
  /** What the way to the device and back may add to its answer time, ms; 0 on a cable. */
  readonly wayMs?: number;
  /** Over Bluetooth: where the bytes go and come from. The rate is that of a slow radio module then. */
  readonly gatt?: GattPort;
}

/** One finished exchange, for probe lines, debug logs, statistics and captures. */
export interface ExchangeRecord {
  /** Empty when the device spoke by itself. */
  readonly request: Uint8Array;
  /** The accepted frame, absent when there was none. */
  readonly reply?: Uint8Array;
  /** Everything that was received, accepted or not. */
  readonly received: Uint8Array;
  readonly error?: Error;
  /** It repeats the one before, which had failed. */
  readonly again?: boolean;
  /** Monotonic ms at the first byte written, and how long it all took. */
  readonly at: number;
  readonly tookMs: number;
}
