import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, describe, expect, it } from 'vitest';
import type { Responder } from '../../bms/driver.ts';
import { type BmsError, PortBusyError, PortLostError } from '../../errors.ts';
import { openSerial } from '../../transport/serial/serial.ts';
import { Plant } from '../plant/plant.ts';
import { parseScenario } from '../trials/scenario.ts';
import { VirtualClock } from '../virtual-clock.ts';
import { Device } from './device.ts';
import { listen, type Serving, servePty } from './serve.ts';

const QUESTION = 0x3f;
const LENGTH = 40;
const counting: Responder = {
  accept: (received) => (received[0] === QUESTION ? 1 : { refused: 'start' }),
  reply: () => ({ bytes: Uint8Array.from({ length: LENGTH }, (_, index) => index) }),
};
const ANSWER = Array.from({ length: LENGTH }, (_, index) => index);

const open: (() => Promise<unknown> | unknown)[] = [];
afterEach(async () => {
  for (const close of open.splice(0).reverse()) await close();
});

function deviceOf(scenario: Record<string, unknown> = {}) {
  const clock = new VirtualClock();
  const device = new Device({
    plant: new Plant(parseScenario(scenario)),
    responders: [counting],
    clock,
    baudRate: 9600,
    answerMs: 20,
  });
  open.push(() => device.close());
  return { clock, device };
}

async function started(serving: Promise<Serving>): Promise<Serving> {
  const result = await serving;
  open.push(() => result.close());
  return result;
}

function portOf(serving: Serving): number {
  return Number(new URL(serving.path).port);
}

async function client(port: number): Promise<Socket> {
  const socket = connect(port, '127.0.0.1');
  open.push(() => socket.destroy());
  await once(socket, 'connect');
  return socket;
}

/** Runs the device's time in small pieces until `length` bytes came; the socket needs real turns of the event loop. */
async function collect(
  clock: VirtualClock,
  stream: NodeJS.ReadableStream,
  length: number,
): Promise<number[]> {
  const bytes: number[] = [];
  const take = (piece: Uint8Array): number => bytes.push(...piece);
  stream.on('data', take);
  while (bytes.length < length) await clock.run(clock.now() + 1);
  stream.off('data', take);
  return bytes;
}

describe('a device on the network', () => {
  it('answers one client after the other', async () => {
    const { clock, device } = deviceOf();
    const serving = await started(listen(device, { port: 0, segments: 3 }));
    expect(serving.path).toMatch(/^tcp:\/\/127\.0\.0\.1:\d+$/);
    for (let turn = 0; turn < 2; turn++) {
      const socket = await client(portOf(serving));
      socket.write('?');
      expect(await collect(clock, socket, LENGTH)).toEqual(ANSWER);
      socket.destroy();
    }
  });

  it('lets go of its clients when it is closed', async () => {
    const { device } = deviceOf();
    const serving = await listen(device, { port: 0 });
    const socket = await client(portOf(serving));
    const closed = once(socket, 'close');
    await serving.close();
    await closed;
  });

  it('says when its port is taken', async () => {
    const { device } = deviceOf();
    const serving = await started(listen(device, { port: 0 }));
    await expect(listen(device, { port: portOf(serving) })).rejects.toThrow(PortBusyError);
  });

  it('drops its clients when it is unplugged, and takes them when it is back', async () => {
    const { clock, device } = deviceOf({
      steps: [
        { at: 2, line: { unplug: true } },
        { at: 4, line: {} },
      ],
    });
    const serving = await started(listen(device, { port: 0 }));
    const first = await client(portOf(serving));
    const gone = once(first, 'close');
    await clock.run(2500);
    await gone;
    const second = await client(portOf(serving));
    await once(second, 'close');
    await clock.run(4500);
    const third = await client(portOf(serving));
    third.write('?');
    expect(await collect(clock, third, LENGTH)).toEqual(ANSWER);
  });
});

describe('a device on a serial port', () => {
  const folder = mkdtempSync(join(tmpdir(), 'dbus-bms-serve-'));
  afterAll(() => rmSync(folder, { recursive: true }));
  const link = join(folder, 'ttyBMS');
  /** What a client of the port hears, byte by byte, and whether it lost the port. */
  const plugInto = async (baudRate: number) => {
    const wire = await openSerial(link, { baudRate });
    const heard: number[] = [];
    wire.onBytes = (bytes) => heard.push(...bytes);
    const lost = new Promise<BmsError>((resolve) => {
      wire.onLost = resolve;
    });
    open.push(() => wire.close());
    return { wire, heard, lost };
  };
  const QUESTION = Uint8Array.of(0x3f);

  it('answers at its own rate only', async () => {
    const { clock, device } = deviceOf();
    const serving = await started(servePty(device, link));
    expect(serving.path).toBe(link);
    const wrong = await plugInto(19_200);
    await wrong.wire.write(QUESTION);
    for (let turn = 0; turn < 500; turn += 1) await clock.run(clock.now() + 1);
    expect(wrong.heard).toEqual([]);
    await wrong.wire.close();
    const { heard, wire } = await plugInto(9600);
    await wire.write(QUESTION);
    while (heard.length < LENGTH) await clock.run(clock.now() + 1);
    expect(heard).toEqual(ANSWER);
  });

  it('vanishes when it is unplugged and comes back', async () => {
    const { clock, device } = deviceOf({
      steps: [
        { at: 2, line: { unplug: true } },
        { at: 4, line: {} },
      ],
    });
    const serving = await servePty(device, link);
    const { lost } = await plugInto(9600);
    await clock.run(2500);
    expect(await lost).toBeInstanceOf(PortLostError);
    expect(existsSync(link)).toBe(false);
    await clock.run(4500);
    while (!existsSync(link)) await clock.run(clock.now() + 1);
    const again = await plugInto(9600);
    await again.wire.write(QUESTION);
    while (again.heard.length < LENGTH) await clock.run(clock.now() + 1);
    expect(again.heard).toEqual(ANSWER);
    await again.wire.close();
    await serving.close();
    expect(existsSync(link)).toBe(false);
  });
});
