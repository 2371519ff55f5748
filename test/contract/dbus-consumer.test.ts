import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { BatteryView } from '../../src/battery/battery-view.ts';
import { connectBus } from '../../src/dbus/client.ts';
import { BatteryService } from '../../src/venus/battery-service.ts';
import { batteryServiceName } from '../../src/venus/names.ts';
import { CONTROL, STATE } from '../support/battery-state.ts';
import { eventually, startTestBus, type TestBus } from '../support/bus.ts';
import { AGES, CONTRACT, WHILE_SILENT } from '../support/contract-table.ts';
import { DbusMonitor, type HeldItem } from '../support/dbus-monitor.ts';

const NAME = batteryServiceName('ttyUSB0');

const { reading: _, ...UNREAD } = STATE;
const SILENT: BatteryView = {
  ...UNREAD,
  facts: { ...STATE.facts, cycles: 37 },
  control: { ...CONTROL, alarms: { ...CONTROL.alarms, bmsCable: 2 }, freshness: 'lost' },
  link: { online: false, text: 'last answer 00:01:10 ago', silentForS: 70, errorCode: 32 },
};
const MOVED: BatteryView = { ...STATE, identity: { ...STATE.identity, deviceInstance: 7 } };

/** What a consumer holds of every path after each of these, in this order. */
const PHASES = ['scanned', 'silent', 'back', 'gone', 'moved'] as const;
type Phase = (typeof PHASES)[number];

describe('a consumer that works as dbusmonitor does', () => {
  let daemon: TestBus;
  let monitor: DbusMonitor;
  const held = new Map<Phase, ReadonlyMap<string, HeldItem>>();
  const heard = new Map<Phase, readonly string[]>();

  const keep = (phase: Phase): void => {
    held.set(phase, new Map(monitor.items));
    heard.set(phase, monitor.heard.splice(0));
  };

  beforeAll(async () => {
    daemon = await startTestBus();
    monitor = await DbusMonitor.open(daemon.address, NAME);
    const log = { info: () => {}, warn: () => {}, debug: () => {} };
    const bus = await connectBus({ address: daemon.address });
    const service = await BatteryService.open({ bus, name: NAME, view: STATE, log, onCommand: () => true });
    await eventually(() => monitor.scans === 1);
    keep('scanned');
    service.update(SILENT);
    await monitor.settled();
    keep('silent');
    service.update(STATE);
    await monitor.settled();
    keep('back');
    const losses = monitor.losses;
    service.update(MOVED);
    await eventually(() => monitor.losses > losses);
    keep('gone');
    await eventually(() => monitor.scans === 2);
    keep('moved');
  });

  afterAll(async () => {
    monitor.close();
    await daemon.stop();
  });

  const seen = (phase: Phase, path: string) => held.get(phase)?.get(path);
  const item = (type: string, value: number | string | undefined, text: string): HeldItem => ({
    type: value === undefined ? 'ai' : type,
    value,
    text,
  });

  it.each(CONTRACT)('sees %s as %s %s, text "%s", when the battery appears', (path, type, value, text) => {
    expect(seen('scanned', path)).toEqual(item(type, value, text));
  });

  it.each(CONTRACT)('is told what becomes of %s when the BMS is silent', (path, type, value, text) => {
    const [now, as] = AGES.has(path) ? [undefined, '---'] : (WHILE_SILENT.get(path) ?? [value, text]);
    expect(seen('silent', path)).toEqual(item(type, now, as));
  });

  it.each(CONTRACT)('has %s again when the BMS answers again', (path, type, value, text) => {
    expect(seen('back', path)).toEqual(item(type, value, text));
  });

  it.each(CONTRACT)(
    'finds %s again after the battery moved to another instance',
    (path, type, value, text) => {
      const [now, as] = path === '/DeviceInstance' ? [7, '7'] : [value, text];
      expect(seen('moved', path)).toEqual(item(type, now, as));
    },
  );

  it('sees those paths and no others', () => {
    const paths = CONTRACT.map(([path]) => path).sort();
    for (const phase of ['scanned', 'silent', 'back', 'moved'] as const) {
      expect([...(held.get(phase)?.keys() ?? [])].sort(), phase).toEqual(paths);
    }
  });

  it('is told of each path that changed once, and of no other', () => {
    const changed = [...AGES, ...WHILE_SILENT.keys()].sort();
    expect([...(heard.get('silent') ?? [])].sort()).toEqual(changed);
    expect([...(heard.get('back') ?? [])].sort()).toEqual(changed);
    expect(heard.get('scanned')).toEqual([]);
  });

  it('holds nothing while the service is off the bus', () => {
    expect(held.get('gone')?.size).toBe(0);
  });
});
