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
  close(): Promise<void>;
}
