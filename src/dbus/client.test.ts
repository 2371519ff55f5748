import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createConnection, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { eventually, startTestBus, type TestBus } from '../../test/support/bus.ts';
import { ManualClock } from '../../test/support/manual-clock.ts';
import { BusError } from '../errors.ts';
import { NO_REPLY } from './bus.ts';
import { connectBus, variant } from './client.ts';

const daemons: TestBus[] = [];
afterEach(async () => {
  for (const daemon of daemons.splice(0)) await daemon.stop();
});

async function start(): Promise<TestBus> {
  const daemon = await startTestBus();
  daemons.push(daemon);
  return daemon;
}

const call = (destination: string, member: string) => ({ destination, path: '/', interface: 'a.b', member });

describe('connecting', () => {
  it('fails with a BusError that names the address when there is no bus', async () => {
    const connecting = connectBus({ address: 'unix:path=/nonexistent/bus' });
    await expect(connecting).rejects.toThrow(BusError);
    await expect(connecting).rejects.toThrow(
      /no connection to D-Bus at unix:path=\/nonexistent\/bus: .*ENOENT/,
    );
  });

  it('fails with a BusError when the address is none', async () => {
    await expect(connectBus({ address: 'nonsense' })).rejects.toThrow(/not a D-Bus address/);
  });

  it('gives up after the deadline when the other side never speaks', async () => {
    const directory = mkdtempSync(join(tmpdir(), 'dbus-bms-mute-'));
    const server = createServer().listen(join(directory, 'bus'));
    await once(server, 'listening');
    const clock = new ManualClock();
    const connecting = connectBus({ address: `unix:path=${join(directory, 'bus')}`, clock });
    await expect(clock.until(connecting)).rejects.toThrow(/did not answer within 5 s/);
    server.close();
    rmSync(directory, { recursive: true });
  });
});

describe('a connection', () => {
  it('reports the death of the daemon once and settles every pending call', async () => {
    const daemon = await start();
    const silent = await connectBus({ address: daemon.address });
    const bus = await connectBus({ address: daemon.address });
    const losses: BusError[] = [];
    bus.onLost = (error) => losses.push(error);
    const pending = expect(bus.call(call(silent.name, 'Hello'))).rejects.toThrow(BusError);
    await daemon.kill();
    await pending;
    await eventually(() => losses.length > 0);
    bus.signal('/', 'a.b', 'Late', '', []);
    await expect(bus.call(call(silent.name, 'Hello'))).rejects.toThrow(/went away/);
    bus.disconnect();
    expect(losses).toHaveLength(1);
  });

  it('does not call a wanted end a loss', async () => {
    const daemon = await start();
    const bus = await connectBus({ address: daemon.address });
    const losses: BusError[] = [];
    bus.onLost = (error) => losses.push(error);
    bus.disconnect();
    await daemon.stop();
    expect(losses).toEqual([]);
    await expect(bus.call(call('x.y', 'Z'))).rejects.toThrow(BusError);
  });

  it('answers a call later, also with an error, and is told who called', async () => {
    const daemon = await start();
    const server = await connectBus({ address: daemon.address });
    const bus = await connectBus({ address: daemon.address });
    const callers: string[] = [];
    server.serve(({ member, sender }) => {
      callers.push(sender);
      if (member === 'Broken') return Promise.reject(new Error('a bug'));
      return Promise.resolve(
        member === 'Wrong' ? { error: 'a.b.No', text: 'not so' } : { signature: 's', body: ['later'] },
      );
    });
    expect(await bus.call(call(server.name, 'Hello'))).toEqual(['later']);
    await expect(bus.call(call(server.name, 'Wrong'))).rejects.toMatchObject({ errorName: 'a.b.No' });
    await expect(bus.call(call(server.name, 'Broken'))).rejects.toThrow('a bug');
    expect(callers).toEqual([bus.name, bus.name, bus.name]);
    bus.disconnect();
    server.disconnect();
  });

  it('waits for a call as long as that call may take', async () => {
    const daemon = await start();
    const silent = await connectBus({ address: daemon.address });
    silent.serve(() => new Promise(() => {}));
    const bus = await connectBus({ address: daemon.address });
    const slow = bus.call({ ...call(silent.name, 'Hello'), deadlineMs: 40 });
    await expect(slow).rejects.toThrow('did not answer within 0.04 s');
    bus.disconnect();
    silent.disconnect();
  });

  it('gives up a call that nobody answers after its deadline', async () => {
    const daemon = await start();
    const clock = new ManualClock();
    const mute = createConnection(daemon.address.replace('unix:path=', ''));
    const name = await authenticate(mute);
    const bus = await connectBus({ address: daemon.address, clock });
    const calling = bus.call(call(name, 'Anything'));
    await expect(clock.until(calling)).rejects.toMatchObject({ errorName: NO_REPLY });
    expect(clock.pending).toBe(0);
    mute.destroy();
    bus.disconnect();
  });

  it('answers an exception in the handler with a plain error, without a stack trace', async () => {
    const daemon = await start();
    const service = await connectBus({ address: daemon.address });
    service.serve(({ member }) => {
      if (member === 'Unsendable') return { signature: 'd', body: ['text'] };
      throw new Error('broken');
    });
    const client = await connectBus({ address: daemon.address });
    const thrown = client.call(call(service.name, 'Throw'));
    await expect(thrown).rejects.toMatchObject({ errorName: 'org.freedesktop.DBus.Error.Failed' });
    await expect(thrown).rejects.not.toThrow(/at .*\.ts/);
    service.disconnect();
    client.disconnect();
  });

  it('survives a message that the library cannot read, and answers the next', async () => {
    const daemon = await start();
    const service = await connectBus({ address: daemon.address });
    service.serve(() => ({ signature: 's', body: ['alive'] }));
    const socket = createConnection(daemon.address.replace('unix:path=', ''));
    await authenticate(socket);
    socket.write(descriptorCall(service.name));
    const client = await connectBus({ address: daemon.address });
    expect(await client.call(call(service.name, 'Next'))).toEqual(['alive']);
    expect(await client.call(call(service.name, 'Next'))).toEqual(['alive']);
    socket.destroy();
    service.disconnect();
    client.disconnect();
  });

  it('hears only the signals of its rules, and no more after unsubscribing', async () => {
    const daemon = await start();
    const sender = await connectBus({ address: daemon.address });
    const bus = await connectBus({ address: daemon.address });
    const heard: unknown[] = [];
    const unwatch = await bus.watch({ path: '/a', interface: 'a.b' }, ({ member }) => heard.push(member));
    await bus.watch({ path: '/b', interface: 'a.b' }, ({ body }) => heard.push(body[0]));
    sender.signal('/a', 'a.b', 'One', '', []);
    sender.signal('/c', 'a.b', 'Two', '', []);
    sender.signal('/b', 'a.b', 'Three', 'v', [variant('i', 3)]);
    await eventually(() => heard.length === 2);
    unwatch();
    sender.signal('/a', 'a.b', 'Four', '', []);
    sender.signal('/b', 'a.b', 'Five', 's', ['last']);
    await eventually(() => heard.length === 3);
    expect(heard).toEqual(['One', variant('i', 3), 'last']);
    sender.disconnect();
    bus.disconnect();
  });

  it('follows the owner of a name', async () => {
    const daemon = await start();
    const bus = await connectBus({ address: daemon.address });
    const owners: unknown[] = [];
    await bus.watchOwner('x.y', (owner) => owners.push(owner));
    const service = await connectBus({ address: daemon.address });
    await service.requestName('x.y');
    expect(await bus.ownerOf('x.y')).toBe(service.name);
    service.disconnect();
    await eventually(() => owners.length === 3);
    expect(owners).toEqual([undefined, service.name, undefined]);
    bus.disconnect();
  });
});

/** Logs in by hand, says Hello, and resolves with the unique name; afterwards the socket stays silent. */
async function authenticate(socket: ReturnType<typeof createConnection>): Promise<string> {
  const uid = Buffer.from(String(process.getuid?.() ?? 0)).toString('hex');
  socket.write(`\0AUTH EXTERNAL ${uid}\r\n`);
  await once(socket, 'data');
  socket.write('BEGIN\r\n');
  const daemon = 'org.freedesktop.DBus';
  socket.write(
    message(
      [
        [1, 'o', '/'],
        [2, 's', daemon],
        [3, 's', 'Hello'],
        [6, 's', daemon],
      ],
      1,
    ),
  );
  let received = '';
  while (!/:\d+\.\d+/.test(received)) {
    const [chunk] = await once(socket, 'data');
    received += String(chunk);
  }
  return /:\d+\.\d+/.exec(received)?.[0] ?? '';
}

/** A call whose argument is a file descriptor (type `h`) that does not come along. */
function descriptorCall(destination: string): Buffer {
  const fields: Field[] = [
    [1, 'o', '/'],
    [2, 's', 'a.b'],
    [3, 's', 'Poison'],
    [6, 's', destination],
    [8, 'g', 'h'],
  ];
  return message(fields, 2, Buffer.alloc(4));
}

type Field = readonly [code: number, type: 'o' | 's' | 'g', value: string];

/** A method call in D-Bus wire format, little endian. */
function message(fields: readonly Field[], serial: number, body: Buffer = Buffer.alloc(0)): Buffer {
  let array = Buffer.alloc(0);
  for (const [code, type, value] of fields) {
    const text = Buffer.from(`${value}\0`);
    const length = Buffer.alloc(type === 'g' ? 1 : 4);
    length[0] = text.length - 1;
    array = Buffer.concat([padded(array), Buffer.from([code, 1, type.charCodeAt(0), 0]), length, text]);
  }
  const head = Buffer.alloc(16);
  head.set([0x6c, 1, 0, 1]);
  head.writeUInt32LE(body.length, 4);
  head.writeUInt32LE(serial, 8);
  head.writeUInt32LE(array.length, 12);
  return Buffer.concat([head, padded(array), body]);
}

function padded(bytes: Buffer): Buffer {
  return Buffer.concat([bytes, Buffer.alloc((8 - (bytes.length % 8)) % 8)]);
}
