import type { Dialect } from '../../../protocol/ascii-dialect.ts';

/** The pack voltage is in 10 mV, and ten words are announced behind the capacity. */
export const SEPLOS_V2: Dialect = {
  name: 'seplos-v2',
  looks: [{ at: 2, notVersions: [0x22, 0x26, 0x52], voltageUnits: ['10 mV'], items: 10 }],
};
