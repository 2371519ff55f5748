import { type BmsError, PortLostError } from '../../errors.ts';
import type { LineSettings } from '../../transport/exchange.ts';
import type { Wire } from '../../transport/wire.ts';
import type { Attachment, Device, Session } from './device.ts';

/** What a `DeviceWire` needs of the device at its other end. */
export interface WiredDevice {
  readonly baudRate: number;
  attach(attachment: Attachment): Pick<Session, 'receive' | 'detach'>;
}

/**
 * A serial line to a simulated device without a serial port: same rates, same pieces, whatever clock the device lives by.
 * A device hears only what is sent at its own rate.
 */
export class DeviceWire implements Wire {
  readonly name = 'simulated line';
  onBytes: (bytes: Uint8Array) => void = () => {};
  onLost: (error: BmsError) => void = () => {};
  /** How often the line was set up. */
  configured = 0;
  readonly #device: WiredDevice;
  readonly #session: ReturnType<WiredDevice['attach']>;
  #baudRate: number;
  #open = true;

  constructor(device: WiredDevice | Device, line: LineSettings) {
    this.#device = device;
    this.#baudRate = line.baudRate;
    this.#session = device.attach({
      delivery: 'uart',
      // What comes in at another rate than it was sent at is noise at best; a pty shows it as it is, which is stricter.
      send: (bytes) => this.#open && this.onBytes(bytes),
    });
  }

  async write(bytes: Uint8Array): Promise<void> {
    if (!this.#open) throw new PortLostError(`${this.name} is not open`);
    if (this.#baudRate === this.#device.baudRate) this.#session.receive(bytes);
  }

  async configure(line: LineSettings): Promise<void> {
    this.configured += 1;
    this.#baudRate = line.baudRate;
  }

  async flush(): Promise<void> {}

  async close(): Promise<void> {
    this.#open = false;
    this.#session.detach();
  }
}
