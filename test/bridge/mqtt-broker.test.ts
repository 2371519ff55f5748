import { createServer, type Server, type Socket } from 'node:net';
import { Aedes } from 'aedes';
import { afterEach, describe, expect, it } from 'vitest';
import { systemClock } from '../../src/clock.ts';
import { forget } from '../../src/output/mqtt/forget.ts';
import { openLink } from '../../src/output/mqtt/library.ts';
import type { IncomingMessage, Link, LinkOptions } from '../../src/output/mqtt/link.ts';
import { Topics } from '../../src/output/mqtt/topics.ts';
import { eventually } from '../support/bus.ts';

const closing: (() => Promise<void> | void)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

/** A server on loopback whose connections are cut when the test ends. */
async function listen(onSocket: (socket: Socket) => void): Promise<string> {
  const sockets = new Set<Socket>();
  const server: Server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => socket.destroy());
    onSocket(socket);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  closing.push(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the server has a port');
  return `mqtt://127.0.0.1:${address.port}`;
}

async function broker(password?: string) {
  const aedes = await Aedes.createBroker({
    authenticate: (_client, _user, given, done) => {
      done(null, password === undefined || given?.toString() === password);
    },
  });
  closing.push(() => new Promise<void>((resolve) => aedes.close(resolve)));
  const sockets: Socket[] = [];
  const url = await listen((socket) => {
    sockets.push(socket);
    aedes.handle(socket);
  });
  return { aedes, sockets, url };
}

function open(options: Partial<LinkOptions> & { readonly url: string }) {
  const seen = {
    link: undefined as Link | undefined,
    ended: undefined as string | undefined,
    messages: [] as IncomingMessage[],
  };
  openLink(
    { clientId: 'test', ...options },
    {
      onOpen: (link) => {
        seen.link = link;
        closing.push(() => link.end());
      },
      onMessage: (message) => void seen.messages.push(message),
      onEnd: (reason) => {
        expect(seen.ended).toBeUndefined();
        seen.ended = reason;
      },
    },
  );
  return seen;
}

const text = (message: IncomingMessage | undefined): string => new TextDecoder().decode(message?.payload);

describe('a connection to a broker', () => {
  it('publishes, and a late subscriber gets what is retained', async () => {
    const { url } = await broker();
    const first = open({ url });
    await eventually(() => first.link !== undefined);
    await first.link?.publish('a/availability', 'online', { qos: 1, retain: true });
    await first.link?.publish('a/state', '{}', { qos: 0, retain: false });
    expect(first.link?.isReady).toBe(true);
    const late = open({ url, clientId: 'late' });
    await eventually(() => late.link !== undefined);
    late.link?.subscribe(['a/#']);
    await eventually(() => late.messages.length > 0);
    expect(late.messages.map(({ isRetained, topic }) => [topic, isRetained])).toEqual([
      ['a/availability', true],
    ]);
  });

  it('leaves a last will that the broker keeps, and ends once', async () => {
    const { sockets, url } = await broker();
    const first = open({ url, will: { topic: 'a/availability', payload: 'offline' } });
    await eventually(() => first.link !== undefined);
    sockets[0]?.destroy();
    await eventually(() => first.ended !== undefined);
    expect(first.ended).toBe('the broker closed the connection');
    const late = open({ url, clientId: 'late' });
    await eventually(() => late.link !== undefined);
    late.link?.subscribe(['a/#']);
    await eventually(() => late.messages.length > 0);
    expect(text(late.messages[0])).toBe('offline');
    await expect(first.link?.publish('a/b', 'x', { qos: 1, retain: false })).resolves.toBeUndefined();
  });

  it("is refused with a wrong password, in an owner's words", async () => {
    const { url } = await broker('right');
    const wrong = open({ url, user: 'me', password: 'wrong' });
    await eventually(() => wrong.ended !== undefined);
    expect(wrong.ended).toMatch(/user (or|and) password/);
    expect(wrong.link).toBeUndefined();
    const right = open({ url, user: 'me', password: 'right' });
    await eventually(() => right.link !== undefined);
  });

  it.each([
    ['that speaks HTTP', 'HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n'],
    ['that sends noise', '\xff\xff\xff\xff\xff\xff\xff\xff\xff'],
  ])('ends with one reason at a server %s', async (_what, answer) => {
    const url = await listen((socket) =>
      socket.on('data', () => socket.write(Buffer.from(answer, 'latin1'))),
    );
    const seen = open({ url });
    await eventually(() => seen.ended !== undefined);
    expect(seen.ended).toMatch(/MQTT|closed/);
  });

  it('ends where nothing listens', async () => {
    const seen = open({ url: 'mqtt://127.0.0.1:1' });
    await eventually(() => seen.ended !== undefined);
    expect(seen.ended).toBe('nothing listens there');
  });

  it('is not ready while the broker takes nothing', async () => {
    const url = await listen((socket) => {
      socket.once('data', () => {
        socket.write(Buffer.from([0x20, 0x02, 0x00, 0x00]));
        socket.pause();
      });
    });
    const seen = open({ url });
    await eventually(() => seen.link !== undefined);
    for (let n = 0; n < 64; n += 1) void seen.link?.publish('a', 'x', { qos: 1, retain: false });
    expect(seen.link?.isReady).toBe(false);
  });
});

it('takes back what a battery left at the broker, and nothing else', async () => {
  const { url } = await broker();
  const first = open({ url });
  await eventually(() => first.link !== undefined);
  const left = [
    'dbus-bms/A100/availability',
    'dbus-bms/A100/info',
    'homeassistant/device/dbus-bms_A100/config',
    'homeassistant/sensor/dbus-bms_A100/voltage/config',
  ];
  const others = ['dbus-bms/A1000/info', 'homeassistant/device/dbus-bms_A1000/config'];
  for (const topic of [...left, ...others]) await first.link?.publish(topic, '{}', { qos: 1, retain: true });
  const options = {
    id: 'A100',
    open: openLink,
    topics: new Topics('dbus-bms'),
    discoveryTopic: 'homeassistant',
    link: { url, clientId: 'forget' },
    clock: { ...systemClock, after: (_ms: number, action: () => void) => systemClock.after(60, action) },
  };
  expect(await forget(options)).toEqual(left.sort());
  expect(await forget(options)).toEqual([]);
  const late = open({ url, clientId: 'late' });
  await eventually(() => late.link !== undefined);
  late.link?.subscribe(['#']);
  await eventually(() => late.messages.length >= others.length);
  expect(late.messages.map(({ topic }) => topic).sort()).toEqual(others.sort());
});
