import { afterEach, describe, expect, it } from 'vitest';
import { parseSettings } from '../../src/settings/file.ts';
import type { AdapterOptions } from '../../src/simulator/bluez/adapter.ts';
import { longestGap, RadioSite } from '../support/radio-site.ts';

const sites: RadioSite[] = [];
afterEach(async () => {
  for (const site of sites.splice(0)) await site.close();
});

async function open(options: AdapterOptions = {}): Promise<RadioSite> {
  const site = await RadioSite.open(options);
  sites.push(site);
  return site;
}

describe('the service for Bluetooth batteries', () => {
  it('shows every battery by itself, with its type found out', async () => {
    const site = await open();
    const near = [
      await site.battery(1, 'jbd'),
      await site.battery(2, 'daly-d2'),
      await site.battery(3, 'ant'),
    ];
    site.run(near.map((one) => site.plan(one)));
    await site.isUp(...near);
    for (const one of near) {
      expect(site.of(one).freshAt.length).toBeGreaterThan(0);
      expect(site.of(one).last).toMatchObject({
        identity: { connection: `Bluetooth ${one.address}`, wireless: true },
        reading: { soc: expect.closeTo(60, 0) },
        link: { online: true },
      });
    }
    expect(site.warnings).toEqual([]);
  });

  it('keeps the links, and reads once a second', async () => {
    const site = await open();
    const near = [await site.battery(1), await site.battery(2)];
    site.run(near.map((one) => site.plan(one)));
    const from = await site.isUp(...near);
    await site.pass(180_000);
    for (const one of near) {
      expect(one.device.connects).toBe(1);
      expect(longestGap(site.of(one).freshAt, from, from + 180_000)).toBeLessThanOrEqual(1100);
    }
  });

  it('lets batteries take turns when the adapter carries fewer links, all of them fresh within 20 s', async () => {
    const site = await open({ mostLinks: 4 });
    const near = await Promise.all([1, 2, 3, 4, 5, 6, 7, 8].map((number) => site.battery(number)));
    site.run(near.map((one) => site.plan(one)));
    await site.pass(300_000);
    const gaps = near.map((one) => longestGap(site.of(one).freshAt, 120_000, 300_000));
    expect(Math.max(...gaps)).toBeLessThanOrEqual(20_000);
    expect(site.lines.filter((line) => line.includes('take turns'))).toEqual([
      'warn bluetooth: the adapter carries 4 links for 8 batteries: they take turns, and each is read about every 20 s',
    ]);
    expect(site.warnings.filter((line) => line.includes('link')).length).toBeLessThanOrEqual(2);
  });

  it('goes on for the others while one never answers a connect', async () => {
    const site = await open();
    const [good, bad] = [await site.battery(1), await site.battery(2)];
    bad.faults.connect = 'never';
    site.run([good, bad].map((one) => site.plan(one)));
    const from = await site.isUp(good);
    await site.pass(100_000);
    expect(longestGap(site.of(good).freshAt, from, from + 100_000)).toBeLessThanOrEqual(1100);
    expect(site.of(bad).at).toEqual([]);
  });

  it('says once what a device is that is no battery of the wanted type, and looks again later', async () => {
    const site = await open();
    const near = await site.battery(1, 'ant');
    const jbd = site.plan(near).drivers.filter(({ family }) => family === 'jbd');
    site.run([site.plan(near, { drivers: jbd })]);
    await site.pass(1_000_000);
    expect(site.warnings).toEqual([
      `warn bluetooth: ${near.address}: this device is none of jbd: it has other services (ffe0); it is looked at again every 5 min`,
    ]);
    expect(near.device.connects).toBeGreaterThanOrEqual(3);
  });

  it('gives the link to the phone for a while, and takes it back', async () => {
    const site = await open();
    const near = await site.battery(1);
    site.run([site.plan(near, { release: { everyMs: 120_000, forMs: 30_000 } })]);
    const from = await site.isUp(near);
    await site.pass(400_000);
    expect(near.device.connects).toBeGreaterThanOrEqual(3);
    expect(longestGap(site.of(near).freshAt, from, from + 400_000)).toBeGreaterThan(25_000);
    expect(longestGap(site.of(near).freshAt, from, from + 400_000)).toBeLessThan(45_000);
    expect(longestGap(site.of(near).at, from, from + 400_000)).toBeLessThanOrEqual(2500);
    expect(site.warnings.filter((line) => !line.startsWith('warn control'))).toEqual([]);
  });

  it('puts the current right before anything else sees it', async () => {
    const site = await open();
    const near = await site.battery(1);
    const text = '[battery]\ncurrentGain = 2\ncurrentOffset = -1.5\n';
    site.run([site.plan(near, { settings: parseSettings(text, 'test.toml').forPort() })]);
    await site.isUp(near);
    expect(site.of(near).last?.reading?.current).toBe(-1.5);
  });

  it('writes nothing to a battery but what its driver declares', async () => {
    const site = await open();
    const near = await site.battery(1);
    site.run([site.plan(near)]);
    await site.isUp(near);
    await site.pass(60_000);
    const frames = near.device.gatt.written.map(({ bytes }) => Buffer.from(bytes).toString('hex'));
    expect(frames.length).toBeGreaterThan(50);
    const { reads } = near.driver.sends;
    const found = frames.slice(-50).filter((frame) => !reads.some((pattern) => pattern.test(frame)));
    expect(found).toEqual([]);
  });

  it('ends every link and every watch when it is told to stop', async () => {
    const site = await open();
    const near = [await site.battery(1), await site.battery(2)];
    site.run(near.map((one) => site.plan(one)));
    await site.isUp(...near);
    site.stop.abort();
    await site.pass(5000);
    expect(near.map(({ device }) => device.isLinked)).toEqual([false, false]);
    expect(near.map((one) => site.of(one).closed)).toEqual([1, 1]);
    expect(site.scene.bluetooth.tree.watched).toBe(1);
    expect(site.failure).toBeUndefined();
  });

  it('ends with an error when the bus goes away', async () => {
    const site = await open();
    const near = await site.battery(1);
    site.run([site.plan(near)]);
    await site.isUp(near);
    site.scene.bus.die();
    await site.pass(5000);
    expect(site.failure).toMatchObject({ code: 'BUS' });
  });
});
