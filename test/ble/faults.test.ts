import { afterEach, describe, expect, it } from 'vitest';
import type { NearBattery } from '../support/radio.ts';
import { longestGap, RadioSite } from '../support/radio-site.ts';

const sites: RadioSite[] = [];
afterEach(async () => {
  for (const site of sites.splice(0)) await site.close();
});

/** One thing that goes wrong for a while. */
interface Fault {
  readonly name: string;
  readonly begin: (site: RadioSite, near: NearBattery) => unknown;
  readonly end: (site: RadioSite, near: NearBattery) => unknown;
  /** How long it lasts, s. */
  readonly lasts: number;
  /** Values come again so long after its end at the latest, s. */
  readonly backWithin: number;
}

const OFF = (site: RadioSite) => site.scene.adapter.setProperty(site.scene.adapter.path, 'Powered', false);
const ON = (site: RadioSite) => site.scene.adapter.setProperty(site.scene.adapter.path, 'Powered', true);
const clear = (_site: RadioSite, { faults }: NearBattery): void => {
  for (const key of Object.keys(faults) as (keyof typeof faults)[]) delete faults[key];
};
/** The link is lost, and what is wrong then keeps it from coming back. */
const cutWith =
  (faults: NearBattery['faults']) =>
  (_site: RadioSite, near: NearBattery): void => {
    Object.assign(near.faults, faults);
    near.device.lose(true);
  };

const FAULTS: readonly Fault[] = [
  {
    name: 'notifications stop without a disconnect',
    begin: (_site, { faults }) => Object.assign(faults, { mute: true }),
    end: clear,
    lasts: 20,
    backWithin: 30,
  },
  {
    name: 'notifications stop for so long that the link is made anew',
    begin: (_site, { faults }) => Object.assign(faults, { mute: true }),
    end: clear,
    lasts: 240,
    backWithin: 45,
  },
  { name: 'the link is lost once', begin: cutWith({}), end: () => {}, lasts: 10, backWithin: 10 },
  {
    name: 'connect never answers',
    begin: cutWith({ connect: 'never' }),
    end: clear,
    lasts: 60,
    backWithin: 100,
  },
  { name: 'connect fails', begin: cutWith({ connect: 'fails' }), end: clear, lasts: 60, backWithin: 75 },
  {
    name: 'connect gives no link',
    begin: cutWith({ connect: 'empty' }),
    end: clear,
    lasts: 60,
    backWithin: 75,
  },
  {
    name: 'services never resolve',
    begin: cutWith({ unresolved: true }),
    end: clear,
    lasts: 60,
    backWithin: 100,
  },
  {
    name: 'it does not let itself be listened to',
    begin: cutWith({ deaf: true }),
    end: clear,
    lasts: 60,
    backWithin: 75,
  },
  {
    name: 'another client has the battery',
    begin: (site, near) => {
      near.faults.absent = true;
      near.device.lose(true);
      site.scene.adapter.call('RemoveDevice', 'x', [near.device.path]);
    },
    end: clear,
    lasts: 120,
    backWithin: 120,
  },
  { name: 'the adapter is switched off for ten minutes', begin: OFF, end: ON, lasts: 600, backWithin: 15 },
  {
    name: 'the adapter is pulled out for ten minutes',
    begin: (site) => site.scene.adapter.vanish(true),
    end: (site) => site.scene.adapter.appear(),
    lasts: 600,
    backWithin: 15,
  },
  {
    name: 'bluetoothd is restarted',
    begin: (site) => site.scene.until(site.scene.bluez.stop()),
    end: (site) => site.scene.until(site.scene.bluez.start()),
    lasts: 20,
    backWithin: 15,
  },
  {
    name: 'somebody else scans for ever',
    begin: (site, near) => {
      site.scene.adapter.faults.discovery = 'inProgress';
      near.device.lose(true);
      site.scene.adapter.call('RemoveDevice', 'x', [near.device.path]);
    },
    end: (site) => delete site.scene.adapter.faults.discovery,
    lasts: 60,
    backWithin: 100,
  },
  {
    name: 'the adapter is stuck until it is switched off and on',
    begin: (site, near) => {
      site.scene.adapter.faults.stuck = true;
      near.device.lose(true);
    },
    end: () => {},
    lasts: 180,
    backWithin: 180,
  },
  {
    name: 'another program listens too',
    begin: (_site, { faults }) => Object.assign(faults, { doubled: true }),
    end: clear,
    lasts: 30,
    backWithin: 10,
  },
  {
    name: 'it hears only the other way of writing',
    begin: cutWith({ hears: 'command' }),
    end: () => {},
    lasts: 15,
    backWithin: 45,
  },
];

describe('a battery over Bluetooth, while', () => {
  it.each(FAULTS.map((fault) => [fault.name, fault] as const))('%s', async (_, fault) => {
    const site = await RadioSite.open();
    sites.push(site);
    const near = await site.battery(1);
    site.run([site.plan(near)]);
    await site.isUp(near);
    const shown = site.of(near);
    const { clock } = site.scene;
    const began = clock.now();
    await fault.begin(site, near);
    await site.pass(fault.lasts * 1000);
    await fault.end(site, near);
    const ended = clock.now();
    await site.pass(fault.backWithin * 1000 + 5000);
    const back = shown.freshAt.find((at) => at >= ended) ?? Number.POSITIVE_INFINITY;
    expect(back - ended).toBeLessThanOrEqual(fault.backWithin * 1000);
    // The control goes on all the time, and nothing that is old is shown as new.
    expect(longestGap(shown.at, began, ended)).toBeLessThanOrEqual(5000);
    // A fault is told in few lines.
    const said = site.warnings.filter((line) => /^(warn|error) (port|bluetooth|wire)/.test(line));
    expect(said.length).toBeLessThanOrEqual(2);
  });

  it('links are cut every 60 s for an hour: reconnects are paced, and told once', async () => {
    const site = await RadioSite.open();
    sites.push(site);
    const near = await site.battery(1);
    near.faults.cutAfterMs = 60_000;
    site.run([site.plan(near)]);
    const from = await site.isUp(near);
    await site.pass(3_600_000);
    expect(near.device.connects).toBeGreaterThan(25);
    expect(near.device.connects).toBeLessThan(62);
    expect(site.warnings.filter((line) => line.includes('warn port'))).toHaveLength(1);
    expect(longestGap(site.of(near).at, from, from + 3_600_000)).toBeLessThanOrEqual(5000);
  });
});
