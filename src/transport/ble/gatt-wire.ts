import { type Clock, sleep } from '../../clock.ts';
import { type BmsError, PortLostError } from '../../errors.ts';
import type { LineSettings } from '../exchange.ts';
import type { Wire } from '../wire.ts';
import { Fragments } from './fragments.ts';
import type { GattLink, WriteMode } from './gatt-link.ts';
import type { GattPort } from './gatt-port.ts';

/** Modules need a moment between the subscription and the first request, ms. */
const SETTLE_MS = 200;
/** So many requests without a single byte in return, and the next one is written in the other way. */
const FLIP_AFTER = 3;

/** What is known of a device over its links. */
export interface Learned {
  /** The way of writing that was answered. */
  writeMode?: WriteMode;
}

export interface GattWireOptions {
  readonly link: GattLink;
  readonly name: string;
  readonly clock: Clock;
  /** Outlives the wire. */
  readonly learned: Learned;
  /** Lets the link go; default ends it. */
  readonly release?: () => Promise<void>;
  /** Told once when another program of this machine turned out to listen to the device too. */
  readonly onDoubled?: () => void;
}

/** Requests and notifications of one link as a stream of bytes. Which characteristics it uses is a setting of its line. */
export class GattWire implements Wire {
  readonly name: string;
  onBytes: (bytes: Uint8Array) => void = () => {};
  onLost: (error: BmsError) => void = () => {};
  readonly #options: GattWireOptions;
  readonly #fragments: Fragments;
  #port: GattPort | undefined;
  #write: string | undefined;
  #mode: WriteMode = 'request';
  #unheard = 0;
  #isDoubled = false;
  #unsubscribe = async (): Promise<void> => {};
  #isOpen = true;

  constructor(options: GattWireOptions) {
    this.name = options.name;
    this.#options = options;
    this.#fragments = new Fragments(options.clock, (bytes) => {
      if (this.#isOpen) this.onBytes(bytes);
    });
    options.link.onLost = (error) => {
      if (!this.#isOpen) return;
      this.#isOpen = false;
      this.#fragments.drop();
      this.onLost(error);
    };
  }

  async write(bytes: Uint8Array): Promise<void> {
    const { link, learned } = this.#options;
    const characteristic = this.#write;
    if (!this.#isOpen) throw new PortLostError(`${this.name} is not open`);
    if (characteristic === undefined) throw new PortLostError(`${this.name} takes no requests`);
    const modes = link.writeModes(characteristic);
    if (this.#unheard >= FLIP_AFTER && modes.length > 1) {
      this.#mode = this.#mode === 'request' ? 'command' : 'request';
      this.#unheard = 0;
      delete learned.writeMode;
    }
    this.#unheard += 1;
    const most = link.writeLength(characteristic);
    for (let at = 0; at < bytes.length; at += most)
      await link.write(characteristic, bytes.subarray(at, at + most), this.#mode);
  }

  /** Uses another pair of characteristics; does nothing where the line names none. */
  async configure({ gatt }: LineSettings): Promise<void> {
    if (gatt === undefined || isSame(gatt, this.#port)) return;
    const { clock, learned, link } = this.#options;
    await this.#unsubscribe();
    this.#fragments.drop();
    const { service, notify, write, writeService = service } = gatt;
    const from = link.find(service, notify);
    if (from === undefined)
      throw new PortLostError(`${this.name} has no characteristic ${notify} in its service ${service}`);
    this.#port = gatt;
    this.#write = write === undefined ? undefined : link.find(writeService, write);
    const [first = 'request', ...others] = this.#write === undefined ? [] : link.writeModes(this.#write);
    const { writeMode = first } = learned;
    this.#mode = [first, ...others].includes(writeMode) ? writeMode : first;
    this.#unheard = 0;
    this.#unsubscribe = await link.subscribe(from, (value) => this.#hear(value));
    await sleep(clock, SETTLE_MS);
  }

  /** Nothing is kept by the system; what has arrived comes out in a turn of the event loop, for the receiver to drop. */
  flush(): Promise<void> {
    return new Promise((resolve) => setImmediate(resolve));
  }

  async close(): Promise<void> {
    this.#isOpen = false;
    this.#fragments.drop();
    const { link, release = () => link.close() } = this.#options;
    await release();
  }

  #hear(value: Uint8Array): void {
    if (value.length === 0) return;
    this.#unheard = 0;
    this.#options.learned.writeMode = this.#mode;
    this.#fragments.take(value);
    if (!this.#fragments.isDoubled || this.#isDoubled) return;
    this.#isDoubled = true;
    this.#options.onDoubled?.();
  }
}

function isSame(one: GattPort, other: GattPort | undefined): boolean {
  return (
    one.service === other?.service &&
    one.notify === other.notify &&
    one.write === other.write &&
    one.writeService === other.writeService
  );
}
