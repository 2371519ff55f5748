import { describe, expect, it } from 'vitest';
import { PortMissingError, PortRestingError } from '../../src/errors.ts';
import type { GattLink } from '../../src/transport/ble/gatt-link.ts';
import { LinkKeeper } from '../../src/transport/ble/keeper.ts';
import { ADDRESS, RadioScene } from '../support/radio.ts';

function keep(scene: RadioScene, address = ADDRESS) {
  const stop = new AbortController();
  const fewLinks: number[] = [];
  const keeper = new LinkKeeper({
    bluetooth: scene.bluetooth,
    clock: scene.clock,
    wanted: { address },
    random: () => 0.5,
    onFewLinks: (most) => fewLinks.push(most),
  });
  const running = keeper.run(stop.signal);
  const link = (): GattLink | Error => {
    try {
      return keeper.take();
    } catch (error) {
      return error instanceof Error ? error : new Error(String(error));
    }
  };
  return { fewLinks, keeper, link, running, stop };
}

describe('the keeper of a link', () => {
  it('says why there is none, and has it as soon as there is one', async () => {
    const scene = await RadioScene.open();
    const near = await scene.bring();
    near.faults.absent = true;
    const { keeper, link, stop } = keep(scene);
    expect(link()).toBeInstanceOf(PortMissingError);
    await scene.pass(20_000);
    expect(String(link())).toMatch(/does not advertise/);
    near.faults.absent = false;
    expect((await scene.until(keeper.linked(stop.signal)))?.isUp).toBe(true);
  });

  it('makes a link anew that is lost, at a pace that the radio bears', async () => {
    const scene = await RadioScene.open();
    const near = await scene.bring();
    near.faults.cutAfterMs = 60_000;
    keep(scene);
    await scene.pass(3_600_000);
    expect(near.device.connects).toBeGreaterThan(25);
    expect(near.device.connects).toBeLessThan(62);
  });

  it('ends the link when it is told to stop', async () => {
    const scene = await RadioScene.open();
    const near = await scene.bring();
    const { keeper, running, stop } = keep(scene);
    await scene.until(keeper.linked(stop.signal));
    stop.abort();
    await scene.until(running);
    await scene.pass(3000);
    expect(near.device.isLinked).toBe(false);
    expect(scene.bluetooth.tree.watched).toBe(1);
  });

  it('leaves the battery to others for as long as it is told', async () => {
    const scene = await RadioScene.open();
    const near = await scene.bring();
    const { keeper, link, stop } = keep(scene);
    await scene.until(keeper.linked(stop.signal));
    await scene.until(keeper.release(30_000));
    expect(link()).toBeInstanceOf(PortRestingError);
    await scene.pass(20_000);
    expect(near.device.isLinked).toBe(false);
    await scene.pass(15_000);
    expect(near.device.isLinked).toBe(true);
  });

  it('finds out that the radio carries fewer links than there are batteries', async () => {
    const scene = await RadioScene.open({ mostLinks: 3 });
    const kept = [];
    for (let number = 1; number <= 4; number += 1) {
      const address = `C8:47:80:00:00:0${number}`;
      await scene.bring('jbd', { address });
      kept.push(keep(scene, address));
    }
    await scene.pass(60_000);
    expect(scene.bluetooth.turns().most).toBe(3);
    expect(kept.flatMap(({ fewLinks }) => fewLinks)).toEqual([3]);
    expect(scene.adapter.links).toBe(3);
    expect(scene.bluetooth.turns().isWanted).toBe(true);
  });

  it('frees an adapter on which nothing works, not before three minutes and not while somebody uses it', async () => {
    const scene = await RadioScene.open();
    await scene.bring();
    scene.adapter.faults.stuck = true;
    const { link } = keep(scene);
    await scene.pass(170_000);
    expect(link()).toBeInstanceOf(Error);
    expect(scene.adapter.faults.stuck).toBe(true);
    await scene.pass(120_000);
    expect(link()).not.toBeInstanceOf(Error);
    expect(scene.bluez.calls.get('Set')).toBe(2);
  });

  it('makes BlueZ forget a device that fails three times in a row', async () => {
    const scene = await RadioScene.open();
    const near = await scene.bring();
    near.faults.unresolved = true;
    keep(scene);
    await scene.pass(120_000);
    expect(scene.bluez.calls.get('RemoveDevice')).toBeGreaterThanOrEqual(1);
  });
});
