import { decodeLog } from '../../src/bms/decode.ts';
import { lineText } from '../../src/bms/detect/hit.ts';
import type { BmsDriver } from '../../src/bms/driver.ts';
import { BMSES } from '../../src/bms/index.ts';
import { BmsError } from '../../src/errors.ts';
import { ALARM_NAMES } from '../../src/model/alarms.ts';
import type { PackReading } from '../../src/model/reading.ts';
import { HalfDuplex } from '../../src/transport/half-duplex.ts';
import { MemoryWire } from '../../src/transport/memory.ts';
import { casesOf, outsideOf, type VectorCase } from '../../test/contract/vectors.ts';
import { BATTERY } from '../../test/support/batteries.ts';
import { ManualClock } from '../../test/support/manual-clock.ts';
import { folderOf } from '../driver-sizes.ts';

/** Rows of the table of values, in the words of an owner. */
const VALUES: readonly (readonly [label: string, keys: readonly (keyof PackReading)[]])[] = [
  ['pack voltage', ['voltage']],
  ['current', ['current']],
  ['state of charge', ['soc']],
  ['state of health', ['soh']],
  ['remaining capacity', ['capacityRemaining']],
  ['full capacity', ['capacityFull']],
  ['design capacity', ['capacityDesign']],
  ['cycles', ['cycles']],
  ['cell voltages', ['cellVoltages']],
  ['which cells balance', ['cellBalancing']],
  ['balancing at all', ['balancing']],
  ['cell temperatures', ['temperatures']],
  ['MOSFET temperature', ['mosfetTemperature']],
  ['ambient temperature', ['ambientTemperature']],
  ['charge and discharge switch', ['chargeEnabled', 'dischargeEnabled']],
  ['current limits', ['maxChargeCurrent', 'maxDischargeCurrent']],
  ['voltage limits', ['maxChargeVoltage', 'minDischargeVoltage']],
  ['model', ['model']],
  ['versions', ['firmwareVersion', 'hardwareVersion']],
  ['serial number', ['serialNumber']],
];

const LIMITS: Readonly<Record<BmsDriver['limits'], string>> = {
  operating: 'operating limits: used as they are',
  trip: 'trip points: 0.9 of them is used',
  none: 'none: the limits come from the settings',
};

interface Evidence {
  readonly driver: BmsDriver;
  /** Conversations with real devices that this driver understands. */
  readonly captured: number;
  /** What those say. */
  readonly proven: ReadonlySet<string>;
  /** What the driver reads at all. */
  readonly read: ReadonlySet<string>;
  readonly alarmsRead: number;
  readonly alarmsSeen: number;
}

/** docs/supported-bms.md: what is read from each BMS, and how well it is known. */
export async function supportedPage(): Promise<string> {
  const evidence: Evidence[] = [];
  for (const { driver, responder } of BMSES)
    evidence.push(gather(driver, await simulated(driver, await responder())));
  return [
    '# Supported BMSes',
    '',
    'Made by `npm run docs` from the drivers and from the captured frames in `test/vectors`.',
    '',
    'Every driver proves the BMS by checksum and plausibility before anything is shown. `jbd` and its kind are ids for `--bms` and for the',
    'setting `connection.bms`; the name of a family (`jbd`, `daly`, `ant`, `jk` ...) stands for all its variants.',
    '',
    table(
      [
        'id',
        'BMS',
        'line',
        'packs on one line',
        'limits that it reports',
        'switches',
        'captures of real devices',
      ],
      evidence.map(({ driver, captured }) => [
        `\`${driver.id}\``,
        `[${driver.name}](../src/bms/${folderOf(driver.id)}/README.md)`,
        driver.reach.serial.lines.map(lineText).join(', '),
        driver.reach.serial.addresses.length > 1
          ? `${driver.reach.serial.addresses.length} addresses`
          : 'one',
        LIMITS[driver.limits],
        driver.switches.join(', ') || 'none',
        `${captured}`,
      ]),
    ),
    '',
    '## What is read, and how it is known',
    '',
    '**F**: proven by a frame from a real device. **D**: read as the documentation says, no frame of a real device shows it yet. Empty: this BMS does',
    'not tell it. A capture of your battery turns a D into an F: see [adding a BMS](adding-a-bms.md).',
    '',
    table(
      ['', ...evidence.map(({ driver }) => `\`${driver.id}\``)],
      [
        ...VALUES.map(([label, keys]) => [label, ...evidence.map((item) => mark(item, keys))]),
        [
          'alarms (seen set in a real frame)',
          ...evidence.map(({ alarmsRead, alarmsSeen }) =>
            alarmsRead === 0 ? '' : `${alarmsRead} (${alarmsSeen})`,
          ),
        ],
      ],
    ),
    '',
  ].join('\n');
}

function mark({ proven, read }: Evidence, keys: readonly string[]): string {
  if (keys.some((key) => proven.has(key))) return 'F';
  return keys.some((key) => read.has(key)) ? 'D' : '';
}

function gather(driver: BmsDriver, simulated: PackReading): Evidence {
  const proven = new Set<string>();
  const read = new Set<string>(Object.keys(simulated));
  const alarmsRead = new Set<string>(Object.keys(simulated.alarms ?? {}));
  const alarmsSeen = new Set<string>();
  let captured = 0;
  const siblings = BMSES.map((entry) => entry.driver).filter(({ family }) => family === driver.family);
  const outside = outsideOf(driver.family);
  for (const vector of casesOf(driver.family)) {
    if (vector.refused || vector.name in outside) continue;
    const decoded = understood(siblings, vector);
    if (decoded?.driver !== driver) continue;
    const packs = [decoded.reading, ...(decoded.reading.modules ?? [])];
    const keys = packs.flatMap((pack) => Object.keys(pack));
    for (const key of keys) read.add(key);
    for (const pack of packs) for (const name of Object.keys(pack.alarms ?? {})) alarmsRead.add(name);
    if (vector.constructed) continue;
    captured += 1;
    for (const key of keys) proven.add(key);
    for (const pack of packs) {
      for (const name of ALARM_NAMES) if ((pack.alarms?.[name] ?? 0) > 0) alarmsSeen.add(name);
    }
  }
  return { driver, captured, proven, read, alarmsRead: alarmsRead.size, alarmsSeen: alarmsSeen.size };
}

function understood(
  drivers: readonly BmsDriver[],
  { exchanges }: VectorCase,
): ReturnType<typeof decodeLog> | undefined {
  try {
    return decodeLog(drivers, exchanges);
  } catch (error) {
    // The contract tests name every case that no driver understands; here it only counts for nothing.
    if (error instanceof BmsError) return undefined;
    throw error;
  }
}

/** Everything that a driver reads in its first polls from a battery that tells everything. */
async function simulated(
  driver: BmsDriver,
  responder: Awaited<ReturnType<(typeof BMSES)[number]['responder']>>,
): Promise<PackReading> {
  const clock = new ManualClock();
  const [line = { baudRate: 9600 }] = driver.reach.serial.lines;
  const [address = 0] = driver.reach.serial.addresses;
  const wire = new MemoryWire(
    (request) =>
      responder.accept(request) === request.length
        ? responder.reply(request, { ...BATTERY, modules: [{ ...BATTERY, address }] })?.bytes
        : undefined,
    { clock },
  );
  const link = new HalfDuplex(wire, { line, clock });
  const session = driver.open(link, address);
  let known: PackReading = {};
  for (let poll = 0; poll < 3; poll += 1) known = await clock.until(session.read());
  return known;
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n');
}
