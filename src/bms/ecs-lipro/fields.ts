import type { AlarmName } from '../../model/alarms.ts';
import { places, type RegisterMap, reg } from '../../protocol/register-map.ts';
import type { Block } from '../register-plan.ts';

/**
 * Register numbers are decimal, numbers of 32 bits have their low word first. Those who read this meter read pieces of two
 * registers, whose answers cannot be told apart: larger blocks are asked for first, each of another length.
 */
export const VALUES = [
  { start: 108, count: 8 },
  { start: 108, count: 2 },
] as const satisfies readonly Block[];
/** Where the values came without it. */
export const CURRENT = { start: 114, count: 2 } as const satisfies Block;
export const STATE = { start: 128, count: 4 } as const satisfies Block;
export const TEMPERATURES = { start: 102, count: 2 } as const satisfies Block;
export const IDENTITY = [
  { start: 0, count: 5 },
  { start: 0, count: 1 },
] as const satisfies readonly Block[];
export const SETTINGS = { start: 30, count: 18 } as const satisfies Block;
export const SETTINGS_PIECES = [
  { start: 30, count: 2 },
  { start: 46, count: 2 },
] as const satisfies readonly Block[];
/** What a module tells of its cell. */
export const MODULE = { start: 100, count: 3 } as const satisfies Block;

export const METER = 1;
/** The modules have the addresses behind the meter, one for each cell. */
export const FIRST_MODULE = 2;
export const MOST_CELLS = 24;
/** Register 0: meters for 500, 250 and 125 A. */
export const METERS: readonly number[] = [500, 501, 502];

export const DEVICE = { at: reg(0), type: 'u16be' } as const;
export const SERIAL = { at: reg(2), type: 'u32lw' } as const;
/** 0.001 %, low word and high word. Below 65.536 % some meters fill the high word with FFFF. */
export const CHARGE = places(reg(128), 2, { type: 'u16be' });
/** A, the largest current out and in, whatever sign they have. */
export const CURRENTS = places(reg(30), 2, { type: 's16be' });

/** Why a way is closed, by number; 0: it is open. */
export const CLOSED = [
  {
    key: 'chargeEnabled',
    at: reg(130),
    type: 'u16be',
    reasons: reasons('highVoltage', 'highChargeCurrent', 'highChargeTemperature', 'lowChargeTemperature'),
  },
  {
    key: 'dischargeEnabled',
    at: reg(131),
    type: 'u16be',
    reasons: reasons('lowVoltage', 'highDischargeCurrent', 'highTemperature', 'lowTemperature'),
  },
] as const;

export interface Reason {
  readonly code: number;
  readonly alarm: AlarmName;
  readonly level: 1 | 2;
}

/** Heat and cold have two numbers each. */
function reasons(volts: AlarmName, amps: AlarmName, hot: AlarmName, cold: AlarmName): readonly Reason[] {
  const warnings = [amps, hot, hot, cold, cold].map(
    (alarm, index): Reason => ({ code: 2 + index, alarm, level: 1 }),
  );
  return [{ code: 1, alarm: volts, level: 2 }, ...warnings];
}

export const METER_MAP: RegisterMap = {
  fields: [
    { key: 'capacityFull', at: reg(46), type: 'u32lw', scale: 0.001, absent: [0] },
    { key: 'voltage', at: reg(108), type: 's32lw', scale: 0.001 },
    { key: 'current', at: reg(114), type: 's32lw', scale: 0.001 },
  ],
  temperatures: places(reg(102), 2, { type: 's16be', scale: 0.01, min: -50, max: 120 }),
};

/** Register 0 of a module says 100 to 104. */
export const CELL = { at: reg(100), type: 'u16be', scale: 0.001 } as const;
/** Load of the balancer, %, and from where on it counts as balancing. */
export const BALANCER = { at: reg(102), type: 'u16be' } as const;
export const BALANCING_ABOVE = 50;
