import { describe, expect, it } from 'vitest';
import { PortLostError } from '../../src/errors.ts';
import { GattWire, type Learned } from '../../src/transport/ble/gatt-wire.ts';
import { HalfDuplex } from '../../src/transport/half-duplex.ts';
import { ADDRESS, type NearBattery, RadioScene } from '../support/radio.ts';

const LINE = { baudRate: 2400, wayMs: 700 };

async function linked(scene: RadioScene, near: NearBattery, learned: Learned = {}) {
  const link = await scene.until(scene.bluetooth.connect({ address: ADDRESS }));
  const doubled: string[] = [];
  const wire = new GattWire({
    link,
    name: 'ble',
    clock: scene.clock,
    learned,
    onDoubled: () => doubled.push('doubled'),
  });
  const losses: Error[] = [];
  const half = new HalfDuplex(wire, {
    line: LINE,
    clock: scene.clock,
    onLost: (error) => losses.push(error),
  });
  const [port] = near.driver.reach.bluetooth?.ports ?? [];
  await scene.until(half.configure({ ...LINE, ...(port !== undefined && { gatt: port }) }));
  const session = near.driver.open(half, near.driver.reach.serial.addresses[0] ?? 0);
  return { doubled, half, link, losses, session, wire };
}

describe('a battery over Bluetooth', () => {
  it.each(['jbd', 'daly', 'daly-d2', 'daly-p81', 'ant', 'ant-old'])(
    'of type %s is read like one on a cable, in fragments of 20 bytes and in whole frames',
    async (id) => {
      for (const mtu of [23, 247]) {
        const scene = await RadioScene.open();
        const near = await scene.bring(id, { mtu });
        const { session } = await linked(scene, near);
        expect(await scene.until(session.probe())).toMatchObject({ voltage: expect.any(Number) });
        const reading = await scene.until(session.read());
        expect(reading).toMatchObject({ soc: expect.closeTo(60, 0), cellVoltages: expect.any(Array) });
        expect(reading.cellVoltages).toHaveLength(16);
      }
    },
  );

  it('is asked in the other way when it hears only that, and that way is kept', async () => {
    for (const hears of ['request', 'command'] as const) {
      const scene = await RadioScene.open();
      const near = await scene.bring();
      near.faults.hears = hears;
      const learned: Learned = {};
      const { session } = await linked(scene, near, learned);
      // The first write mode that BlueZ offers is tried three times.
      await scene.until(session.probe().catch(() => undefined));
      expect(await scene.until(session.probe())).toMatchObject({ voltage: expect.any(Number) });
      expect(learned).toEqual({ writeMode: hears });
    }
  });

  it('is written to in pieces that its radio carries', async () => {
    const scene = await RadioScene.open({ tellsMtu: false });
    const near = await scene.bring();
    const { wire } = await linked(scene, near);
    await scene.until(wire.write(new Uint8Array(45)));
    expect(near.device.gatt.written.map(({ bytes }) => bytes.length)).toEqual([20, 20, 5]);
  });

  it('is understood where another program listens too, and that is told once', async () => {
    const scene = await RadioScene.open();
    const near = await scene.bring();
    const { doubled, session } = await linked(scene, near);
    near.faults.doubled = true;
    const outcomes: boolean[] = [];
    for (let poll = 0; poll < 6; poll += 1)
      outcomes.push(
        await scene.until(
          session.read().then(
            () => true,
            () => false,
          ),
        ),
      );
    expect(outcomes.slice(1)).toEqual([true, true, true, true, true]);
    expect(doubled).toEqual(['doubled']);
  });

  it('that falls silent without a word is a timeout, and answers again on the same link', async () => {
    const scene = await RadioScene.open();
    const near = await scene.bring();
    const { session } = await linked(scene, near);
    await scene.until(session.read());
    near.faults.mute = true;
    await expect(scene.until(session.read())).rejects.toMatchObject({ code: 'REPLY_TIMEOUT' });
    near.faults.mute = false;
    expect(await scene.until(session.read())).toMatchObject({ soc: expect.any(Number) });
    expect(near.device.connects).toBe(1);
  });

  it('that does not let itself be listened to is refused with words', async () => {
    const scene = await RadioScene.open();
    const near = await scene.bring();
    near.faults.deaf = true;
    await expect(linked(scene, near)).rejects.toThrow(/does not let itself be listened to: .*0x0e/);
  });

  it('whose link is lost in the middle of a frame ends the exchange at once', async () => {
    const scene = await RadioScene.open();
    const near = await scene.bring();
    const { losses, session, wire } = await linked(scene, near);
    const reading = session.read();
    const outcome = expect(reading).rejects.toBeInstanceOf(PortLostError);
    await scene.pass(95);
    near.device.lose(true);
    await scene.pass(5);
    await outcome;
    expect(losses).toHaveLength(1);
    await expect(wire.write(Uint8Array.of(1))).rejects.toBeInstanceOf(PortLostError);
  });

  it('on the characteristics of another type says that it has none', async () => {
    const scene = await RadioScene.open();
    const near = await scene.bring('jbd');
    const { half } = await linked(scene, near);
    const other = { service: 'ffe0', notify: 'ffe1', write: 'ffe1' };
    await expect(scene.until(half.configure({ ...LINE, gatt: other }))).rejects.toThrow(
      /has no characteristic ffe1 in its service ffe0/,
    );
  });
});
