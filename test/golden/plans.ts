import { drivers } from './adapter.ts';
import type { Circumstances, Opened, Outside } from './conversation.ts';

/** What a recording is made of; times in s of the program. */
export interface Plan {
  /** "jbd/single": folder and name of the files. */
  readonly name: string;
  readonly circumstances: Circumstances;
  readonly outside: readonly Outside[];
  /** Of the simulator, in the time of the battery, which is `speed` times as fast. */
  readonly scenario: unknown;
  readonly speed: number;
  /** When the port cannot be opened. */
  readonly closed: readonly { readonly from: number; readonly until: number; readonly opened: Opened }[];
  /** When one pack of a bank is silent. */
  readonly silent: readonly { readonly address: number; readonly from: number; readonly until: number }[];
}

/** One battery lives its day in some minutes, so that a recording of a few hundred polls sees all of it. */
const SPEED = 6;
const INTERVAL_S = 4;

type Step = { readonly at: number } & Readonly<Record<string, unknown>>;

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

/** What tells the recordings apart, so that together they see more: by driver. */
interface Kind {
  readonly outside?: readonly Outside[];
  readonly settings?: readonly string[];
  readonly chemistry?: string;
  readonly cells: number;
  /** Serial ports end the program when they vanish, network bridges are opened again. */
  readonly isTcp?: true;
  readonly stored?: Readonly<Record<string, string | number>>;
}

/** Float is a few mV below absorption, so that it is reached within minutes. */
const NEAR_FLOAT = 'charge.floatCellVoltage = 3.438';
/** Asked for before the charge that ends with it. */
const TOP_BALANCE: Outside = { at: 436, do: 'write', path: '/Settings/TopBalanceNow', type: 'i', value: 1 };
const PREDECESSOR = '/Settings/Devices/serialbattery_SIM000001';
const KINDS: Readonly<Record<string, Kind>> = {
  jbd: {
    cells: 16,
    settings: [NEAR_FLOAT],
    stored: { [`${PREDECESSOR}/ClassAndVrmInstance`]: 'battery:3', [`${PREDECESSOR}/CustomName`]: 'Shed' },
  },
  'jbd-up': { cells: 15, isTcp: true, settings: [NEAR_FLOAT] },
  daly: { cells: 8, settings: ['charge.profile = "soc-steps"'] },
  'daly-p81': { cells: 16, isTcp: true, settings: [NEAR_FLOAT], outside: [TOP_BALANCE] },
  'daly-d2': { cells: 16, settings: ['connection.graceMinutes = 0', 'limits.maxChargeCurrent = "auto"'] },
  jk: { cells: 16, settings: ['soc.socSource = "counter"', 'identity.customName = "House"'] },
  'jk-pb': {
    cells: 16,
    isTcp: true,
    settings: ['limits.maxDischargeCurrent = "auto"', 'charge.dailySocMax = 90'],
  },
  ant: { cells: 14, chemistry: 'nmc', settings: ['battery.chemistry = "nmc"'] },
  'ant-old': { cells: 16, settings: ['connection.blockOnDisconnect = true', 'battery.capacity = 48'] },
  'hubble-am2': { cells: 15, isTcp: true, settings: ['identity.deviceInstance = 12'] },
  pace: { cells: 16, settings: ['charge.voltageDrop = 0.3', 'limits.maxChargeCurrent = 5000'] },
  topbms: { cells: 15, isTcp: true, settings: ['charge.profile = "soc-steps"', 'battery.capacity = 50'] },
  pylontech: { cells: 15, settings: [NEAR_FLOAT, 'charge.rebulkSoc = 95'] },
};

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
const BANK_PACKS = 3;

function single(bms: string, index: number, hasSwitches: boolean): Plan {
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

/** Three packs, the last of which falls silent, with other faults of the line around it. */
function bank(bms: string, index: number, addresses: readonly number[]): Plan {
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

const PACK = { capacity: 50, cells: 16, noise: 0.0002 };

function kindOf(bms: string): Kind {
  return KINDS[bms] ?? { cells: 16 };
}

function scenarioOf(kind: Kind, steps: readonly Step[], packs: readonly object[], seed: number): unknown {
  const { cells, chemistry = 'lfp' } = kind;
  return {
    seed,
    chemistry,
    packs: packs.map((pack) => ({ ...pack, cells })),
    sources: [{ power: 90 * cells * packs.length, pullsDown: 2 }],
    loads: [{ power: 5 * cells, pattern: { from: 300, on: 700, off: 500 } }],
    steps: steps.map((step) => ({ ...step, at: SPEED * step.at })),
  };
}

function circumstancesOf(bms: string, kind: Kind, end: number, hasSwitches: boolean): Circumstances {
  const { isTcp, settings = [], stored = {} } = kind;
  const lines = [
    `connection.bms = "${bms}"`,
    `connection.pollInterval = ${INTERVAL_S}`,
    ...(hasSwitches ? ['switches.allowSwitches = true'] : []),
    ...settings,
  ];
  return {
    bms,
    port: isTcp ? 'tcp://golden:8899' : 'ttyGolden',
    settings: sectioned(lines),
    stored,
    pollInterval: INTERVAL_S,
    end,
  };
}

/** "[connection]" and the settings below it, for lines such as "connection.pollInterval = 4". */
function sectioned(lines: readonly string[]): string {
  const sections = new Map<string, string[]>();
  for (const line of lines) {
    const dot = line.indexOf('.');
    const section = line.slice(0, dot);
    sections.set(section, [...(sections.get(section) ?? []), line.slice(dot + 1)]);
  }
  return [...sections].map(([section, own]) => `[${section}]\n${own.join('\n')}\n`).join('');
}

/** Every recording that there is. */
export const PLANS: readonly Plan[] = drivers().flatMap(({ addresses, hasSwitches, id }, index) => [
  single(id, index, hasSwitches),
  ...(addresses.length >= BANK_PACKS ? [bank(id, index, addresses)] : []),
]);
