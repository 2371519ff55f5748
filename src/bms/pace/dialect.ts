import type { Dialect } from '../../protocol/ascii-dialect.ts';

/** Version 25 with the pack voltage in mV, or of a pack that is not there. */
export const PACE: Dialect = {
  name: 'pace',
  looks: [{ at: 2, versions: [0x25], voltageUnits: ['mV', undefined] }],
};
