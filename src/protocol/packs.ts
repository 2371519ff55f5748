import type { BankReading, PackReading } from '../model/reading.ts';

/**
 * For simulated packs: the one that answers at `address`. A battery with `modules` has them at their addresses, a single
 * one answers at the `usual` address of its BMS only.
 */
export function packAt(battery: BankReading, address: number, usual: number): PackReading | undefined {
  if (battery.modules !== undefined) return battery.modules.find((pack) => pack.address === address);
  return address === usual ? battery : undefined;
}
