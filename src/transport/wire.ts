import type { BmsError } from '../errors.ts';
import type { LineSettings } from './exchange.ts';

/** Raw bytes of one opened connection. Single use: a fresh object for each opening. */
export interface Wire {
  /** For people: "/dev/ttyUSB0", "tcp://10.0.0.5:23". */
  readonly name: string;
  /** Hands bytes to the device; resolves when they are accepted for sending. */
  write(bytes: Uint8Array): Promise<void>;
  /** Whoever wants the bytes; one at a time. */
  onBytes: (bytes: Uint8Array) => void;
  /** Called once when the connection ended without `close` having been called. */
  onLost: (error: BmsError) => void;
  /** Changes the line settings; does nothing where there are none. */
  configure(line: LineSettings): Promise<void>;
  /** Throws away what the system buffered in both directions. */
  flush(): Promise<void>;
  /** Where the system can gather bytes that are still to come; absent elsewhere. */
  readonly intake?: Intake;
  close(): Promise<void>;
}

/**
 * Taking bytes costs the same whether it is one or a hundred, so a reply whose end is foreseeable is left to the system
 * until it is complete. The loss of the connection is told all the same.
 */
export interface Intake {
  /** `onBytes` is not called until `resume`. */
  hold(): void;
  /** Hands over at once what came meanwhile, and from then on what comes. */
  resume(): void;
}
