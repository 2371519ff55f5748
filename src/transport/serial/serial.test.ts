import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openPty, type Pty } from '../../../test/support/pty.ts';
import { systemClock } from '../../clock.ts';
import { type BmsError, PortBusyError, PortLostError, PortMissingError } from '../../errors.ts';
import type { Accept } from '../../protocol/accept.ts';
import { HalfDuplex } from '../half-duplex.ts';
import { openWire } from '../open.ts';
import { parsePort } from '../port-url.ts';
import type { Wire } from '../wire.ts';
import { openSerial } from './serial.ts';

const LINE = { baudRate: 9600 };
/** Bytes that a terminal in its usual mode would change, echo, or act on. */
const REQUEST = Uint8Array.of(0x03, 0x0d, 0x0a, 0x11, 0x13, 0xff, 0x00, 0x04);
const REPLY = Uint8Array.of(0x0d, 0x0a, 0xff, 0x7f, 0x03, 0x1a);
const accept: Accept = (received) => (received.length < REPLY.length ? 'more' : REPLY.length);

let pty: Pty;
const opened: Wire[] = [];

beforeEach(async () => {
  pty = await openPty();
});

afterEach(async () => {
  for (const wire of opened.splice(0)) await wire.close();
  await pty.close();
});

async function open(line = LINE): Promise<Wire> {
  const wire = await openWire(parsePort(pty.path), line);
  opened.push(wire);
  return wire;
}

/** The bytes that come out at the device end, as soon as there are `count`. */
function atDevice(count: number): Promise<Uint8Array> {
  const all: number[] = [];
  return new Promise((resolve) => {
    pty.onBytes = (bytes) => {
      all.push(...bytes);
      if (all.length >= count) resolve(Uint8Array.from(all));
    };
  });
}

describe('a serial port', () => {
  it('carries every byte unchanged in both directions', async () => {
    const link = new HalfDuplex(await open(), { line: LINE, clock: systemClock });
    const seen = atDevice(REQUEST.length).then((bytes) => {
      pty.write(REPLY);
      return bytes;
    });
    expect(await link.ask(REQUEST, accept, 5000)).toEqual(REPLY);
    expect(await seen).toEqual(REQUEST);
  });

  it('has the rate that was asked for, and a new one later', async () => {
    const wire = await open({ baudRate: 19200 });
    expect(pty.baudRate()).toBe(19200);
    await wire.configure({ baudRate: 115200 });
    expect(pty.baudRate()).toBe(115200);
    await wire.configure({ baudRate: 12345 });
    expect(pty.baudRate()).toBe(12345);
  });

  it('goes on with another parity', async () => {
    const wire = await open();
    let told = 0;
    wire.onLost = () => {
      told += 1;
    };
    await wire.configure({ baudRate: 2400, parity: 'even', stopBits: 2 });
    expect(pty.baudRate()).toBe(2400);
    const seen = atDevice(REQUEST.length);
    await wire.write(REQUEST);
    expect(await seen).toEqual(REQUEST);
    expect(told).toBe(0);
  });

  it('is lost when the adapter is pulled out, and everything after that is refused', async () => {
    const wire = await open();
    const told: BmsError[] = [];
    const link = new HalfDuplex(wire, {
      line: LINE,
      clock: systemClock,
      onLost: (error) => told.push(error),
    });
    const asked = link.ask(REQUEST, accept, 60_000);
    await atDevice(REQUEST.length);
    await pty.close();
    await expect(asked).rejects.toThrow(PortLostError);
    await expect(link.ask(REQUEST, accept, 500)).rejects.toThrow(PortLostError);
    await expect(wire.write(REQUEST)).rejects.toThrow(PortLostError);
    await expect(wire.flush()).rejects.toThrow(PortLostError);
    await expect(wire.configure({ baudRate: 2400 })).rejects.toThrow(PortLostError);
    expect(told.map(({ code }) => code)).toEqual(['PORT_LOST']);
  });

  it('is lost even when the adapter is pulled out in the middle of a read', async () => {
    for (let round = 0; round < 20; round += 1) {
      const wire = await open();
      const lost = new Promise<BmsError>((resolve) => {
        wire.onLost = resolve;
      });
      await pty.close();
      expect(await lost).toBeInstanceOf(PortLostError);
      pty = await openPty();
    }
  });

  it('leaves bytes to the system while they are held, and then hands over all of them', async () => {
    const wire = await open();
    const heard: number[] = [];
    const all = new Promise<void>((resolve) => {
      wire.onBytes = (bytes) => {
        heard.push(...bytes);
        if (heard.length === 2 * REPLY.length) resolve();
      };
    });
    wire.intake?.hold();
    for (const echo of [REPLY, REPLY]) {
      pty.write(echo);
      const seen = atDevice(REQUEST.length);
      await wire.write(REQUEST);
      await seen;
    }
    expect(heard).toEqual([]);
    wire.intake?.resume();
    await all;
    expect(heard).toEqual([...REPLY, ...REPLY]);
  });

  it('is lost at once while bytes are held', async () => {
    const wire = await open();
    const lost = new Promise<BmsError>((resolve) => {
      wire.onLost = resolve;
    });
    wire.intake?.hold();
    await pty.close();
    expect(await lost).toBeInstanceOf(PortLostError);
    wire.intake?.resume();
    await expect(wire.write(REQUEST)).rejects.toThrow(PortLostError);
  });

  it('belongs to one program at a time', async () => {
    const wire = await open();
    const second = openSerial(pty.path, LINE);
    await expect(second).rejects.toThrow(PortBusyError);
    await expect(second).rejects.toThrow(`${pty.path} is in use by another program`);
    await wire.close();
    await expect(open()).resolves.toMatchObject({ name: pty.path });
  });

  it('takes nothing more after a close, of which nobody is told', async () => {
    const wire = await open();
    let told = 0;
    wire.onLost = () => {
      told += 1;
    };
    await wire.close();
    await wire.close();
    await expect(wire.write(REQUEST)).rejects.toThrow(PortLostError);
    expect(told).toBe(0);
  });

  it('drops what came before a flush', async () => {
    const wire = await open();
    await wire.close();
    pty.write(Uint8Array.of(1, 2, 3));
    const link = new HalfDuplex(await open(), { line: LINE, clock: systemClock });
    void atDevice(REQUEST.length).then(() => pty.write(REPLY));
    expect(await link.ask(REQUEST, accept, 5000)).toEqual(REPLY);
  });

  it.each([
    ['/dev/ttyUSB987', 'there is no port /dev/ttyUSB987; plug the adapter in'],
    ['/dev/null', '/dev/null cannot be used as a serial port'],
    ['/tmp', '/tmp cannot be used as a serial port'],
  ])('is missing when it is %s', async (path, words) => {
    const opening = openSerial(path, LINE);
    await expect(opening).rejects.toThrow(PortMissingError);
    await expect(opening).rejects.toThrow(words);
  });
});
