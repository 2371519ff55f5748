import type { BmsEntry } from './driver.ts';

/** Every BMS this program knows. Adding one is one line here; the order is the order of probing within one line setting. */
export const BMSES: readonly BmsEntry[] = [];
