import type { PackPoller } from '../battery/pack-poller.ts';
import { BmsError, PortError } from '../errors.ts';
import type { Exchange } from '../transport/exchange.ts';

/** A number that is made up anew at every read is seldom twice the same by chance, and hardly ever three times. */
const READS = 2;
/** Where the number is not told again, its first reading has to do. */
const TRIES = 4;

/** Reads a serial number again, beside the polls, to see whether it stays the same. */
export class SerialCheck {
  /** Resolves with another reading of the number; undefined when it stays the same, or is not told again. */
  readonly outcome: Promise<string | undefined>;
  readonly #pack: Pick<PackPoller, 'address' | 'driver'>;
  readonly #first: string;
  #resolve: (other: string | undefined) => void = () => {};
  #same = 0;
  #tries = 0;

  constructor(pack: Pick<PackPoller, 'address' | 'driver'>, first: string) {
    this.#pack = pack;
    this.#first = first;
    this.outcome = new Promise((resolve) => {
      this.#resolve = resolve;
    });
  }

  /** Reads until it is known. An error of the port passes through, and the next call goes on. */
  async run(link: Exchange): Promise<void> {
    while (this.#same < READS && this.#tries < TRIES) {
      const serialNumber = await this.#read(link);
      if (serialNumber !== undefined && serialNumber !== this.#first) return this.#resolve(serialNumber);
      if (serialNumber !== undefined) this.#same += 1;
    }
    this.#resolve(undefined);
  }

  async #read(link: Exchange): Promise<string | undefined> {
    const { address, driver } = this.#pack;
    this.#tries += 1;
    try {
      return (await driver.open(link, address).read()).serialNumber;
    } catch (error) {
      if (!(error instanceof BmsError) || error instanceof PortError) throw error;
      return undefined;
    }
  }
}
