import { places, type RegisterMap, reg } from '../../protocol/register-map.ts';
import type { Block } from '../register-plan.ts';

/** Register numbers are hexadecimal. An answer tells its length only, so no two blocks have the same length. */
export const BLOCK = {
  values: { start: 0x1302, count: 0x0a },
  limits: { start: 0x131c, count: 4 },
  cells: { start: 0x132a, count: 0x18 },
  serial: { start: 0xf804, count: 5 },
  version: { start: 0xf80b, count: 1 },
} as const satisfies Readonly<Record<string, Block>>;

export const ADDRESSES = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16] as const;

/** Stands in a place that holds no cell or sensor. */
const NOT_FITTED = 0x7fff;

export const VERSION = { at: reg(0xf80b), type: 'u16be' } as const;
/** Decimal numbers whose digits together are the serial number. */
export const SERIAL = places(reg(0xf804), 5, { type: 'u16be' });

export const MAP: RegisterMap = {
  fields: [
    { key: 'chargeEnabled', at: reg(0x1302), type: 'flag', of: 'u16be', bit: 0 },
    { key: 'dischargeEnabled', at: reg(0x1302), type: 'flag', of: 'u16be', bit: 2 },
    { key: 'voltage', at: reg(0x1306), type: 'u16be', scale: 0.01 },
    // Positive while discharging.
    { key: 'current', at: reg(0x1307), type: 's16be', scale: -0.1 },
    { key: 'mosfetTemperature', at: reg(0x130a), type: 's16be' },
    { key: 'soc', at: reg(0x130b), type: 'u16be' },
    { key: 'maxChargeVoltage', at: reg(0x131c), type: 'u16be', scale: 0.01 },
    { key: 'minDischargeVoltage', at: reg(0x131d), type: 'u16be', scale: 0.01 },
    { key: 'maxChargeCurrent', at: reg(0x131e), type: 'u16be', scale: 0.1 },
    { key: 'maxDischargeCurrent', at: reg(0x131f), type: 'u16be', scale: 0.1 },
  ],
  cells: places(reg(0x132a), 16, { type: 'u16be', scale: 0.001, absent: [NOT_FITTED, 0] }),
  temperatures: places(reg(0x133a), 8, { type: 's16be', absent: [NOT_FITTED] }),
  alarms: [
    {
      at: reg(0x1304),
      type: 'u16be',
      bits: [
        { bit: 2, alarm: 'highCellVoltage', level: 2 },
        { bit: 3, alarm: 'lowCellVoltage', level: 2 },
        { bit: 4, alarm: 'highChargeCurrent', level: 2 },
        { bit: 5, alarm: 'highDischargeCurrent', level: 2 },
        { bit: 6, alarm: 'highInternalTemperature', level: 2 },
        // Which way is stopped is not told, so both are.
        { bit: 8, alarm: 'highTemperature', level: 2 },
        { bit: 8, alarm: 'highChargeTemperature', level: 2 },
        { bit: 9, alarm: 'lowTemperature', level: 2 },
        { bit: 9, alarm: 'lowChargeTemperature', level: 2 },
      ],
    },
  ],
};
