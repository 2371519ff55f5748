import { describe, expect, it } from 'vitest';
import { CONTROL, STATE } from '../../test/support/battery-state.ts';
import type { BatteryView } from './battery-view.ts';
import { BusBank } from './bus-bank.ts';

const NAMES = ['a', 'b'];
const battery = (control: Partial<typeof CONTROL> = {}, more: Partial<BatteryView> = {}): BatteryView => ({
  ...STATE,
  ...more,
  bank: { name: 'house', isLed: true },
  control: { ...CONTROL, ...control },
});

/** Steps of a second each with the same members, from `from` on. */
function run(bank: BusBank, members: Readonly<Record<string, BatteryView>>, from: number, seconds: number) {
  const views = new Map(Object.entries(members));
  let shown = bank.step(NAMES, views, from);
  for (let s = 1; s <= seconds; s += 1) shown = bank.step(NAMES, views, from + 1000 * s);
  return shown;
}

describe('a bank of services', () => {
  it('is nothing while none of its members was there', () => {
    expect(run(new BusBank(), {}, 0, 3)).toBeUndefined();
  });

  it('has the limits of its members together and their capacities, and names who limits', () => {
    const shown = run(new BusBank(), { a: battery(), b: battery({ ccl: 30, cvl: 54 }) }, 0, 0);
    expect(shown?.control).toMatchObject({ cvl: 54, ccl: 60, dcl: 240 });
    expect(shown?.control.chargeReason).toMatch(/^Charge limited to 60 A for 2 packs; b: /);
    expect(shown?.reading).toMatchObject({ capacityFull: 200, current: -24.68 });
    expect(shown?.told).toMatchObject({ packs: 2, packsOnline: 2, minCell: 'a C1' });
    expect(shown?.facts.modules?.map(({ serialNumber }) => serialNumber)).toEqual(NAMES);
  });

  it('weighs the state of charge by capacity', () => {
    const small = battery({ soc: 20 }, { facts: { capacityFull: 100 } });
    const large = battery(
      { soc: 80 },
      { facts: { capacityFull: 300 }, reading: { ...STATE.reading, capacityFull: 300 } },
    );
    expect(run(new BusBank(), { a: small, b: large }, 0, 0)?.control.soc).toBe(65);
  });

  it('does not flicker when a member is late; after ten seconds it loses its share, and its limit goes on bounding', () => {
    const bank = new BusBank();
    const a = battery();
    run(bank, { a, b: battery({ ccl: 30 }) }, 0, 5);
    expect(run(bank, { a }, 5000, 9)?.control.ccl).toBe(60);
    const late = run(bank, { a }, 15_000, 1);
    expect(late?.control).toMatchObject({ ccl: 30, alarms: { bmsCable: 0 } });
    expect(late?.told?.packsOnline).toBe(1);
    const lost = run(bank, { a }, 17_000, 60);
    expect(lost?.control.alarms.bmsCable).toBe(2);
    expect(lost?.link.text).toContain('1 of 2 batteries answer; b silent for 00:01:');
  });

  it('takes a member back after some seconds of answers', () => {
    const bank = new BusBank();
    const both = { a: battery(), b: battery() };
    run(bank, both, 0, 2);
    run(bank, { a: battery() }, 3000, 20);
    expect(run(bank, both, 30_000, 3)?.control.ccl).toBe(100);
    expect(run(bank, both, 34_000, 3)?.control.ccl).toBe(200);
  });

  it('counts a member that says that its BMS is silent as silent at once', () => {
    const bank = new BusBank();
    run(bank, { a: battery(), b: battery() }, 0, 2);
    const silent = battery({}, { link: { ...STATE.link, online: false } });
    expect(run(bank, { a: battery(), b: silent }, 3000, 0)?.control.ccl).toBe(100);
  });

  it.each([
    ['zero', { ccl: 0, dcl: 0 }],
    ['negative', { ccl: -5, dcl: -1 }],
  ])('allows nothing while the limits of a member are %s, and names it', (_, limits) => {
    const { control } = run(new BusBank(), { a: battery(), b: battery(limits) }, 0, 0) ?? {};
    expect(control).toMatchObject({ ccl: 0, dcl: 0, allowToCharge: false });
    expect(control?.chargeReason).toMatch(/^b: /);
  });

  it.each([
    ['has limits of null', { alarms: {} }],
    ['gives no limits', undefined],
  ])('allows nothing while a member of another driver %s, and says so', (_, control) => {
    const { bank: _b, control: _c, ...foreign } = battery();
    const b = { ...foreign, ...(control !== undefined && { control }) };
    const shown = run(new BusBank(), { a: battery(), b }, 0, 0);
    expect(shown?.control).toMatchObject({ cvl: 55.2, ccl: 0, dcl: 0 });
    expect(shown?.control.chargeReason).toBe(
      'b: tells no limit of the charge voltage and of the charge current',
    );
  });

  it('keeps the charge voltage of a member that tells none any more', () => {
    const bank = new BusBank();
    run(bank, { a: battery(), b: battery({ cvl: 53 }) }, 0, 2);
    const { cvl: _, ...rest } = CONTROL;
    const shown = run(bank, { a: battery(), b: { ...battery(), control: rest } }, 3000, 1);
    expect(shown?.control).toMatchObject({ cvl: 53, ccl: 0 });
  });

  it('goes on with the others when the switches of a member are off', () => {
    const off = battery({ ccl: 0 }, { reading: { ...STATE.reading, chargeEnabled: false } });
    expect(run(new BusBank(), { a: battery(), b: off }, 0, 0)?.control).toMatchObject({ ccl: 100, dcl: 240 });
  });

  it('floats only when all float or are isolated', () => {
    const float = battery({ state: 'float', chargeMode: 'Float' });
    const state = (b: BatteryView) => run(new BusBank(), { a: float, b }, 0, 0)?.control.state;
    expect(state(battery({ state: 'absorb' }))).toBe('absorb');
    expect(state(float)).toBe('float');
    const off = battery({ state: 'bulk' }, { reading: { ...STATE.reading, chargeEnabled: false } });
    expect(state(off)).toBe('float');
  });

  it('names the member of an alarm', () => {
    const hot = battery({ alarms: { highTemperature: 2 } });
    const shown = run(new BusBank(), { a: battery({ alarms: {} }), b: hot }, 0, 0);
    expect(shown?.control.alarms).toMatchObject({ highTemperature: 2 });
    expect(shown?.link.text).toContain('b: highTemperature');
    expect(shown?.reading?.modules?.[1]?.alarms).toMatchObject({ highTemperature: 2 });
  });
});
