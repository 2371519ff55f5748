import { describe, expect, it } from 'vitest';
import { jbd } from '../bms/jbd/index.ts';
import { TimeoutError } from '../errors.ts';
import type { PackReading } from '../model/reading.ts';
import { controlSettings } from '../settings/control.ts';
import { loadSettings } from '../settings/load.ts';
import { Battery, clockText } from './battery.ts';
import { Controller } from './controller.ts';

const READING: PackReading = {
  voltage: 52.8,
  current: 5,
  soc: 60,
  cellCount: 16,
  cellVoltages: new Array<number>(16).fill(3.3),
  temperatures: [20],
  capacityFull: 100,
  chargeEnabled: true,
  dischargeEnabled: false,
};
const SILENCE = { error: new TimeoutError('no reply') };

async function battery(): Promise<Battery> {
  const settings = (await loadSettings('/nonexistent/dbus-bms.toml')).forPort('ttyUSB0');
  return new Battery(7, new Controller(() => controlSettings(settings, jbd)), 0);
}

describe('a battery', () => {
  it('is no part of a bank before its first good sample', async () => {
    const silent = await battery();
    silent.take(SILENCE, 1000, {});
    expect(silent.member()).toBeUndefined();
    expect(silent.module()).toBeUndefined();
    expect(silent.silentForMs(61_000)).toBe(61_000);
    expect(silent.complaint).toBe('no reply');
  });

  it('takes part with its capacity, and says which of its FETs isolates it', async () => {
    const good = await battery();
    good.take({ reading: READING }, 1000, {});
    expect(good.member()).toMatchObject({
      name: 'pack 7',
      capacity: 100,
      chargeIsolated: false,
      dischargeIsolated: true,
    });
    expect(good.module()).toMatchObject({ address: 7, voltage: 52.8 });
    expect(good.complaint).toBeUndefined();
  });

  it('shows its measurements for ten seconds, and its facts for ever', async () => {
    const lost = await battery();
    lost.take({ reading: READING }, 1000, {});
    for (let now = 2000; now <= 12_000; now += 1000) lost.take(SILENCE, now, {});
    expect(lost.shown(11_000)).toMatchObject({ voltage: 52.8 });
    expect(lost.shown(11_001)).toBeUndefined();
    expect(lost.facts).toMatchObject({ capacityFull: 100 });
    expect(lost.link(12_000)).toMatchObject({ online: false, silentForS: 11 });
    expect(lost.link(12_000).text).toBe('last answer 00:00:11 ago: no reply');
    expect(lost.member()?.lastFresh).toBeDefined();
  });

  it('does not believe a reading that cannot be, and says why', async () => {
    const mad = await battery();
    mad.take({ reading: READING }, 1000, {});
    mad.take({ reading: { ...READING, cellVoltages: new Array<number>(16).fill(0) } }, 2000, {});
    expect(mad.complaint).toMatch(/./);
    expect(mad.shown(2000)?.cellVoltages?.[0]).toBe(3.3);
  });
});

describe('clockText', () => {
  it.each([
    [0, '00:00:00'],
    [83, '00:01:23'],
    [360_000, '100:00:00'],
  ])('of %i s is %s', (seconds, text) => {
    expect(clockText(seconds)).toBe(text);
  });
});
