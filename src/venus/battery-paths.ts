import type { BatteryView } from '../battery/battery-view.ts';
import { cellExtremes, temperatureExtremes } from '../battery/cell-extremes.ts';
import {
  alarm,
  balancerStatus,
  balancing,
  blocking,
  cellsInSeries,
  consumed,
  consumedBms,
  cycles,
  deviceState,
  difference,
  drawn,
  flag,
  installedCapacity,
  mean,
  midDeviation,
  midVoltage,
  modulesOnline,
  packs,
  perCell,
  power,
  remainingCapacity,
  soc,
  soh,
  sum,
} from '../battery/derived-values.ts';
import { acceptable, shownValue, WISHES, type Wish } from '../battery/wishes.ts';
import type { ItemValue } from '../dbus/item.ts';
import { isMode, mode, STANDBY } from './mode.ts';
import { MOST_MODULES, modulePaths } from './module-paths.ts';
import {
  ampHours,
  amps,
  celsius,
  hexadecimal,
  kilowattHours,
  type PathLine,
  percent,
  real,
  seconds,
  text,
  volts,
  type WriteRule,
  watts,
  whole,
  writable,
} from './path-line.ts';

/** Neutral and provisional: Victron assigns product ids on request; an unknown id triggers no quirk of the system controller. */
export const PRODUCT_ID = 0xba78;
export const PROCESS_NAME = 'dbus-bms';

const RUNNING = 9;
const FAULTY = 10;
const CUSTOM_NAME_LENGTH = 32;

const IDENTITY: readonly PathLine[] = [
  text('/Mgmt/ProcessName', () => PROCESS_NAME),
  text('/Mgmt/ProcessVersion', (s) => s.identity.processVersion),
  text('/Mgmt/Connection', (s) => s.identity.connection),
  whole('/Mgmt/InsecureConnection', (s) => flag(s.identity.wireless ?? false)),
  whole('/DeviceInstance', (s) => s.identity.deviceInstance),
  whole('/ProductId', () => PRODUCT_ID, hexadecimal),
  text('/ProductName', (s) => s.identity.productName),
  writable(
    text('/CustomName', (s) => s.identity.customName),
    customName,
    (name) => ({
      kind: 'name',
      name: `${name}`,
    }),
  ),
  // A battery whose BMS keeps its version to itself shows that of the driver: consumers want a valid text here.
  text('/FirmwareVersion', (s) => s.facts.firmwareVersion ?? s.identity.processVersion),
  text('/HardwareVersion', (s) => s.facts.hardwareVersion),
  whole('/Connected', () => 1),
  text('/Serial', (s) => s.identity.serial),
  text('/DeviceName', () => undefined),
  text('/Manufacturer', (s) => s.identity.manufacturer),
  text('/Family', (s) => s.facts.model),
  whole('/State', (s) => (s.link.online ? RUNNING : FAULTY)),
  whole('/DeviceState', deviceState),
  whole('/ErrorCode', (s) => s.link.errorCode),
  text('/ConnectionInformation', (s) => s.link.text),
];

const MEASUREMENTS: readonly PathLine[] = [
  real('/Dc/0/Voltage', volts(2), 0.01, (s) => s.reading?.voltage),
  real('/Dc/0/Current', amps(2), 0.01, (s) => s.reading?.current),
  real('/Dc/0/Power', watts, 1, power),
  real('/Dc/0/Temperature', celsius, 0.1, (s) => mean(s.reading?.temperatures)),
  real('/Dc/0/MidVoltage', volts(2), 0.01, (s) => midVoltage(s.reading)),
  real('/Dc/0/MidVoltageDeviation', percent, 0.1, midDeviation),
  real('/CurrentAvg', amps(2), 0.01, (s) => s.averageCurrent),
  real('/Soc', percent, 0.1, soc),
  real('/Soh', percent, 0.1, soh),
  real('/Capacity', ampHours(2), 0.01, remainingCapacity),
  real('/InstalledCapacity', ampHours(0), 0.01, installedCapacity),
  real('/ConsumedAmphours', ampHours(1), 0.1, consumed),
  real('/SocBms', percent, 0.1, (s) => s.reading?.soc),
  real('/CapacityBms', ampHours(2), 0.01, (s) => s.reading?.capacityRemaining),
  real('/ConsumedAmphoursBms', ampHours(1), 0.1, consumedBms),
];

/** Only on a service that controls chargers: the mere existence of MaxChargeVoltage makes a service a BMS. */
const LIMITS: readonly PathLine[] = [
  writable(
    whole('/Mode', mode),
    (value) => (isMode(value) ? value : undefined),
    (value) => ({ kind: 'standby', on: value === STANDBY }),
  ),
  whole('/TimeToGo', (s) => s.control?.timeToGo, seconds, 60),
  real('/Info/MaxChargeVoltage', volts(2), 0.01, (s) => s.control?.cvl),
  real('/Info/MaxChargeCurrent', amps(1), 0.1, (s) => s.control?.ccl),
  real('/Info/MaxDischargeCurrent', amps(1), 0.1, (s) => s.control?.dcl),
  real('/Info/BatteryLowVoltage', volts(2), 0.01, (s) => s.control?.low),
  real('/Info/MaxChargeCellVoltage', volts(3), 0.001, (s) => perCell(s.control?.cvl, s)),
  whole('/Info/ChargeRequest', () => 0),
  whole('/Info/FullChargeRequest', (s) => flag(s.requests?.topBalanceNow ?? false)),
  text('/Info/ChargeMode', (s) => s.control?.chargeMode),
  text('/Info/ChargeLimitation', (s) => s.control?.chargeReason),
  text('/Info/DischargeLimitation', (s) => s.control?.dischargeReason),
  ...WISHES.map((wish) =>
    writable(
      wish.type === 'd'
        ? real(wishPath(wish), amps(1), 0.1, (s) => shownValue(wish, s.requests))
        : whole(wishPath(wish), (s) => shownValue(wish, s.requests)),
      (value) => acceptable(wish, value),
      (value) => ({ kind: 'wish', wish, value: Number(value) }),
    ),
  ),
];

const SYSTEM: readonly PathLine[] = [
  real('/System/MinCellVoltage', volts(3), 0.001, (s) => cellExtremes(s.reading)?.min.value),
  real('/System/MaxCellVoltage', volts(3), 0.001, (s) => cellExtremes(s.reading)?.max.value),
  text('/System/MinVoltageCellId', (s) => cellExtremes(s.reading)?.min.id),
  text('/System/MaxVoltageCellId', (s) => cellExtremes(s.reading)?.max.id),
  real('/System/MinCellTemperature', celsius, 0.1, (s) => temperatureExtremes(s.reading)?.min.value),
  real('/System/MaxCellTemperature', celsius, 0.1, (s) => temperatureExtremes(s.reading)?.max.value),
  text('/System/MinTemperatureCellId', (s) => temperatureExtremes(s.reading)?.min.id),
  text('/System/MaxTemperatureCellId', (s) => temperatureExtremes(s.reading)?.max.id),
  real('/System/MOSTemperature', celsius, 0.1, (s) => s.reading?.mosfetTemperature),
  ...[1, 2, 3, 4].flatMap((n) => [
    real(`/System/Temperature${n}`, celsius, 0.1, (s) => s.reading?.temperatures?.[n - 1]),
    text(`/System/Temperature${n}Name`, (s) =>
      s.reading?.temperatures?.[n - 1] === undefined ? undefined : `T${n}`,
    ),
  ]),
  whole('/System/NrOfModulesOnline', modulesOnline),
  whole('/System/NrOfModulesOffline', (s) => packs(s) - modulesOnline(s)),
  whole('/System/NrOfModulesBlockingCharge', (s) => blocking(s, 'chargeEnabled', s.control?.allowToCharge)),
  whole('/System/NrOfModulesBlockingDischarge', (s) =>
    blocking(s, 'dischargeEnabled', s.control?.allowToDischarge),
  ),
  whole('/System/NrOfCellsPerBattery', cellsInSeries),
  whole('/System/NrOfBatteries', packs),
  whole('/System/BatteriesParallel', packs),
  whole('/System/BatteriesSeries', () => 1),
  real('/Voltages/Sum', volts(2), 0.01, (s) => sum(s.reading?.cellVoltages)),
  real('/Voltages/Diff', volts(3), 0.001, difference),
  whole('/Balancing', balancing),
  whole('/Balancer/Status', balancerStatus),
  whole('/Io/AllowToCharge', (s) => flag(s.control?.allowToCharge ?? s.reading?.chargeEnabled)),
  whole('/Io/AllowToDischarge', (s) => flag(s.control?.allowToDischarge ?? s.reading?.dischargeEnabled)),
  // The driver never forbids balancing.
  whole('/Io/AllowToBalance', () => 1),
];

const ALARMS: readonly PathLine[] = [
  whole('/Alarms/LowVoltage', alarm('lowVoltage')),
  whole('/Alarms/HighVoltage', alarm('highVoltage')),
  whole('/Alarms/LowCellVoltage', alarm('lowCellVoltage')),
  whole('/Alarms/HighCellVoltage', alarm('highCellVoltage')),
  whole('/Alarms/LowSoc', alarm('lowSoc')),
  whole('/Alarms/HighChargeCurrent', alarm('highChargeCurrent')),
  whole('/Alarms/HighDischargeCurrent', alarm('highDischargeCurrent', 'shortCircuit')),
  whole('/Alarms/HighCurrent', () => undefined),
  whole('/Alarms/CellImbalance', alarm('cellImbalance')),
  whole('/Alarms/InternalFailure', alarm('internalFailure', 'shortCircuit')),
  whole('/Alarms/HighChargeTemperature', alarm('highChargeTemperature')),
  whole('/Alarms/LowChargeTemperature', alarm('lowChargeTemperature')),
  whole('/Alarms/HighTemperature', alarm('highTemperature')),
  whole('/Alarms/LowTemperature', alarm('lowTemperature')),
  whole('/Alarms/HighInternalTemperature', alarm('highInternalTemperature')),
  whole('/Alarms/Contactor', alarm('contactor')),
  whole('/Alarms/BmsCable', (s) => alarm('bmsCable')(s) ?? (s.link.errorCode === 32 ? 1 : 0)),
  whole('/Alarms/FuseBlown', () => undefined),
  whole('/Alarms/StateOfHealth', () => undefined),
  whole('/Alarms/ChargeBlocked', () => undefined),
  whole('/Alarms/DischargeBlocked', () => undefined),
];

const HISTORY: readonly PathLine[] = [
  real('/History/DeepestDischarge', ampHours(1), 0.1, drawn('deepestDischarge')),
  real('/History/LastDischarge', ampHours(1), 0.1, drawn('lastDischarge')),
  real('/History/AverageDischarge', ampHours(1), 0.1, drawn('averageDischarge')),
  real('/History/TotalAhDrawn', ampHours(1), 0.1, drawn('totalAhDrawn')),
  whole('/History/ChargeCycles', cycles),
  whole('/History/FullDischarges', (s) => s.history?.fullDischarges),
  real('/History/MinimumVoltage', volts(2), 0.01, (s) => s.history?.minimumVoltage),
  real('/History/MaximumVoltage', volts(2), 0.01, (s) => s.history?.maximumVoltage),
  real('/History/MinimumCellVoltage', volts(3), 0.001, (s) => s.history?.minimumCellVoltage),
  real('/History/MaximumCellVoltage', volts(3), 0.001, (s) => s.history?.maximumCellVoltage),
  whole('/History/TimeSinceLastFullCharge', (s) => s.history?.timeSinceLastFullCharge, seconds, 60),
  whole('/History/AutomaticSyncs', (s) => s.history?.automaticSyncs),
  whole('/History/LowVoltageAlarms', (s) => s.history?.lowVoltageAlarms),
  whole('/History/HighVoltageAlarms', (s) => s.history?.highVoltageAlarms),
  real('/History/MinimumTemperature', celsius, 0.1, (s) => s.history?.minimumTemperature),
  real('/History/MaximumTemperature', celsius, 0.1, (s) => s.history?.maximumTemperature),
  real('/History/DischargedEnergy', kilowattHours, 0.01, (s) => s.history?.dischargedEnergy),
  real('/History/ChargedEnergy', kilowattHours, 0.01, (s) => s.history?.chargedEnergy),
  whole('/History/CanBeCleared', (s) => (s.history === undefined ? undefined : 1)),
  writable(
    whole('/History/Clear', (s) => (s.history === undefined ? undefined : 0)),
    (value) => (value === 1 ? 1 : undefined),
    () => ({ kind: 'clearHistory' }),
    { button: true },
  ),
  whole('/Settings/HasTemperature', () => 1),
];

const ALWAYS: readonly PathLine[] = [...IDENTITY, ...MEASUREMENTS, ...SYSTEM, ...ALARMS, ...HISTORY];
const WITH_LIMITS: readonly PathLine[] = [...ALWAYS, ...LIMITS];

/** Every path that this state exports, in the order of the table; cells follow when their count is known, packs in a bank. */
export function pathsOf(state: BatteryView): readonly PathLine[] {
  const { fixed, withCells, withPacks } = state.control === undefined ? WITHOUT_CONTROL : WITH_CONTROL;
  const count = Math.min(packs(state), MOST_MODULES);
  // A bank shows the cells of its packs on their own services.
  const [tables, size, more] =
    count > 1 ? [withPacks, count, modulePaths] : [withCells, cellsShown(state), cellPaths];
  let lines = tables[size];
  if (lines === undefined) {
    lines = [...fixed, ...more(size)];
    tables[size] = lines;
  }
  return lines;
}

/** Tables that were asked for, by the count of cells and by the count of packs. */
interface Tables {
  readonly fixed: readonly PathLine[];
  readonly withCells: (readonly PathLine[] | undefined)[];
  readonly withPacks: (readonly PathLine[] | undefined)[];
}

const WITHOUT_CONTROL: Tables = { fixed: ALWAYS, withCells: [], withPacks: [] };
const WITH_CONTROL: Tables = { fixed: WITH_LIMITS, withCells: [], withPacks: [] };

/** What a client may write, by path. */
export const WRITABLE: ReadonlyMap<string, WriteRule> = new Map(
  WITH_LIMITS.flatMap(({ path, write }) => (write === undefined ? [] : [[path, write] as const])),
);

const cellLines: PathLine[] = [];

function cellPaths(count: number): readonly PathLine[] {
  for (let n = cellLines.length / 2 + 1; n <= count; n += 1) {
    cellLines.push(
      real(`/Voltages/Cell${n}`, volts(3), 0.001, (s) => s.reading?.cellVoltages?.[n - 1]),
      whole(`/Balances/Cell${n}`, (s) => flag(s.reading?.cellBalancing?.[n - 1])),
    );
  }
  return cellLines.slice(0, 2 * count);
}

function cellsShown(state: BatteryView): number {
  const cells = cellsInSeries(state) ?? 0;
  return Number.isInteger(cells) && cells > 0 && cells <= 64 ? cells : 0;
}

/** Where the wish of an owner is shown and written. */
function wishPath({ name }: Wish): string {
  return `/Settings/${name}`;
}

function customName(value: ItemValue): string | undefined {
  if (value === undefined) return '';
  return typeof value === 'string' && [...value].length <= CUSTOM_NAME_LENGTH ? value : undefined;
}
