/** Keeps a limit that is meant to be 4 A from becoming 3.9 A because the sum ended at 3.9999999. */
const NUDGE = 1e-6;

/** A current limit as published: rounded down, to 0.1 A below 10 A, else to 1 A. */
export function roundDown(amps: number): number {
  const nudged = amps + NUDGE;
  return nudged < 10 ? Math.floor(nudged * 10) / 10 : Math.floor(nudged);
}

/** A charge voltage limit as published: rounded down to 0.01 V, so that it never exceeds what was meant. */
export function roundVoltage(volts: number): number {
  return Math.floor((volts + NUDGE) * 100) / 100;
}
