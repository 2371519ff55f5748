import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { anyState } from '../../test/support/any-state.ts';
import { STATE } from '../../test/support/battery-state.ts';
import type { BatteryView } from '../battery/battery-view.ts';
import type { Item, ItemValue } from '../dbus/item.ts';
import { round } from '../model/round.ts';
import { pathsOf } from './battery-paths.ts';
import { changes } from './changes.ts';
import { type ReadItem, readView } from './read-view.ts';

const SERVICE = 'com.victronenergy.battery.ttyUSB0';

const shown = (view: BatteryView): ReadonlyMap<string, Item> =>
  new Map(changes(new Map(), view).map((item) => [item.path, item]));

const readBack = (view: BatteryView): BatteryView => readView(SERVICE, shown(view));

const items = (values: Readonly<Record<string, ItemValue>>): ReadonlyMap<string, ReadItem> =>
  new Map(Object.entries(values).map(([path, value]) => [path, { value, text: `${value}` }]));

/** Numbers as a battery can have them, and whole cells. */
function plausible<T>(value: T): T;
function plausible(value: unknown): unknown {
  if (typeof value === 'number') return Number.isFinite(value) ? Math.max(-1e5, Math.min(1e5, value)) : 1;
  if (Array.isArray(value)) return value.map((one: unknown) => plausible(one));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, one]) => [
      key,
      key === 'cellCount' ? Math.round(plausible(Number(one))) : plausible(one),
    ]),
  );
}
/** Its count of cells is that of the voltages. */
const plausibleState = anyState.map((view): BatteryView => {
  const { facts, ...rest } = plausible(view);
  const count = rest.reading?.cellVoltages?.length;
  return { ...rest, facts: count === undefined ? facts : { ...facts, cellCount: count } };
});
const RUNS = { numRuns: 200 * Number(process.env['FUZZ_FACTOR'] ?? 1) };

describe('a view that is read back from its items', () => {
  it('shows the same on every path, whatever the battery says', () => {
    fc.assert(
      fc.property(plausibleState, (view) => {
        const before = shown(view);
        const after = shown(readBack(view));
        for (const { path, step } of pathsOf(view)) {
          const told = before.get(path)?.value;
          const again = after.get(path)?.value;
          if (typeof told === 'number' && typeof again === 'number')
            expect(Math.abs(told - again), path).toBeLessThanOrEqual(step * (1 + 1e-6));
          else expect(again, path).toBe(told);
        }
      }),
      RUNS,
    );
  });

  it('has every field that stands in a line, also of a battery that says the maddest numbers', () => {
    const fields: readonly (readonly [path: string, field: (view: BatteryView) => ItemValue])[] = [
      ['/Dc/0/Voltage', (view) => view.reading?.voltage],
      ['/Dc/0/Current', (view) => view.reading?.current],
      ['/SocBms', (view) => view.reading?.soc],
      ['/CapacityBms', (view) => view.reading?.capacityRemaining],
      ['/System/MOSTemperature', (view) => view.reading?.mosfetTemperature],
      ['/Voltages/Cell2', (view) => view.reading?.cellVoltages?.[1]],
      ['/Info/MaxChargeVoltage', (view) => view.control?.cvl],
      ['/Info/MaxChargeCurrent', (view) => view.control?.ccl],
      ['/Info/MaxDischargeCurrent', (view) => view.control?.dcl],
      ['/Info/ChargeLimitation', (view) => view.control?.chargeReason],
      ['/Alarms/LowVoltage', (view) => (view.control?.alarms ?? view.reading?.alarms)?.lowVoltage],
      ['/ErrorCode', (view) => view.link.errorCode],
      ['/ConnectionInformation', (view) => view.link.text],
      ['/DeviceInstance', (view) => view.identity.deviceInstance],
      ['/History/TotalAhDrawn', (view) => view.history?.totalAhDrawn],
    ];
    fc.assert(
      fc.property(anyState, (view) => {
        const told = shown(view);
        const again = readBack(view);
        for (const [path, field] of fields) {
          const value = field(again);
          expect(typeof value === 'number' && Number.isNaN(value) ? undefined : value, path).toBe(
            told.get(path)?.value,
          );
        }
      }),
      RUNS,
    );
  });

  it('is the view of a lively battery, but for what only its own driver knows', () => {
    const { identity, reading, facts, control, link, requests, averageCurrent, history } = readBack(STATE);
    const { keys: _, traits: __, ...named } = STATE.identity;
    expect(identity).toMatchObject({ ...named, deviceInstance: 1 });
    expect(reading).toMatchObject({
      voltage: 53.02,
      current: -12.34,
      soc: 61.7,
      capacityRemaining: 62.1,
      cellVoltages: STATE.reading?.cellVoltages?.map((voltage) => round(voltage, 3)),
      cellBalancing: STATE.reading?.cellBalancing,
      temperatures: [25.1, 27.3],
      mosfetTemperature: 24.6,
    });
    expect(facts).toEqual({ ...STATE.facts, soh: 98, cycles: 37 });
    const {
      state: _s,
      freshness: _f,
      notices: _n,
      alarms: _a,
      timeToGo: _t,
      ...limits
    } = { ...STATE.control };
    expect(control).toMatchObject({ ...limits, alarms: { highCellVoltage: 1, bmsCable: 0 } });
    expect(link).toEqual({ online: true, text: 'answering', errorCode: 0 });
    expect(requests).toEqual({ chargeOff: true });
    expect(averageCurrent).toBe(-11.5);
    expect(history).toEqual({
      totalAhDrawn: -3700,
      timeSinceLastFullCharge: 7200,
      chargedEnergy: 199.8,
      deepestDischarge: -37.9,
    });
  });

  it('names the packs of a bank, says which of them is silent, and where its lowest cell is', () => {
    const packs = [
      { address: 1, serialNumber: 'A1', cellVoltages: [3.31, 3.3], alarms: { lowSoc: 1 } },
      { address: 2, cellVoltages: [3.29, 3.32], alarms: { lowSoc: 0 } },
    ] as const;
    const silent = { address: 7 };
    const { reading, facts, told } = readBack({
      ...STATE,
      reading: { voltage: 53, modules: packs },
      facts: { ...STATE.facts, modules: [...packs, silent] },
    });
    expect(facts.modules).toEqual([{ address: 256, serialNumber: 'A1' }, { address: 2 }, { address: 7 }]);
    expect(reading?.modules).toMatchObject([
      { serialNumber: 'A1', alarms: { lowSoc: 1 } },
      { address: 2, alarms: { lowSoc: 0 } },
    ]);
    expect(told).toMatchObject({ packs: 3, packsOnline: 2, minCell: 'M2C1', minCellVoltage: 3.29 });
  });

  it('has no measurements while the BMS is silent, but its limits and its facts', () => {
    const { reading: _, ...rest } = STATE;
    const silent = readBack({
      ...rest,
      link: { online: false, text: 'last answer 00:01:10 ago', silentForS: 70, errorCode: 32 },
    });
    expect(silent.reading).toBeUndefined();
    expect(silent.link).toEqual({ online: false, text: 'last answer 00:01:10 ago', errorCode: 32 });
    expect(silent.control).toMatchObject({ cvl: 55.2, ccl: 100, dcl: 120 });
    expect(silent.facts.capacityFull).toBe(100);
  });

  it('has no limits where the service only shows itself, and its switches and alarms are those of the pack', () => {
    const { control: _, requests: __, ...pack } = STATE;
    const seen = readBack({ ...pack, reading: { ...STATE.reading, alarms: { lowSoc: 2 } } });
    expect(seen.control).toBeUndefined();
    expect(seen.reading).toMatchObject({ soc: 61.7, chargeEnabled: true, alarms: { lowSoc: 2 } });
  });
});

describe('the items of another driver', () => {
  it('give what they tell and nothing else', () => {
    const shunt = items({
      '/DeviceInstance': 279,
      '/ProductName': 'SmartShunt 500A/50mV',
      '/Connected': 1,
      '/Dc/0/Voltage': 26.4,
      '/Dc/0/Current': -4.5,
      '/Dc/0/Temperature': undefined,
      '/Soc': 81.5,
      '/TimeToGo': 36000,
      '/ConsumedAmphours': -55.5,
      '/Alarms/LowVoltage': 0,
      '/History/ChargeCycles': 3,
    });
    expect(readView(SERVICE, shunt)).toEqual({
      identity: {
        keys: [],
        traits: { place: SERVICE },
        productName: 'SmartShunt 500A/50mV',
        connection: '',
        processVersion: '',
        deviceInstance: 279,
      },
      reading: { voltage: 26.4, current: -4.5, soc: 81.5, alarms: { lowVoltage: 0 } },
      facts: { cycles: 3 },
      link: { online: true, text: '', errorCode: 0 },
      told: { timeToGo: 36000, consumed: -55.5 },
    });
  });

  it('of wrong types are absent, and a limit is never made up', () => {
    const seen = readView(
      SERVICE,
      items({
        '/DeviceInstance': 'one',
        '/Info/MaxChargeVoltage': '55.2',
        '/Info/MaxChargeCurrent': undefined,
        '/Info/MaxDischargeCurrent': 1e300,
        '/Alarms/HighVoltage': 7,
        '/Dc/0/Voltage': 'high',
        '/Soc': Number.NaN,
      }),
    );
    expect(seen.control).toEqual({ alarms: {} });
    expect(seen.identity.deviceInstance).toBeUndefined();
    expect(seen.reading).toBeUndefined();
  });

  it('may give a version as a number: its text is shown', () => {
    const version = new Map([['/FirmwareVersion', { value: 0x0417, text: 'v4.17' }]]);
    expect(readView(SERVICE, version).facts.firmwareVersion).toBe('v4.17');
  });

  it('may tell some cells only: each keeps its number', () => {
    const cells = items({ '/Voltages/Cell1': 3.3, '/Voltages/Cell2': undefined, '/Voltages/Cell64': 3.4 });
    const { cellVoltages } = readView(SERVICE, cells).reading ?? {};
    expect(cellVoltages).toHaveLength(64);
    expect(cellVoltages?.[0]).toBe(3.3);
    expect(cellVoltages?.[1]).toBeNaN();
    expect(cellVoltages?.[63]).toBe(3.4);
  });

  it('that say they are not connected, or faulty, are offline', () => {
    expect(readView(SERVICE, items({ '/Connected': 0 })).link.online).toBe(false);
    expect(readView(SERVICE, items({ '/State': 10 })).link.online).toBe(false);
    expect(readView(SERVICE, items({ '/State': 14, '/Connected': 1 })).link.online).toBe(true);
  });

  it('never end in an error, whatever they are', () => {
    const path = fc.constantFrom(...pathsOf(STATE).map((line) => line.path), '/Rubbish', '/Voltages/Cell999');
    const value = fc.oneof(fc.double(), fc.string({ unit: 'binary' }), fc.constant(undefined));
    const item = fc.record({ value, text: fc.string() });
    fc.assert(
      fc.property(fc.array(fc.tuple(path, item)), (pairs) => {
        const seen = readView(SERVICE, new Map(pairs));
        for (const limit of [seen.control?.cvl, seen.control?.ccl, seen.control?.dcl])
          expect(limit === undefined || Number.isFinite(limit)).toBe(true);
        expect(seen.reading?.cellVoltages?.length ?? 0).toBeLessThanOrEqual(64);
      }),
      RUNS,
    );
  });
});
