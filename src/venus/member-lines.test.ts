import { expect, it } from 'vitest';
import { CONTROL, STATE } from '../../test/support/battery-state.ts';
import type { BatteryView } from '../battery/battery-view.ts';
import { changes } from './changes.ts';
import { readView } from './read-view.ts';

const pathsOf = (view: BatteryView) => new Map(changes(new Map(), view).map((item) => [item.path, item]));
const led: BatteryView = { ...STATE, bank: { name: 'house', isLed: true } };

it('a battery without a bank has no path of one', () => {
  expect([...pathsOf(STATE).keys()].filter((path) => path.startsWith('/Bank'))).toEqual([]);
});

it('a member whose bank is not there offers its limits as ever, and says whose it is', () => {
  const paths = pathsOf({ ...STATE, bank: { name: 'house', isLed: false } });
  expect(paths.get('/Info/MaxChargeVoltage')?.value).toBe(55.2);
  expect(paths.get('/Bank/Name')?.value).toBe('house');
  expect(paths.has('/Bank/MaxChargeVoltage')).toBe(false);
});

it('a member that is led has nothing for chargers, and keeps everything else', () => {
  const paths = pathsOf(led);
  expect([...paths.keys()].filter((path) => path.startsWith('/Info'))).toEqual([]);
  const lacking = [...pathsOf(STATE).keys()].filter((path) => !paths.has(path));
  expect(lacking.every((path) => path.startsWith('/Info/'))).toBe(true);
});

it('what a member hands over is read back as its limits, with the switches of its BMS', () => {
  const seen = readView('com.victronenergy.battery.ttyUSB0', pathsOf(led));
  const { alarms: _a, freshness: _f, notices: _n, soc: _s, timeToGo: _t, ...limits } = CONTROL;
  expect(seen.control).toMatchObject(limits);
  expect(seen.bank).toEqual({ name: 'house', isLed: true });
  expect(seen.reading).toMatchObject({ chargeEnabled: true, dischargeEnabled: true });
  expect(seen.told?.program).toBe('dbus-bms');
});
