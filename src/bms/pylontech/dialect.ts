import type { Dialect } from '../../protocol/ascii-dialect.ts';

/** Versions with which siblings fill the frame in a similar way. */
const OTHERS = [0x22, 0x25, 0x26, 0x52];
/** The smallest module with 16-bit capacities has 50000 mAh; clones count in 10 mAh and stay below. */
const CLONE_FULL_MAX = 36_000;
const CAPACITY_16 = { at: 2, notVersions: OTHERS, voltageUnits: ['mV'], items: 2 } as const;

export const PYLONTECH: Dialect = {
  name: 'pylontech',
  looks: [
    { at: 2, notVersions: OTHERS, voltageUnits: ['mV'], items: 4 },
    { ...CAPACITY_16, fullAbove: CLONE_FULL_MAX },
  ],
};
export const PYLON_CLONE: Dialect = {
  name: 'pylon-clone',
  looks: [{ ...CAPACITY_16, fullUpTo: CLONE_FULL_MAX }],
};
