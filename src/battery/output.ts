import type { BatteryView } from './battery-view.ts';

/** Where the batteries of a port are shown. An output renders views; it may take its time, and shows then what is true then. */
export interface Output {
  /** Shows a battery as it is now; `identity` tells which one. The first view of one makes it appear. */
  show(view: BatteryView): void;
  /** Of the packs that show themselves beside their bank only these are left. */
  keepPacks(addresses: readonly number[]): void;
  /** Takes everything away at once. */
  close(): void;
}
