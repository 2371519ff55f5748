import { describe, expect, it } from 'vitest';
import { CONTROL, STATE } from '../../test/support/battery-state.ts';
import { pathsOf, WRITABLE } from './battery-paths.ts';
import type { BatteryState } from './battery-state.ts';
import { changes } from './changes.ts';

const shown = (state: BatteryState) => new Map(changes(new Map(), state).map((item) => [item.path, item]));

/** Path, D-Bus type, value, text. */
const EXPECTED: readonly (readonly [string, 'i' | 'd' | 's', number | string | undefined, string])[] = [
  ['/Mgmt/ProcessName', 's', 'dbus-bms', 'dbus-bms'],
  ['/Mgmt/ProcessVersion', 's', '1.2.3', '1.2.3'],
  ['/Mgmt/Connection', 's', 'ttyUSB0', 'ttyUSB0'],
  ['/Mgmt/InsecureConnection', 'i', 0, '0'],
  ['/DeviceInstance', 'i', 1, '1'],
  ['/ProductId', 'i', 0xba78, '0xBA78'],
  ['/ProductName', 's', 'SerialBattery(JBD)', 'SerialBattery(JBD)'],
  ['/CustomName', 's', '', ''],
  ['/FirmwareVersion', 's', '2.5', '2.5'],
  ['/HardwareVersion', 's', 'SP16', 'SP16'],
  ['/Connected', 'i', 1, '1'],
  ['/Serial', 's', 'A100', 'A100'],
  ['/DeviceName', 's', undefined, '---'],
  ['/Manufacturer', 's', 'JBD', 'JBD'],
  ['/Family', 's', 'SP16S', 'SP16S'],
  ['/State', 'i', 9, '9'],
  ['/ErrorCode', 'i', 0, '0'],
  ['/ConnectionInformation', 's', 'answering', 'answering'],
  ['/Dc/0/Voltage', 'd', 53.02, '53.02V'],
  ['/Dc/0/Current', 'd', -12.34, '-12.34A'],
  ['/Dc/0/Power', 'd', -654, '-654W'],
  ['/Dc/0/Temperature', 'd', 26.2, '26.2C'],
  ['/Dc/0/MidVoltage', 'd', 26.51, '26.51V'],
  ['/Dc/0/MidVoltageDeviation', 'd', 0, '0.0%'],
  ['/CurrentAvg', 'd', -11.5, '-11.50A'],
  ['/Soc', 'd', 62, '62.0%'],
  ['/Soh', 'd', 98, '98.0%'],
  ['/Capacity', 'd', 62.1, '62.10Ah'],
  ['/InstalledCapacity', 'd', 100, '100Ah'],
  ['/ConsumedAmphours', 'd', -37.9, '-37.9Ah'],
  ['/TimeToGo', 'i', 11085, '11085s'],
  ['/Info/MaxChargeVoltage', 'd', 55.2, '55.20V'],
  ['/Info/MaxChargeCurrent', 'd', 100, '100.0A'],
  ['/Info/MaxDischargeCurrent', 'd', 120, '120.0A'],
  ['/Info/BatteryLowVoltage', 'd', 46.4, '46.40V'],
  ['/Info/MaxChargeCellVoltage', 'd', 3.45, '3.450V'],
  ['/Info/ChargeRequest', 'i', 0, '0'],
  ['/Info/ChargeMode', 's', 'Bulk', 'Bulk'],
  ['/Info/ChargeLimitation', 's', 'Maximum of the owner', 'Maximum of the owner'],
  ['/Info/DischargeLimitation', 's', 'Maximum of the owner', 'Maximum of the owner'],
  ['/Settings/ForceChargingOff', 'i', 1, '1'],
  ['/Settings/ForceDischargingOff', 'i', 0, '0'],
  ['/Settings/TurnBalancingOff', 'i', 0, '0'],
  ['/Settings/MaxChargeCurrent', 'd', -1, '-1.0A'],
  ['/Settings/MaxDischargeCurrent', 'd', -1, '-1.0A'],
  ['/Settings/TopBalanceNow', 'i', 0, '0'],
  ['/Settings/HasTemperature', 'i', 1, '1'],
  ['/System/MinCellVoltage', 'd', 3.312, '3.312V'],
  ['/System/MaxCellVoltage', 'd', 3.315, '3.315V'],
  ['/System/MinVoltageCellId', 's', 'C1', 'C1'],
  ['/System/MaxVoltageCellId', 's', 'C4', 'C4'],
  ['/System/MinCellTemperature', 'd', 25.1, '25.1C'],
  ['/System/MaxCellTemperature', 'd', 27.3, '27.3C'],
  ['/System/MinTemperatureCellId', 's', 'T1', 'T1'],
  ['/System/MaxTemperatureCellId', 's', 'T2', 'T2'],
  ['/System/MOSTemperature', 'd', 24.6, '24.6C'],
  ['/System/Temperature1', 'd', 25.1, '25.1C'],
  ['/System/Temperature1Name', 's', 'T1', 'T1'],
  ['/System/Temperature2', 'd', 27.3, '27.3C'],
  ['/System/Temperature2Name', 's', 'T2', 'T2'],
  ['/System/Temperature3', 'd', undefined, '---'],
  ['/System/Temperature3Name', 's', undefined, '---'],
  ['/System/Temperature4', 'd', undefined, '---'],
  ['/System/Temperature4Name', 's', undefined, '---'],
  ['/System/NrOfModulesOnline', 'i', 1, '1'],
  ['/System/NrOfModulesOffline', 'i', 0, '0'],
  ['/System/NrOfModulesBlockingCharge', 'i', 0, '0'],
  ['/System/NrOfModulesBlockingDischarge', 'i', 0, '0'],
  ['/System/NrOfCellsPerBattery', 'i', 16, '16'],
  ['/System/NrOfBatteries', 'i', 1, '1'],
  ['/System/BatteriesParallel', 'i', 1, '1'],
  ['/System/BatteriesSeries', 'i', 1, '1'],
  ['/Voltages/Sum', 'd', 53.02, '53.02V'],
  ['/Voltages/Diff', 'd', 0.003, '0.003V'],
  ['/Balancing', 'i', 1, '1'],
  ['/Balancer/Status', 'i', 2, '2'],
  ['/Io/AllowToCharge', 'i', 1, '1'],
  ['/Io/AllowToDischarge', 'i', 1, '1'],
  ['/Io/AllowToBalance', 'i', 1, '1'],
  ['/Alarms/LowVoltage', 'i', 0, '0'],
  ['/Alarms/HighVoltage', 'i', undefined, '---'],
  ['/Alarms/LowCellVoltage', 'i', undefined, '---'],
  ['/Alarms/HighCellVoltage', 'i', 1, '1'],
  ['/Alarms/LowSoc', 'i', undefined, '---'],
  ['/Alarms/HighChargeCurrent', 'i', undefined, '---'],
  ['/Alarms/HighDischargeCurrent', 'i', 0, '0'],
  ['/Alarms/HighCurrent', 'i', undefined, '---'],
  ['/Alarms/CellImbalance', 'i', undefined, '---'],
  ['/Alarms/InternalFailure', 'i', 0, '0'],
  ['/Alarms/HighChargeTemperature', 'i', undefined, '---'],
  ['/Alarms/LowChargeTemperature', 'i', undefined, '---'],
  ['/Alarms/HighTemperature', 'i', undefined, '---'],
  ['/Alarms/LowTemperature', 'i', undefined, '---'],
  ['/Alarms/HighInternalTemperature', 'i', undefined, '---'],
  ['/Alarms/Contactor', 'i', undefined, '---'],
  ['/Alarms/BmsCable', 'i', 0, '0'],
  ['/Alarms/FuseBlown', 'i', undefined, '---'],
  ['/Alarms/StateOfHealth', 'i', undefined, '---'],
  ['/Alarms/ChargeBlocked', 'i', undefined, '---'],
  ['/Alarms/DischargeBlocked', 'i', undefined, '---'],
  ['/History/DeepestDischarge', 'd', -37.9, '-37.9Ah'],
  ['/History/LastDischarge', 'd', undefined, '---'],
  ['/History/AverageDischarge', 'd', undefined, '---'],
  ['/History/TotalAhDrawn', 'd', -3700, '-3700.0Ah'],
  ['/History/ChargeCycles', 'i', 37, '37'],
  ['/History/FullDischarges', 'i', undefined, '---'],
  ['/History/MinimumVoltage', 'd', undefined, '---'],
  ['/History/MaximumVoltage', 'd', undefined, '---'],
  ['/History/MinimumCellVoltage', 'd', undefined, '---'],
  ['/History/MaximumCellVoltage', 'd', undefined, '---'],
  ['/History/TimeSinceLastFullCharge', 'i', 7200, '7200s'],
  ['/History/AutomaticSyncs', 'i', undefined, '---'],
  ['/History/LowVoltageAlarms', 'i', undefined, '---'],
  ['/History/HighVoltageAlarms', 'i', undefined, '---'],
  ['/History/MinimumTemperature', 'd', undefined, '---'],
  ['/History/MaximumTemperature', 'd', undefined, '---'],
  ['/History/DischargedEnergy', 'd', undefined, '---'],
  ['/History/ChargedEnergy', 'd', 199.8, '199.80kWh'],
  ['/History/CanBeCleared', 'i', 1, '1'],
  ['/History/Clear', 'i', 0, '0'],
  ...Array.from({ length: 16 }, (_, index) => {
    const volts = 3.312 + (index % 4) / 1000;
    return [`/Voltages/Cell${index + 1}`, 'd', Number(volts.toFixed(3)), `${volts.toFixed(3)}V`] as const;
  }),
  ...Array.from({ length: 16 }, (_, index) => {
    const active = index === 2 ? 1 : 0;
    return [`/Balances/Cell${index + 1}`, 'i', active, `${active}`] as const;
  }),
];

describe('the paths of a battery', () => {
  it.each(EXPECTED)('%s is %s %s with the text "%s"', (path, type, value, text) => {
    expect(shown(STATE).get(path)).toEqual({ path, type, value, text });
  });

  it('are exactly those of the contract, each once', () => {
    const paths = pathsOf(STATE).map((line) => line.path);
    expect([...paths].sort()).toEqual(EXPECTED.map(([path]) => path).sort());
  });

  it('are writable where a user may decide, and nowhere else', () => {
    expect([...WRITABLE.keys()].sort()).toEqual([
      '/CustomName',
      '/History/Clear',
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
});
