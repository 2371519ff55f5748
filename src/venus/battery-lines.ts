import {
  alarm,
  balancerStatus,
  balancing,
  blockingCharge,
  blockingDischarge,
  cellLimit,
  cellSum,
  cellsInSeries,
  consumed,
  consumedBms,
  deviceState,
  difference,
  flag,
  installedCapacity,
  maxCell,
  maxCellVoltage,
  maxSensor,
  maxTemperature,
  midDeviation,
  midVoltage,
  minCell,
  minCellVoltage,
  minSensor,
  minTemperature,
  modulesOnline,
  packs,
  power,
  remainingCapacity,
  soc,
  soh,
  temperature,
  timeToGo,
} from '../battery/derived-values.ts';
import { acceptable, requestOf, shownValue, WISHES, type Wish } from '../battery/wishes.ts';
import type { ItemValue } from '../dbus/item.ts';
import type { AlarmName } from '../model/alarms.ts';
import { HISTORY } from './history-lines.ts';
import { isMode, mode, STANDBY } from './mode.ts';
import {
  ampHours,
  amps,
  celsius,
  computed,
  hexadecimal,
  type PathLine,
  percent,
  real,
  seconds,
  text,
  volts,
  watts,
  whole,
  writable,
} from './path-line.ts';
import {
  type Field,
  into,
  intoAlarm,
  intoFlag,
  intoText,
  numberAt,
  put,
  temperatureAt,
  textAt,
} from './view-field.ts';

/** Neutral and provisional: Victron assigns product ids on request; an unknown id triggers no quirk of the system controller. */
export const PRODUCT_ID = 0xba78;
export const PROCESS_NAME = 'dbus-bms';

const RUNNING = 9;
const FAULTY = 10;
const CUSTOM_NAME_LENGTH = 32;

const IDENTITY: readonly PathLine[] = [
  text(
    '/Mgmt/ProcessName',
    computed(() => PROCESS_NAME, intoText('told', 'program')),
  ),
  text('/Mgmt/ProcessVersion', textAt('identity', 'processVersion')),
  text('/Mgmt/Connection', textAt('identity', 'connection')),
  whole(
    '/Mgmt/InsecureConnection',
    computed((s) => flag(s.identity.wireless ?? false), intoFlag('identity', 'wireless')),
  ),
  whole('/DeviceInstance', numberAt('identity', 'deviceInstance')),
  whole('/ProductId', () => PRODUCT_ID, hexadecimal),
  text('/ProductName', textAt('identity', 'productName')),
  writable(text('/CustomName', textAt('identity', 'customName')), customName, (name) => ({
    kind: 'name',
    name: `${name}`,
  })),
  // A battery whose BMS keeps its version to itself shows that of the driver: consumers want a valid text here.
  text(
    '/FirmwareVersion',
    computed(
      (s) => s.facts.firmwareVersion ?? s.identity.processVersion,
      intoText('facts', 'firmwareVersion'),
    ),
  ),
  text('/HardwareVersion', textAt('facts', 'hardwareVersion')),
  whole('/Connected', () => 1),
  text('/Serial', textAt('identity', 'serial')),
  text('/DeviceName', () => undefined),
  text('/Manufacturer', textAt('identity', 'manufacturer')),
  text('/Family', textAt('facts', 'model')),
  whole(
    '/State',
    computed(
      (s) => (s.link.online ? RUNNING : FAULTY),
      ({ link }, value) => put(link, 'online', value !== FAULTY),
    ),
  ),
  whole('/DeviceState', computed(deviceState, into('told', 'deviceState'))),
  whole('/ErrorCode', numberAt('link', 'errorCode')),
  text('/ConnectionInformation', textAt('link', 'text')),
];

const MEASUREMENTS: readonly PathLine[] = [
  real('/Dc/0/Voltage', volts(2), 0.01, numberAt('reading', 'voltage')),
  real('/Dc/0/Current', amps(2), 0.01, numberAt('reading', 'current')),
  real('/Dc/0/Power', watts, 1, computed(power, into('reading', 'power'))),
  real('/Dc/0/Temperature', celsius, 0.1, computed(temperature, into('told', 'temperature'))),
  real('/Dc/0/MidVoltage', volts(2), 0.01, computed(midVoltage, into('told', 'midVoltage'))),
  real('/Dc/0/MidVoltageDeviation', percent, 0.1, computed(midDeviation, into('told', 'midDeviation'))),
  real('/CurrentAvg', amps(2), 0.01, numberAt('view', 'averageCurrent')),
  real('/Soc', percent, 0.1, computed(soc, into('control', 'soc'))),
  real('/Soh', percent, 0.1, computed(soh, into('facts', 'soh'))),
  real('/Capacity', ampHours(2), 0.01, computed(remainingCapacity, into('told', 'remaining'))),
  real('/InstalledCapacity', ampHours(0), 0.01, computed(installedCapacity, into('facts', 'capacityFull'))),
  real('/ConsumedAmphours', ampHours(1), 0.1, computed(consumed, into('told', 'consumed'))),
  real('/SocBms', percent, 0.1, numberAt('reading', 'soc')),
  real('/CapacityBms', ampHours(2), 0.01, numberAt('reading', 'capacityRemaining')),
  real('/ConsumedAmphoursBms', ampHours(1), 0.1, computed(consumedBms, into('told', 'consumedBms'))),
];

/** Only on a service that controls chargers: the mere existence of MaxChargeVoltage makes a service a BMS. */
export const LIMITS: readonly PathLine[] = [
  writable(
    whole(
      '/Mode',
      computed(mode, (draft) => put(draft.view, 'isSwitchable', true)),
    ),
    (value) => (isMode(value) ? value : undefined),
    (value) => ({ kind: 'standby', on: value === STANDBY }),
  ),
  whole('/TimeToGo', computed(timeToGo, into('told', 'timeToGo')), seconds, 60),
  real('/Info/MaxChargeVoltage', volts(2), 0.01, numberAt('control', 'cvl')),
  real('/Info/MaxChargeCurrent', amps(1), 0.1, numberAt('control', 'ccl')),
  real('/Info/MaxDischargeCurrent', amps(1), 0.1, numberAt('control', 'dcl')),
  real('/Info/BatteryLowVoltage', volts(2), 0.01, numberAt('control', 'low')),
  real(
    '/Info/MaxChargeCellVoltage',
    volts(3),
    0.001,
    computed(cellLimit, into('told', 'maxChargeCellVoltage')),
  ),
  whole('/Info/ChargeRequest', () => 0),
  whole('/Info/FullChargeRequest', (s) => flag(s.requests?.topBalanceNow ?? false)),
  text('/Info/ChargeMode', textAt('control', 'chargeMode')),
  text('/Info/ChargeLimitation', textAt('control', 'chargeReason')),
  text('/Info/DischargeLimitation', textAt('control', 'dischargeReason')),
  ...WISHES.map((wish) =>
    writable(
      wish.type === 'd'
        ? real(wishPath(wish), amps(1), 0.1, wished(wish))
        : whole(wishPath(wish), wished(wish)),
      (value) => acceptable(wish, value),
      (value) => ({ kind: 'wish', wish, value: Number(value) }),
    ),
  ),
];

const SYSTEM: readonly PathLine[] = [
  real('/System/MinCellVoltage', volts(3), 0.001, computed(minCellVoltage, into('told', 'minCellVoltage'))),
  real('/System/MaxCellVoltage', volts(3), 0.001, computed(maxCellVoltage, into('told', 'maxCellVoltage'))),
  text('/System/MinVoltageCellId', computed(minCell, intoText('told', 'minCell'))),
  text('/System/MaxVoltageCellId', computed(maxCell, intoText('told', 'maxCell'))),
  real('/System/MinCellTemperature', celsius, 0.1, computed(minTemperature, into('told', 'minTemperature'))),
  real('/System/MaxCellTemperature', celsius, 0.1, computed(maxTemperature, into('told', 'maxTemperature'))),
  text('/System/MinTemperatureCellId', computed(minSensor, intoText('told', 'minSensor'))),
  text('/System/MaxTemperatureCellId', computed(maxSensor, intoText('told', 'maxSensor'))),
  real('/System/MOSTemperature', celsius, 0.1, numberAt('reading', 'mosfetTemperature')),
  ...[1, 2, 3, 4].flatMap((n) => [
    real(`/System/Temperature${n}`, celsius, 0.1, temperatureAt(n)),
    text(`/System/Temperature${n}Name`, (s) =>
      s.reading?.temperatures?.[n - 1] === undefined ? undefined : `T${n}`,
    ),
  ]),
  whole('/System/NrOfModulesOnline', computed(modulesOnline, into('told', 'packsOnline'))),
  whole('/System/NrOfModulesOffline', (s) => packs(s) - modulesOnline(s)),
  whole('/System/NrOfModulesBlockingCharge', computed(blockingCharge, into('told', 'blockingCharge'))),
  whole(
    '/System/NrOfModulesBlockingDischarge',
    computed(blockingDischarge, into('told', 'blockingDischarge')),
  ),
  whole('/System/NrOfCellsPerBattery', computed(cellsInSeries, into('facts', 'cellCount'))),
  whole('/System/NrOfBatteries', computed(packs, into('told', 'packs'))),
  whole('/System/BatteriesParallel', packs),
  whole('/System/BatteriesSeries', () => 1),
  real('/Voltages/Sum', volts(2), 0.01, computed(cellSum, into('told', 'cellSum'))),
  real('/Voltages/Diff', volts(3), 0.001, computed(difference, into('told', 'cellDifference'))),
  whole('/Balancing', computed(balancing, intoFlag('reading', 'balancing'))),
  whole('/Balancer/Status', computed(balancerStatus, into('told', 'balancerStatus'))),
  whole(
    '/Io/AllowToCharge',
    computed(
      (s) => flag(s.control?.allowToCharge ?? s.reading?.chargeEnabled),
      intoFlag('control', 'allowToCharge'),
    ),
  ),
  whole(
    '/Io/AllowToDischarge',
    computed(
      (s) => flag(s.control?.allowToDischarge ?? s.reading?.dischargeEnabled),
      intoFlag('control', 'allowToDischarge'),
    ),
  ),
  // The driver never forbids balancing.
  whole('/Io/AllowToBalance', () => 1),
];

const ALARMS: readonly PathLine[] = [
  raisedAlarm('LowVoltage', 'lowVoltage'),
  raisedAlarm('HighVoltage', 'highVoltage'),
  raisedAlarm('LowCellVoltage', 'lowCellVoltage'),
  raisedAlarm('HighCellVoltage', 'highCellVoltage'),
  raisedAlarm('LowSoc', 'lowSoc'),
  raisedAlarm('HighChargeCurrent', 'highChargeCurrent'),
  raisedAlarm('HighDischargeCurrent', 'highDischargeCurrent', 'shortCircuit'),
  whole('/Alarms/HighCurrent', () => undefined),
  raisedAlarm('CellImbalance', 'cellImbalance'),
  raisedAlarm('InternalFailure', 'internalFailure', 'shortCircuit'),
  raisedAlarm('HighChargeTemperature', 'highChargeTemperature'),
  raisedAlarm('LowChargeTemperature', 'lowChargeTemperature'),
  raisedAlarm('HighTemperature', 'highTemperature'),
  raisedAlarm('LowTemperature', 'lowTemperature'),
  raisedAlarm('HighInternalTemperature', 'highInternalTemperature'),
  raisedAlarm('Contactor', 'contactor'),
  whole(
    '/Alarms/BmsCable',
    computed((s) => alarm('bmsCable')(s) ?? (s.link.errorCode === 32 ? 1 : 0), intoAlarm('bmsCable')),
  ),
  whole('/Alarms/FuseBlown', () => undefined),
  whole('/Alarms/StateOfHealth', () => undefined),
  whole('/Alarms/ChargeBlocked', () => undefined),
  whole('/Alarms/DischargeBlocked', () => undefined),
];

/** Every battery has these. */
export const ALWAYS: readonly PathLine[] = [...IDENTITY, ...MEASUREMENTS, ...SYSTEM, ...ALARMS, ...HISTORY];

/** An alarm of the battery, raised by another one of the model as well where Venus OS has no path for that. */
function raisedAlarm(path: string, name: AlarmName, alsoRaisedBy?: AlarmName): PathLine {
  return whole(`/Alarms/${path}`, computed(alarm(name, alsoRaisedBy), intoAlarm(name)));
}

function wished(wish: Wish): Field<number> {
  return computed(
    ({ requests }) => shownValue(wish, requests),
    ({ requests }, value) => void Object.assign(requests, requestOf(wish, value)),
  );
}

/** Where the wish of an owner is shown and written. */
export function wishPath({ name }: Wish): string {
  return `/Settings/${name}`;
}

function customName(value: ItemValue): string | undefined {
  if (value === undefined) return '';
  return typeof value === 'string' && [...value].length <= CUSTOM_NAME_LENGTH ? value : undefined;
}
