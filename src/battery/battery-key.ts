/** A key under which the device may know a battery, "jk_2042_1024". */
export interface BatteryKey {
  readonly key: string;
  /**
   * Weak evidence, which names no new battery: taken only where something is kept under it already of which nothing that
   * was written down speaks against this battery ('fitting'), or which moreover was at the same place ('here').
   */
  readonly onlyIf?: 'fitting' | 'here';
}

/** Between a key that several batteries give and the number of one of them; a key itself has no two underscores in a row. */
export const COPY = '__';

/** "X" of "X__2", the key that both batteries give. */
export function withoutCopy(key: string): string {
  return key.replace(/__\d+$/, '');
}
