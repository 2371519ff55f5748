import { decodeLog } from '../../src/bms/decode.ts';
import { lineText } from '../../src/bms/detect/hit.ts';
import type { BmsDriver, Cells } from '../../src/bms/driver.ts';
import { BMSES } from '../../src/bms/index.ts';
import { BmsError } from '../../src/errors.ts';
import { ALARM_NAMES } from '../../src/model/alarms.ts';
import type { PackReading } from '../../src/model/reading.ts';
import { HalfDuplex } from '../../src/transport/half-duplex.ts';
import { MemoryWire } from '../../src/transport/memory.ts';
import { casesOf, outsideOf, type VectorCase } from '../../test/contract/vectors.ts';
import { batteryFor } from '../../test/support/batteries.ts';
import { ManualClock } from '../../test/support/manual-clock.ts';
import { folderOf } from '../driver-sizes.ts';
import { wrap } from './wrap.ts';

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
  const parts: string[] = [];
  const driversById = BMSES.toSorted((a, b) => (a.driver.id < b.driver.id ? -1 : 1));
  for (const { driver, responder } of driversById)
    parts.push(...partOf(gather(driver, await simulated(driver, await responder()))));
  return [
    '# Supported BMSes',
    '',
    'Made by `npm run docs` from the drivers and from the captured frames in `test/vectors`.',
    '',
    ...wrap(
      'Every driver proves the BMS by checksum and plausibility before anything is shown. `jbd` and its kind are ids for ' +
        '`--bms` and for the setting `connection.bms`; the name of a family (`jbd`, `daly`, `ant`, `jk` ...) stands for all ' +
        'its variants.',
    ),
    '',
    ...wrap(
      '*Proven* means: a frame of a real device shows it. *As documented* means: read as the documents say, no frame of a ' +
        'real device shows it yet. A capture of your battery turns the second into the first: see ' +
        '[adding a BMS](adding-a-bms.md).',
    ),
    '',
    ...parts,
  ].join('\n');
}

/** What the page says of one driver. */
function partOf(evidence: Evidence): string[] {
  const { alarmsRead, alarmsSeen, captured, driver } = evidence;
  const labels = (wanted: Known): string =>
    VALUES.filter(([, keys]) => howKnown(evidence, keys) === wanted)
      .map(([label]) => label)
      .join(', ') || 'nothing';
  const { addresses, lines } = driver.reach.serial;
  const packs = addresses.length > 1 ? `up to ${addresses.length} packs on one line` : 'one pack on a line';
  const ways = [
    ...(lines.length > 0 ? [`cable (${lines.map(lineText).join(', ')}; ${packs})`] : []),
    ...(driver.reach.bluetooth === undefined ? [] : ['Bluetooth']),
  ];
  const facts = [
    `reached by ${ways.join(', ')}`,
    ...(driver.cells === undefined ? [] : [`cells in series: ${cellsText(driver.cells)}`]),
    `limits that it reports: ${LIMITS[driver.limits]}`,
    `switches: ${driver.switches.join(', ') || 'none'}`,
    `captures of real devices: ${captured}; [notes](../src/bms/${folderOf(driver)}/README.md)`,
    `proven: ${labels('proven')}`,
    `as documented: ${labels('documented')}`,
    `not told: ${labels('untold')}`,
    `alarms: ${alarmsRead}, of which ${alarmsSeen} were seen set in a real frame`,
  ];
  return [
    `## ${driver.id}`,
    '',
    `${driver.name}.`,
    '',
    ...facts.flatMap((fact) => wrap(`* ${fact}`, '', '  ')),
    '',
  ];
}

function cellsText(cells: Cells): string {
  return 'min' in cells ? `${cells.min} to ${cells.max}` : cells.join(', ');
}

type Known = 'proven' | 'documented' | 'untold';

function howKnown({ proven, read }: Evidence, keys: readonly string[]): Known {
  if (keys.some((key) => proven.has(key))) return 'proven';
  return keys.some((key) => read.has(key)) ? 'documented' : 'untold';
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
  const battery = batteryFor(driver);
  const [line = { baudRate: 9600 }] = driver.reach.serial.lines;
  const [address = 0] = driver.reach.serial.addresses;
  const wire = new MemoryWire(
    (request) =>
      responder.accept(request) === request.length
        ? responder.reply(request, { ...battery, modules: [{ ...battery, address }] })?.bytes
        : undefined,
    { clock },
  );
  const link = new HalfDuplex(wire, { line, clock });
  const session = driver.open(link, address);
  let known: PackReading = {};
  for (let poll = 0; poll < 3; poll += 1) known = await clock.until(session.read());
  return known;
}
