import type { BatteryView } from '../../battery/battery-view.ts';
import {
  cellLimit,
  cellsInSeries,
  cycles,
  installedCapacity,
  power,
  remainingCapacity,
  soc,
  soh,
} from '../../battery/derived-values.ts';
import { ALARM_NAMES, type AlarmName } from '../../model/alarms.ts';
import { round } from '../../model/round.ts';
import { type BridgedBattery, isOnline } from '../output.ts';
import type { ToldAlarm, ToldBattery, ToldLimits } from './told.ts';

/** No pack has more; what a foreign service tells beyond is rubbish. */
const MOST_CELLS = 64;
const MOST_SENSORS = 16;

/** Since when each alarm of one battery has been raised, monotonic ms. */
export type AlarmTimes = ReadonlyMap<AlarmName, number>;

/** The alarms that are raised now, each with the time at which it was first seen. */
export function alarmTimes(before: AlarmTimes, { control, reading }: BatteryView, now: number): AlarmTimes {
  const levels = control?.alarms ?? reading?.alarms ?? {};
  return new Map(
    ALARM_NAMES.filter((name) => (levels[name] ?? 0) > 0).map((name) => [name, before.get(name) ?? now]),
  );
}

/** What the page shows of a battery. Measurements of one that is silent or gone are left out. */
export function toldBattery(battery: BridgedBattery, times: AlarmTimes, now: number): ToldBattery {
  const { bank, id, isOnBus, name, view } = battery;
  const online = isOnline(battery);
  const reading = online ? view.reading : undefined;
  return {
    id,
    name,
    ...(bank !== undefined && { bank }),
    online,
    link: isOnBus ? view.link.text : 'its driver has ended',
    ...given({
      silentS: view.link.silentForS,
      voltage: fixed(reading?.voltage, 2),
      current: fixed(reading?.current, 1),
      power: online ? fixed(power(view), 0) : undefined,
      soc: isOnBus ? fixed(soc(view), 1) : undefined,
      soh: fixed(soh(view), 0),
      capacity: fixed(installedCapacity(view), 0),
      remaining: online ? fixed(remainingCapacity(view), 1) : undefined,
      cycles: fixed(cycles(view), 0),
    }),
    limits: isOnBus ? limitsOf(view) : {},
    cells: (reading?.cellVoltages ?? []).slice(0, MOST_CELLS).map((volts) => fixed(volts, 3) ?? null),
    balancing: (reading?.cellBalancing ?? []).slice(0, MOST_CELLS),
    temperatures: (reading?.temperatures ?? [])
      .slice(0, MOST_SENSORS)
      .map((degrees) => fixed(degrees, 1) ?? null),
    alarms: isOnBus ? alarmsOf(view, times, now) : [],
    facts: factsOf(view),
  };
}

function limitsOf(view: BatteryView): ToldLimits {
  const { allowToCharge, allowToDischarge, ccl, chargeMode, chargeReason, cvl, dcl, dischargeReason, low } =
    view.control ?? {};
  const cells = cellsInSeries(view);
  return given({
    cvl: fixed(cvl, 2),
    ccl: fixed(ccl, 1),
    dcl: fixed(dcl, 1),
    low: fixed(low, 2),
    cellHigh: fixed(cellLimit(view), 3),
    cellLow: low === undefined || cells === undefined ? undefined : fixed(low / cells, 3),
    mode: chargeMode,
    chargeReason,
    dischargeReason,
    allowCharge: allowToCharge,
    allowDischarge: allowToDischarge,
  });
}

function alarmsOf({ control, reading }: BatteryView, times: AlarmTimes, now: number): ToldAlarm[] {
  const levels = control?.alarms ?? reading?.alarms ?? {};
  return ALARM_NAMES.flatMap((name) => {
    const level = levels[name] ?? 0;
    if (level === 0) return [];
    return [{ name: words(name), level, forS: Math.floor((now - (times.get(name) ?? now)) / 1000) }];
  });
}

/** "highCellVoltage" as "high cell voltage". */
export function words(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`);
}

function factsOf({ facts, identity }: BatteryView): [string, string][] {
  const { connection, manufacturer, processVersion, productName } = identity;
  const rows: readonly (readonly [string, string | number | undefined])[] = [
    ['product', productName],
    ['maker', manufacturer],
    ['model', facts.model],
    ['hardware', facts.hardwareVersion],
    ['firmware', facts.firmwareVersion],
    ['connection', connection],
    ['driver', processVersion],
    ['instance', identity.deviceInstance],
  ];
  return rows.flatMap(([name, value]) =>
    value === undefined || value === '' ? [] : [[name, String(value)]],
  );
}

function fixed(value: number | undefined, digits: number): number | undefined {
  return value === undefined || !Number.isFinite(value) ? undefined : round(value, digits);
}

type Given<T> = { readonly [K in keyof T]?: Exclude<T[K], undefined> };

/** Without what is absent. */
function given<T extends Record<string, unknown>>(values: T): Given<T> {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined)) as Given<T>; // Only undefined went.
}
