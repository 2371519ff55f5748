import type { BmsEntry } from './driver.ts';
import { jbd } from './jbd/index.ts';
import { jbdUp } from './jbd-up/index.ts';

/** Every BMS this program knows. Adding one is one line here; the order is the order of probing within one line setting. */
export const BMSES: readonly BmsEntry[] = [
  { driver: jbdUp, responder: async () => (await import('./jbd-up/responder.ts')).responder },
  { driver: jbd, responder: async () => (await import('./jbd/responder.ts')).responder },
];
