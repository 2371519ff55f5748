import type { PackReading } from '../../src/model/reading.ts';
import { batteryOf } from './batteries.ts';
import { type LogLine, type Site, type SiteOptions, watchLog } from './log-site.ts';

/** A fault that is provoked for a while, and what the log must say of it. */
export interface LogFault {
  /** What happens, as a row of docs/log.md. */
  readonly name: string;
  readonly site?: SiteOptions;
  readonly begin?: (site: Site) => void | Promise<void>;
  /** What happens from its beginning to the end of the run, every so many seconds; `s` counts from the beginning. */
  readonly course?: { readonly everyS: number; readonly does: (site: Site, s: number) => void };
  readonly end?: (site: Site) => void | Promise<void>;
  /** It is there from the start. */
  readonly fromStart?: true;
  /** Each of these lines comes once; nothing is told of a fault without any. */
  readonly begins: readonly RegExp[];
  readonly ends: readonly RegExp[];
  /** The only lines while it lasts that are allowed beside those and the limits: an hourly summary. */
  readonly lasts?: RegExp;
}

const HOURS = 2;
/** s since the start of the program. */
const BEGIN_S = 600;
const LASTS_S = 75 * 60;

const change =
  (values: PackReading) =>
  (site: Site): void => {
    site.battery = { ...site.battery, ...values };
  };
const withCell =
  (volts: number) =>
  (site: Site): void => {
    const cellVoltages = (site.battery.cellVoltages ?? []).with(2, volts);
    site.battery = { ...site.battery, cellVoltages };
  };
/** What the line does to answers, with this chance. */
const distort =
  (chance: number, how: (answer: Uint8Array, site: Site) => Uint8Array) =>
  (site: Site): void => {
    site.distorts = (answer) => (site.random.next() < chance ? how(answer, site) : answer);
  };
const sound = (site: Site): void => {
  site.distorts = (answer) => answer;
};
const BANK = { bms: 'pace', addresses: [1, 2, 3] } as const;
const TO_AND_FRO = /limits change to and fro, now: Charge limited to .*; Discharge limited to/;
const KEEP_STILL = /limits keep still after/;
const NOTHING = { begins: [], ends: [] } as const;

export const LOG_FAULTS: readonly LogFault[] = [
  {
    name: 'the BMS falls silent',
    begin: (site) => {
      site.ignores = () => true;
    },
    end: (site) => {
      site.ignores = () => false;
    },
    begins: [/gives no value: no reply/],
    lasts: /has given no value for 01:00:\d\d \(\d+ polls failed/,
    ends: [/answers again after 01:1/],
  },
  {
    name: 'one of three packs falls silent',
    site: BANK,
    begin: (site) => void site.silent.add(2),
    end: (site) => site.silent.clear(),
    begins: [/pack 2 gives no value: .*takes no part in the limits/],
    lasts: /pack 2 has given no value for/,
    ends: [/pack 2 answers again after/],
  },
  {
    name: 'all packs of a line fall silent',
    site: BANK,
    begin: (site) => {
      site.ignores = () => true;
    },
    end: (site) => {
      site.ignores = () => false;
    },
    begins: [/none of the 3 packs gives a value/],
    lasts: /none of the 3 packs has given a value for/,
    ends: [/packs answer again after/],
  },
  {
    name: 'a quarter of the requests is lost',
    begin: distort(0.25, () => new Uint8Array()),
    end: sound,
    ...NOTHING,
  },
  {
    name: 'two thirds of the requests are lost',
    begin: distort(0.67, () => new Uint8Array()),
    end: sound,
    begins: [/gives values only now and then: \d+ of \d+ polls failed/, TO_AND_FRO],
    lasts: /has given values only now and then for/,
    ends: [/gives values all the time again after/, KEEP_STILL],
  },
  {
    name: 'bits of the answers are turned',
    begin: distort(0.3, (answer) => answer.with(5, (answer[5] ?? 0) ^ 4)),
    end: sound,
    begins: [/answers arrive damaged: .*check ground/],
    lasts: /answers have arrived damaged for/,
    ends: [/answers arrive undamaged again after/],
  },
  {
    name: 'answers lack bytes',
    begin: distort(0.3, (answer) => answer.slice(0, answer.length - 3)),
    end: sound,
    begins: [/answers arrive damaged: .*bytes are missing/],
    lasts: /answers have arrived damaged for/,
    ends: [/answers arrive undamaged again after/],
  },
  {
    name: 'the answers become noise',
    begin: distort(1, (answer, { random }) => answer.map(() => Math.floor(256 * random.next()))),
    end: sound,
    begins: [/answers arrive damaged: .*check the speed/, /gives no value/],
    lasts: /answers have arrived damaged for|has given no value for/,
    ends: [/answers arrive undamaged again after/, /answers again after/],
  },
  {
    name: 'the line sends every request back ahead of the answer',
    begin: (site) => {
      site.distorts = (answer, request) => Uint8Array.of(...request, ...answer);
    },
    end: sound,
    ...NOTHING,
  },
  {
    name: 'answers come 800 ms late',
    begin: (site) => {
      site.delayMs = 800;
    },
    end: (site) => {
      site.delayMs = 40;
    },
    ...NOTHING,
  },
  {
    name: 'the network bridge is gone',
    site: { port: 'tcp://10.0.0.5:23' },
    begin: (site) => site.cut(),
    end: (site) => {
      site.isThere = true;
    },
    begins: [/is opened again as soon as that is possible/],
    lasts: /the connection has been lost for/,
    ends: [/the connection is back after/],
  },
  {
    name: 'the network bridge drops the connection every 5 s',
    site: { port: 'tcp://10.0.0.5:23' },
    course: {
      everyS: 5,
      does: (site, s) => {
        if (s >= LASTS_S) return;
        site.cut();
        site.isThere = true;
      },
    },
    begins: [/is opened again as soon as that is possible/],
    lasts: /the connection has been lost for .* or again and again/,
    ends: [/the connection is back after/],
  },
  {
    name: 'the adapter is pulled out',
    begin: (site) => site.cut('was unplugged'),
    begins: [/was unplugged; this service ends/],
    ends: [],
  },
  {
    name: 'the BMS stops telling its alarms',
    site: { bms: 'daly' },
    begin: (site) => {
      site.ignores = (request) => /^a5..98/.test(request);
    },
    end: (site) => {
      site.ignores = () => false;
    },
    begins: [/the BMS does not tell its alarms \(0x98\) any more: alarms and limits/],
    lasts: /the BMS has not told its alarms \(0x98\) for/,
    ends: [/the BMS tells its alarms \(0x98\) again after/],
  },
  {
    name: 'the BMS does not tell its alarms at first',
    site: { bms: 'daly' },
    fromStart: true,
    begin: (site) => {
      site.ignores = (request) => /^a5..98/.test(request);
    },
    end: (site) => {
      site.ignores = () => false;
    },
    begins: [/the BMS does not tell its alarms \(0x98\): the driver goes on without/],
    ends: [/the BMS tells its alarms \(0x98\) now/],
  },
  {
    name: 'the battery heats up to 68 degC',
    course: {
      everyS: 30,
      does: (site, s) => {
        const degrees = s < LASTS_S ? 23 + s / 60 : Math.max(25, 68 - (s - LASTS_S) / 60);
        const temperatures = new Array<number>(4).fill(Math.min(68, Math.round(degrees)));
        site.battery = { ...site.battery, temperatures };
      },
    },
    begins: [
      /warning highChargeTemperature: hottest sensor 50 degC, found by the driver; let the battery cool/,
      /alarm highChargeTemperature: hottest sensor 55 degC/,
      /warning highTemperature: hottest sensor 55 degC/,
      /alarm highTemperature: hottest sensor 60 degC/,
    ],
    lasts: /(alarm|warning) high(Charge)?Temperature for/,
    ends: [/alarm highTemperature is over after/, /alarm highChargeTemperature is over after/],
  },
  {
    name: 'the BMS reports a short circuit',
    begin: change({ alarms: { shortCircuit: 2 } }),
    end: change({ alarms: {} }),
    begins: [/alarm shortCircuit: reported by the BMS; switch everything off/],
    lasts: /alarm shortCircuit for/,
    ends: [/alarm shortCircuit is over after/],
  },
  {
    name: 'one pack of a bank runs empty',
    site: BANK,
    begin: (site) =>
      void site.packs.set(3, { cellVoltages: new Array<number>(16).fill(2.86), soc: 4, voltage: 45.8 }),
    end: (site) => site.packs.clear(),
    begins: [
      /pack 3: (alarm|warning) lowCellVoltage: lowest cell 2.860 V/,
      /pack 3: alarm lowSoc: state of charge 4/,
    ],
    lasts: /pack 3: (alarm|warning) low/,
    ends: [/pack 3: .* lowCellVoltage is over after/, /pack 3: alarm lowSoc is over after/],
  },
  {
    name: 'the BMS switches charge off',
    begin: change({ chargeEnabled: false }),
    end: change({ chargeEnabled: true }),
    begins: [/No charge: the BMS has switched charge off/],
    ends: [/Charge limited to 0 A: rising gently/],
  },
  {
    name: 'a cell reads 0 V',
    begin: withCell(0),
    end: withCell(3.303),
    begins: [/readings are not used: cell 3 reads 0 V/],
    lasts: /readings have not been used/,
    ends: [/readings are used again after/],
  },
  {
    name: 'another pack with 15 cells is connected',
    begin: (site) => {
      site.battery = { ...site.battery, ...batteryOf(15), current: 0, power: 0 };
    },
    end: (site) => {
      site.battery = { ...site.battery, ...batteryOf(16), current: 0, power: 0 };
    },
    begins: [/Charging and discharging are blocked: the number of cells changed from 16 to 15/],
    ends: [/over after .*: Charging and discharging are blocked/],
  },
  {
    name: 'a temperature sensor reads -30 degC, the others 23',
    site: { bms: 'daly' },
    begin: change({ temperatures: [23, 23, -30, 23] }),
    end: change({ temperatures: [23, 23, 23, 23] }),
    begins: [
      /Temperature sensor 3 reads -30 degC/,
      /alarm lowChargeTemperature: coldest sensor -30 degC, found by the driver$/,
      /warning lowTemperature: coldest sensor -30 degC, found by the driver$/,
    ],
    lasts: /(alarm lowChargeTemperature|warning lowTemperature) for/,
    ends: [
      /over after .*: Temperature sensor 3/,
      /alarm lowChargeTemperature is over after/,
      /warning lowTemperature is over after/,
    ],
  },
  {
    name: 'the BMS tells no temperature',
    site: { bms: 'daly' },
    fromStart: true,
    begin: (site) => {
      site.ignores = (request) => /^a5..96/.test(request);
    },
    end: (site) => {
      site.ignores = () => false;
    },
    begins: [/The BMS tells no temperature/, /does not tell its temperatures \(0x96\): the driver goes on/],
    ends: [/over after .*: The BMS tells no temperature/, /tells its temperatures \(0x96\) now/],
  },
  {
    name: 'pack voltage and cells do not agree',
    begin: (site) => {
      site.battery = { ...site.battery, voltage: 60 };
    },
    end: (site) => {
      site.battery = { ...site.battery, voltage: 52.9 };
    },
    begins: [
      /The pack voltage \(60.00 V\) and the cells do not agree/,
      /alarm highCellVoltage: highest cell 3.316 V \(number 16\), pack 60 V, found by the driver$/,
      /Charging and discharging are blocked: 60.00 V cannot be 16 cells/,
    ],
    lasts: /alarm highCellVoltage for/,
    ends: [
      /over after .*: The pack voltage/,
      /alarm highCellVoltage is over after/,
      /over after .*: Charging and discharging are blocked/,
    ],
  },
  {
    name: 'the disk is full',
    begin: (site) => site.fillDisk('ttyUSB0', true),
    end: (site) => site.fillDisk('ttyUSB0', false),
    begins: [/cannot remember the state of this port/],
    ends: [/the state of this port is remembered again/],
  },
  {
    name: 'the calendar is set back and forward',
    begin: (site) => site.clock.setWall(Date.UTC(2000, 0, 1)),
    end: (site) => site.clock.setWall(Date.UTC(2036, 0, 1)),
    ...NOTHING,
  },
];

/** The lines of the log from the beginning of the fault on, with the time since then; s. */
export async function linesOf(fault: LogFault): Promise<readonly LogLine[]> {
  const { begin = () => {}, course, end = () => {}, fromStart, site = {} } = fault;
  const from = fromStart === true ? 0 : BEGIN_S;
  const { everyS = HOURS * 3600, does = () => {} } = course ?? {};
  const happenings = [{ at: from, does: begin }];
  for (let s = 0; from + s < HOURS * 3600; s += everyS)
    happenings.push({ at: from + s, does: (place) => does(place, s) });
  happenings.push({ at: from + LASTS_S, does: end });
  const lines = await watchLog(site, happenings, HOURS);
  return lines
    .filter(({ at, text }) => at >= from && !(fromStart && START.test(text)))
    .map(({ at, text }) => ({ at: at - from, text }));
}

/** Lines of the limits, which change and say why. */
const LIMIT = /^info control: (?!over after)/;
/** As many of them as one fault may bring. */
const MOST_LIMITS = 24;

/** What is wrong with the lines of a fault, in words. */
export function missesOf(fault: LogFault, lines: readonly LogLine[]): readonly string[] {
  const { begins, ends, lasts } = fault;
  const texts = lines.map(({ text }) => text);
  const once = [...begins, ...ends].flatMap((pattern, index) => {
    const isEnd = index >= begins.length;
    const count = texts.filter(
      (text) => pattern.test(text) && (isEnd || !text.includes('over after')),
    ).length;
    return count === 1 ? [] : [`${count} lines match ${pattern}`];
  });
  const summaries = lines.filter(({ text }) => lasts?.test(text) && !isAny([...begins, ...ends], text));
  const early = summaries
    .filter(({ at }) => at < 3600)
    .map(({ text }) => `a summary within an hour: ${text}`);
  const others = texts.filter(
    (text) => !isAny([...begins, ...ends, ...(lasts === undefined ? [] : [lasts])], text),
  );
  const limits = others.filter((text) => LIMIT.test(text));
  const strange = others.filter((text) => !LIMIT.test(text)).map((text) => `nobody expects: ${text}`);
  return [
    ...once,
    ...early,
    ...strange,
    ...(begins.length === 0 ? limits.map((text) => `nobody expects: ${text}`) : []),
    ...(limits.length > MOST_LIMITS ? [`${limits.length} lines of limits`] : []),
    ...(lasts !== undefined && summaries.length === 0 ? [`no line matches ${lasts}`] : []),
  ];
}

function isAny(patterns: readonly RegExp[], text: string): boolean {
  return patterns.some((pattern) => pattern.test(text));
}

/** The lines that a sound battery brings at the start are not those of a fault. */
const START = /^info (detect: |control: (Bulk|Charge limited|Discharge limited))/;
