import type { Outside } from './conversation.ts';
import { circumstancesOf, PACK, type Plan, SPEED, type Step, scenarioOf } from './plan.ts';
import { kindOf } from './plan-kinds.ts';

/** What happens to a single battery and its line. */
const DAY: readonly Step[] = [
  { at: 0, load: 100 },
  { at: 50, line: { silent: 0.15, bitflips: 0.002, truncate: 0.1, garbage: 2 } },
  { at: 100, line: {} },
  { at: 110, line: { silent: 1 } },
  { at: 222, line: {} },
  { at: 236, line: { delayMs: 250 } },
  { at: 268, line: { delayMs: 900 } },
  { at: 284, line: { echo: true } },
  { at: 296, line: {} },
  { at: 326, current: -25 },
  { at: 450, soc: 98.5, current: null },
  { at: 700, current: -25 },
  { at: 724, soc: 84 },
  { at: 780, current: null, alarms: { highTemperature: 2, cellImbalance: 1 } },
  { at: 804, alarms: { highCellVoltage: 2, highChargeCurrent: 1 } },
  { at: 820, alarms: { internalFailure: 2 } },
  { at: 832, alarms: null },
  { at: 860, temperature: 9, ambient: -6 },
  { at: 880, temperature: -3 },
  { at: 920, temperature: 24, ambient: 22 },
  { at: 960, chargeFet: false },
  { at: 988, chargeFet: true, dischargeFet: false },
  { at: 1012, dischargeFet: true },
  { at: 1028, current: -20, soc: 6 },
  { at: 1070, current: 15, cellOffsets: { '2': 4, '3': -3 } },
  { at: 1090, soc: 45, current: null },
  { at: 1257, line: { silent: 1 } },
  { at: 1273, line: {} },
];

/** What the owner, the device and the port do to the program of a single battery. */
const LIFE: readonly Outside[] = [
  { at: 0, do: 'start' },
  { at: 30, do: 'write', path: '/Settings/MaxChargeCurrent', type: 'd', value: 12 },
  { at: 42, do: 'write', path: '/CustomName', type: 's', value: 'Garage' },
  { at: 90, do: 'write', path: '/Settings/MaxChargeCurrent', type: 'd', value: -1 },
  { at: 182.5, do: 'look' },
  { at: 305.3, do: 'lose' },
  { at: 696, do: 'look' },
  { at: 1100, do: 'write', path: '/Settings/ForceChargingOff', type: 'i', value: 1 },
  { at: 1104, do: 'write', path: '/Settings/MaxDischargeCurrent', type: 'd', value: 15 },
  { at: 1120.1, do: 'lose' },
  { at: 1156, do: 'write', path: '/Dc/0/Voltage', type: 'd', value: 60 },
  { at: 1161, do: 'write', path: '/Settings/ForceChargingOff', type: 'i', value: 2 },
  { at: 1165, do: 'write', path: '/Settings/ForceChargingOff', type: 'i', value: 0 },
  { at: 1190, do: 'leave' },
  { at: 1197, do: 'write', path: '/CustomName', type: 's', value: 'Cellar \u00e9' },
  { at: 1210, do: 'join' },
  { at: 1222, do: 'change', setting: '/CustomName', value: 'Attic' },
  { at: 1234, do: 'change', setting: '/ClassAndVrmInstance', value: 'battery:7' },
  { at: 1250, do: 'write', path: '/History/Clear', type: 'i', value: 1 },
  { at: 1258, do: 'write', path: '/Mode', type: 'i', value: 252 },
  { at: 1278, do: 'write', path: '/Mode', type: 'i', value: 3 },
  { at: 1290, do: 'write', path: '/Settings/TopBalanceNow', type: 'i', value: 1 },
  { at: 1302, do: 'write', path: '/Settings/TurnBalancingOff', type: 'i', value: 1 },
  { at: 1322.2, do: 'drop' },
  { at: 1328, do: 'start' },
  { at: 1346, do: 'write', path: '/Settings/TurnBalancingOff', type: 'i', value: 0 },
  { at: 1354, do: 'stop' },
  { at: 1359, do: 'start' },
  { at: 1390, do: 'look' },
];

/** A serial port that vanishes ends the program, which is started while the port is away and when it is back. */
const SERIAL: readonly Outside[] = [
  { at: 1126, do: 'start' },
  { at: 1137, do: 'start' },
];
const END_S = 1402;

const CLOSED = [
  { from: 305, until: 318, opened: 'busy' },
  { from: 1120, until: 1136, opened: 'missing' },
] as const;

export function single(bms: string, index: number, hasSwitches: boolean): Plan {
  const kind = kindOf(bms);
  const outside = [...LIFE, ...(kind.isTcp ? [] : SERIAL), ...(kind.outside ?? [])];
  return {
    name: `${bms}/single`,
    circumstances: circumstancesOf(bms, kind, END_S, hasSwitches),
    outside: outside.toSorted((a, b) => a.at - b.at),
    scenario: scenarioOf(kind, DAY, [{ soc: 86, maxCurrent: 45, ...PACK }], 100 + index),
    speed: SPEED,
    closed: CLOSED,
    silent: [],
  };
}
