import { describe, expect, it } from 'vitest';
import { busForEachTest, SettingsStandIn } from '../../test/support/bus.ts';
import { type Traits, writeTraits } from '../battery/traits.ts';
import type { Clock } from '../clock.ts';
import type { Bus } from '../dbus/bus.ts';
import { findGroup, type GroupOptions, TRAITS_SETTING } from './battery-group.ts';
import { batteryServiceName } from './names.ts';

const buses = busForEachTest();
const BASE = 'dbusbms_jk_1';

const known = (id: string, instance: number, traits?: Traits) => ({
  [`/Settings/Devices/${id}/ClassAndVrmInstance`]: `battery:${instance}`,
  ...(traits !== undefined && { [`/Settings/Devices/${id}/${TRAITS_SETTING}`]: writeTraits(traits, 0) }),
});

interface Found {
  readonly id: string | undefined;
  readonly bus: Bus;
  readonly log: readonly string[];
  readonly waitedMs: number;
}

/** Every wait is over as soon as `until` resolves; the waits are summed up. */
class Patience implements Clock {
  waitedMs = 0;
  readonly #until: Promise<unknown>;

  constructor(until: Promise<unknown> = Promise.resolve()) {
    this.#until = until;
  }

  now(): number {
    return this.waitedMs;
  }

  wall(): number {
    return 0;
  }

  after(ms: number, action: () => void): () => void {
    this.waitedMs += ms;
    void this.#until.then(action);
    return () => {};
  }
}

/** Looks for the group of the battery on a port; what it holds it holds until its bus is disconnected. */
async function look(
  port: string,
  traits: Traits,
  more: Partial<GroupOptions> = {},
  clock = new Patience(),
): Promise<Found> {
  const bus = await buses.connect();
  const log: string[] = [];
  const note = (text: string): void => void log.push(text);
  const id = await findGroup({
    bus,
    service: batteryServiceName(port),
    keys: [{ key: 'jk_1' }],
    traits,
    log: { info: note, warn: note, debug: note },
    clock,
    ...more,
  });
  return { id, bus, log, waitedMs: clock.waitedMs };
}

const settings = async (stored: Readonly<Record<string, string>> = {}): Promise<void> => {
  await SettingsStandIn.open(await buses.connect(), stored);
};
const at = (place: string, cycles?: number): Traits => ({
  place,
  ...(cycles !== undefined && { cycles }),
});

describe('the group of settings of a battery', () => {
  it('is that of its key, whatever else has changed about the only one that has it', async () => {
    await settings(known(BASE, 7, at('usb-1', 300)));
    expect((await look('ttyUSB0', at('usb-2', 12))).id).toBe(BASE);
  });

  it('is that of its key without a wait where nothing was written down yet', async () => {
    await settings(known(BASE, 7));
    expect(await look('ttyUSB0', at('usb-2', 12))).toMatchObject({ id: BASE, waitedMs: 0, log: [] });
  });

  it.each([2, 3, 4])('is another for each of %i that start at the same moment', async (count) => {
    await settings();
    const found = await Promise.all(
      Array.from({ length: count }, (_, index) => look(`ttyUSB${index}`, at(`usb-${index}`))),
    );
    const ids = found.map(({ id }) => id).sort();
    expect(ids).toEqual([BASE, `${BASE}__2`, `${BASE}__3`, `${BASE}__4`].slice(0, count));
    const lines = found.flatMap(({ log }) => log).join('\n');
    for (let index = 0; index < count; index += 1) expect(lines).toContain(`ttyUSB${index}`);
  });

  const pair = { ...known(BASE, 1, at('usb-1', 38)), ...known(`${BASE}__2`, 2, at('usb-2', 212)) };

  it.each<[string, Traits, string]>([
    ['stays where it was', at('usb-1', 38), BASE],
    ['was put to the place of the other, and its cycles tell it', at('usb-2', 38), BASE],
    ['is the other one at the place of the first', at('usb-1', 212), `${BASE}__2`],
    ['tells no cycles, so that the place decides', at('usb-2'), `${BASE}__2`],
    ['is a third one at a third place', at('usb-3', 5), `${BASE}__3`],
  ])('is found again when the battery %s', async (_, traits, id) => {
    await settings(pair);
    expect((await look('ttyUSB0', traits)).id).toBe(id);
  });

  it('is left to the battery that it belongs to when a stranger starts a little earlier', async () => {
    await settings(known(BASE, 1, at('usb-1', 300)));
    let isHere: () => void = () => {};
    const patience = new Patience(
      new Promise<void>((resolve) => {
        isHere = resolve;
      }),
    );
    const stranger = look('ttyUSB1', at('usb-2', 0), {}, patience);
    expect((await look('ttyUSB0', at('usb-1', 300))).id).toBe(BASE);
    isHere();
    expect(await stranger).toMatchObject({ id: `${BASE}__2`, waitedMs: 10_000 });
  });

  it('can be had again as soon as its holder is gone', async () => {
    await settings();
    const { bus } = await look('ttyUSB0', at('usb-1'));
    bus.disconnect();
    expect((await look('ttyUSB1', at('usb-1'))).id).toBe(BASE);
  });

  it('is no copy for a second driver on the same port, which is refused', async () => {
    await settings();
    await look('ttyUSB0', at('usb-1'));
    await expect(look('ttyUSB0', at('usb-1'))).rejects.toThrow(/ttyUSB0 is already on the bus/);
  });

  it('under a weak key is taken only where it exists and fits', async () => {
    await settings({
      ...known('dbusbms_jk_old', 5, at('usb-1', 40)),
      ...known('dbusbms_jk_there', 6, at('usb-9', 40)),
    });
    const keys = (weak: string, onlyIf: 'fitting' | 'here') => ({
      keys: [{ key: weak, onlyIf }, { key: 'jk_1' }],
    });
    expect((await look('a', at('usb-1', 3), keys('jk_old', 'fitting'))).id).toBe(BASE);
    expect((await look('b', at('usb-1', 40), keys('jk_old', 'here'))).id).toBe('dbusbms_jk_old');
    expect((await look('c', at('usb-1', 40), keys('jk_there', 'here'))).id).toBe(`${BASE}__2`);
  });

  it('of a battery that is new is that of its confirmed keys, and one that is known is not asked again', async () => {
    await settings(known(BASE, 7));
    let asked = 0;
    const confirm = async () => {
      asked += 1;
      return [{ key: 'jk_port' }];
    };
    expect((await look('a', at('usb-1'), { confirm })).id).toBe(BASE);
    expect(asked).toBe(0);
    expect((await look('b', at('usb-2'), { confirm, keys: [{ key: 'jk_new' }] })).id).toBe('dbusbms_jk_port');
  });
});
