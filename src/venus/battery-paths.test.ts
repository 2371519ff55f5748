import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { anyReading, anyState } from '../../test/support/any-state.ts';
import { CONTROL, STATE } from '../../test/support/battery-state.ts';
import { CONTRACT } from '../../test/support/contract-table.ts';
import type { BatteryView } from '../battery/battery-view.ts';
import { pathsOf, WRITABLE } from './battery-paths.ts';
import { changes } from './changes.ts';

const shown = (state: BatteryView) => new Map(changes(new Map(), state).map((item) => [item.path, item]));

describe('the paths of a battery', () => {
  it.each(CONTRACT)('%s is %s %s with the text "%s"', (path, type, value, text) => {
    expect(shown(STATE).get(path)).toEqual({ path, type, value, text });
  });

  it('are exactly those of the contract, each once', () => {
    const paths = pathsOf(STATE).map((line) => line.path);
    expect([...paths].sort()).toEqual(CONTRACT.map(([path]) => path).sort());
  });

  it('are writable where a user may decide, and nowhere else', () => {
    expect([...WRITABLE.keys()].sort()).toEqual([
      '/CustomName',
      '/History/Clear',
      '/Mode',
      '/Settings/ForceChargingOff',
      '/Settings/ForceDischargingOff',
      '/Settings/MaxChargeCurrent',
      '/Settings/MaxDischargeCurrent',
      '/Settings/TopBalanceNow',
      '/Settings/TurnBalancingOff',
    ]);
  });

  it('have no limits, and nothing to stop, on a pack that does not control', () => {
    const { control: _, ...pack } = STATE;
    const paths = [...shown(pack).keys()];
    expect(paths.filter((path) => path.startsWith('/Info/') || path === '/TimeToGo')).toEqual([]);
    expect(paths).not.toContain('/Settings/ForceChargingOff');
    expect(shown(pack).get('/Soc')?.value).toBe(61.7);
  });

  it('show a short circuit as internal failure and as discharge over-current', () => {
    const items = shown({ ...STATE, control: { ...CONTROL, alarms: { shortCircuit: 1 } } });
    expect(items.get('/Alarms/InternalFailure')?.value).toBe(2);
    expect(items.get('/Alarms/HighDischargeCurrent')?.value).toBe(2);
  });

  it('lose every measurement, but neither limits nor SoC, when the BMS is silent', () => {
    const { reading: _, ...rest } = STATE;
    const link = { online: false, text: 'last answer 00:01:10 ago', silentForS: 70, errorCode: 32 };
    const items = shown({ ...rest, link });
    const value = (path: string) => items.get(path)?.value;
    for (const path of [
      '/Dc/0/Voltage',
      '/Dc/0/Current',
      '/Dc/0/Power',
      '/Dc/0/Temperature',
      '/Voltages/Cell3',
    ]) {
      expect(items.get(path), path).toMatchObject({ value: undefined, text: '---' });
    }
    expect(value('/State')).toBe(10);
    expect(value('/ErrorCode')).toBe(32);
    expect(value('/Connected')).toBe(1);
    expect(value('/System/NrOfModulesOnline')).toBe(0);
    expect(value('/System/NrOfModulesOffline')).toBe(1);
    expect(value('/Soc')).toBe(62);
    expect(value('/Info/MaxChargeVoltage')).toBe(55.2);
    expect(value('/ConnectionInformation')).toBe('last answer 00:01:10 ago');
  });

  it('name pack and cell in a bank, count its packs, and leave the cells to the packs', () => {
    const pack = (address: number, cells: number[]) => ({ address, cellVoltages: cells, cellCount: 3 });
    const modules = [pack(1, [3.3, 3.31, 3.3]), pack(4, [3.29, 3.3, 3.3])];
    const items = shown({ ...STATE, facts: { cellCount: 3, modules }, reading: { voltage: 9.9, modules } });
    expect(items.get('/System/MinVoltageCellId')?.value).toBe('M4C1');
    expect(items.get('/System/MaxVoltageCellId')?.value).toBe('M1C2');
    expect(items.get('/System/NrOfBatteries')?.value).toBe(2);
    expect(items.get('/System/NrOfModulesOnline')?.value).toBe(2);
    expect(items.has('/Voltages/Cell1')).toBe(false);
  });

  it('never become another number when the measurements of any battery grow old', () => {
    const ours =
      /^.(State|DeviceState|ErrorCode|ConnectionInformation|Alarms.BmsCable|System.NrOfModules\w+)$/;
    fc.assert(
      fc.property(anyState, anyReading, (state, reading) => {
        const told = shown({ ...state, reading, facts: reading });
        const { reading: _, ...rest } = state;
        const others = [...shown({ ...rest, facts: reading, link: { ...rest.link, online: false } })].filter(
          ([path, { value }]) => !ours.test(path) && value !== undefined && value !== told.get(path)?.value,
        );
        expect(others).toEqual([]);
      }),
    );
  });

  it.each<[string, Partial<BatteryView>, number | undefined]>([
    [
      'what the BMS counts, whatever was counted here',
      { facts: { cycles: 38 }, history: { chargeCycles: 2 } },
      38,
    ],
    ['a count of 0 of the BMS', { facts: { cycles: 0 }, history: { chargeCycles: 2 } }, 0],
    ['our own count where the BMS has none', { facts: {}, reading: {}, history: { chargeCycles: 2 } }, 2],
    ['nothing where nobody counts', { facts: {}, reading: {}, history: {} }, undefined],
  ])('show as cycles %s', (_, change, cycles) => {
    expect(shown({ ...STATE, ...change }).get('/History/ChargeCycles')?.value).toBe(cycles);
  });

  it('derive what is left from SoC and full capacity when the BMS does not count it', () => {
    const items = shown({ ...STATE, reading: { soc: 62 } });
    expect(items.get('/Capacity')?.value).toBe(62);
    expect(items.get('/ConsumedAmphours')?.value).toBe(-38);
  });

  it('never show a positive consumption, even when the BMS counts more than full', () => {
    const items = shown({ ...STATE, reading: { capacityRemaining: 101, capacityFull: 100 } });
    expect(items.get('/ConsumedAmphours')?.value).toBe(0);
  });

  it.each([
    [{ balancing: true }, 2],
    [{ balancing: false }, 1],
    [{}, 0],
  ])('tell the state of the balancer from %j as %i', (reading, status) => {
    expect(shown({ ...STATE, reading }).get('/Balancer/Status')?.value).toBe(status);
  });

  it.each<[string, Partial<BatteryView>, number | undefined]>([
    [
      'absent where the BMS cannot be switched',
      { requests: { chargeOff: true, dischargeOff: true } },
      undefined,
    ],
    ['on', { isSwitchable: true, requests: {} }, 3],
    ['on while only one direction is off', { isSwitchable: true, requests: { chargeOff: true } }, 3],
    [
      'standby while both are off',
      { isSwitchable: true, requests: { chargeOff: true, dischargeOff: true } },
      252,
    ],
  ])('say of /Mode that it is %s', (_, change, mode) => {
    expect(shown({ ...STATE, ...change }).get('/Mode')?.value).toBe(mode);
  });

  it.each<[string, Partial<BatteryView>, number | undefined]>([
    ['connected', {}, 0x100],
    ['too hot', { control: { ...CONTROL, alarms: { highChargeTemperature: 2, lowVoltage: 2 } } }, 0x101],
    ['warned of a temperature', { control: { ...CONTROL, alarms: { lowTemperature: 1 } } }, 0x102],
    ['faulty', { control: { ...CONTROL, alarms: { internalFailure: 2, highTemperature: 2 } } }, 0x103],
    ['tripped', { reading: { chargeEnabled: false, dischargeEnabled: false } }, 0x104],
    ['empty', { control: { ...CONTROL, alarms: { lowCellVoltage: 2 } } }, 0x105],
    ['nothing known', { link: { ...STATE.link, online: false } }, undefined],
  ])('say of /DeviceState: %s', (_, change, device) => {
    expect(shown({ ...STATE, ...change }).get('/DeviceState')?.value).toBe(device);
  });

  it('ask for a full charge while the owner wants a top balance', () => {
    const items = shown({ ...STATE, requests: { topBalanceNow: true } });
    expect(items.get('/Info/FullChargeRequest')?.value).toBe(1);
    expect(items.get('/Info/ChargeRequest')?.value).toBe(0);
  });

  it('tell the alarms of each pack of a bank, and nothing of a silent one', () => {
    const known = [{ address: 1, serialNumber: 'A1' }, { address: 4 }, { address: 7 }];
    const answering = [
      { address: 1, alarms: { lowVoltage: 0, shortCircuit: 2 } as const },
      { address: 7, alarms: { highCellVoltage: 1 } as const },
    ];
    const items = shown({ ...STATE, facts: { modules: known }, reading: { modules: answering } });
    const told = [...items].filter(([path]) => path.startsWith('/Diagnostics/'));
    expect(told).toHaveLength(3 * 16);
    expect(
      Object.fromEntries(told.flatMap(([path, { value }]) => (value === undefined ? [] : [[path, value]]))),
    ).toEqual({
      '/Diagnostics/Module0/Id': 'A1',
      '/Diagnostics/Module0/Alarms/LowVoltage': 0,
      '/Diagnostics/Module0/Alarms/HighDischargeCurrent': 2,
      '/Diagnostics/Module0/Alarms/InternalFailure': 2,
      '/Diagnostics/Module1/Id': 'pack 4',
      '/Diagnostics/Module2/Id': 'pack 7',
      '/Diagnostics/Module2/Alarms/HighCellVoltage': 1,
    });
  });

  it('have room for ten packs of a bank, however many there are', () => {
    const modules = Array.from({ length: 16 }, (_, index) => ({ address: index + 1 }));
    const paths = pathsOf({ ...STATE, facts: { modules } }).map(({ path }) => path);
    expect(paths).toContain('/Diagnostics/Module9/Id');
    expect(paths).not.toContain('/Diagnostics/Module10/Id');
    expect(new Set(paths).size).toBe(paths.length);
  });
});
