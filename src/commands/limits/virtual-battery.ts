import { Bank } from '../../battery/bank.ts';
import { Battery } from '../../battery/battery.ts';
import { Controller } from '../../battery/controller.ts';
import type { ControlOutput, ControlSettings } from '../../control/law.ts';
import type { BankReading, ModuleReading } from '../../model/reading.ts';

/** What one poll came to. */
export interface Answer {
  /** Absent until the first good sample. */
  readonly output?: ControlOutput;
  /** Why a reading was not believed. */
  readonly rejected?: string;
}

/** Address of a battery that is not told as one of several. */
const ALONE = 0;

/**
 * The control of one battery in virtual time, without port and bus. A reading with `modules` is a bank: every pack has its
 * own law, and a pack that is not in a reading has failed its poll.
 */
export class VirtualBattery {
  readonly #settings: ControlSettings;
  readonly #bank = new Bank([]);

  constructor(settings: ControlSettings) {
    this.#settings = settings;
  }

  /** One poll at `t` seconds; without a reading it has failed. */
  step(t: number, reading?: BankReading): Answer {
    const now = 1000 * t;
    const readings = packsOf(reading);
    for (const { address } of readings) {
      if (this.#bank.batteries.some((battery) => battery.address === address)) continue;
      this.#bank.add(new Battery(address, new Controller(() => this.#settings), now));
    }
    const rejected: string[] = [];
    for (const battery of this.#bank.batteries) {
      const { address: _, ...pack } = readings.find(({ address }) => address === battery.address) ?? {};
      const isTold = Object.keys(pack).length > 0;
      battery.take(isTold ? { reading: pack } : undefined, now, {});
      if (isTold && battery.outcome === 'refused' && battery.complaint !== undefined)
        rejected.push(
          this.#bank.isBank ? `pack ${battery.address}: ${battery.complaint}` : battery.complaint,
        );
    }
    const output = this.#bank.control(now);
    return {
      ...(output !== undefined && { output }),
      ...(rejected.length > 0 && { rejected: rejected.join('; ') }),
    };
  }
}

function packsOf(reading: BankReading | undefined): readonly ModuleReading[] {
  if (reading === undefined) return [];
  return reading.modules ?? [{ ...reading, address: ALONE }];
}
