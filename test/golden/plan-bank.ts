import type { Outside } from './conversation.ts';
import { circumstancesOf, PACK, type Plan, SPEED, type Step, scenarioOf } from './plan.ts';
import { kindOf } from './plan-kinds.ts';

/** What happens to the packs of a bank. */
const BANK_DAY: readonly Step[] = [
  { at: 0, load: 100 },
  { at: 60, line: { silent: 0.1, bitflips: 0.001, truncate: 0.05 } },
  { at: 120, line: {} },
  { at: 330, line: { silent: 1 } },
  { at: 420, line: {} },
  { at: 470, line: { delayMs: 300 } },
  { at: 500, line: {} },
  { at: 510, soc: 97 },
  { at: 660, current: -60 },
  { at: 700, current: null, alarms: { lowChargeTemperature: 2 } },
  { at: 716, alarms: null },
  { at: 730, chargeFet: false },
  { at: 760, chargeFet: true },
  { at: 780, temperature: 1 },
  { at: 810, temperature: 20, soc: 50 },
  { at: 880, current: -40, soc: 7 },
];
const BANK_LIFE: readonly Outside[] = [
  { at: 0, do: 'start' },
  { at: 50, do: 'write', path: '/Settings/MaxDischargeCurrent', type: 'd', value: 40 },
  { at: 262, do: 'look' },
  { at: 300.4, do: 'lose' },
  { at: 440, do: 'write', path: '/CustomName', type: 's', value: 'Rack' },
  { at: 520, do: 'write', path: '/Settings/ForceDischargingOff', type: 'i', value: 1 },
  { at: 600, do: 'stop' },
  { at: 606, do: 'start' },
  { at: 640, do: 'write', path: '/Settings/ForceDischargingOff', type: 'i', value: 0 },
  { at: 932, do: 'look' },
];
const BANK_END_S = 940;
export const BANK_PACKS = 3;

/** Three packs, the last of which falls silent, with other faults of the line around it. */
export function bank(bms: string, index: number, addresses: readonly number[]): Plan {
  const kind = kindOf(bms);
  const packs = addresses.slice(0, BANK_PACKS).map((address, number) => ({
    ...PACK,
    address,
    soc: 80 + 3 * number,
    spread: 0.1,
    maxCurrent: 45 - 5 * number,
  }));
  const last = addresses[BANK_PACKS - 1] ?? 0;
  return {
    name: `${bms}/bank`,
    circumstances: circumstancesOf(bms, { ...kind, isTcp: true, stored: {} }, BANK_END_S, false),
    outside: BANK_LIFE,
    scenario: scenarioOf(kind, BANK_DAY, packs, 200 + index),
    speed: SPEED,
    closed: [{ from: 300, until: 312, opened: 'missing' }],
    silent: [{ address: last, from: 170, until: 290 }],
  };
}
