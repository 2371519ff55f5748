import { get, type IncomingMessage, request } from 'node:http';
import { connect, createServer } from 'node:net';
import { gunzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ManualClock } from '../../../test/support/manual-clock.ts';
import { battery, SITUATIONS } from '../../../test/support/situations.ts';
import { ConfigError } from '../../errors.ts';
import type { BridgedBattery } from '../output.ts';
import type { ToldBattery, ToldHistory } from './told.ts';
import { type WebOptions, WebOutput } from './web-output.ts';

const PAGE = new Map([['/', { type: 'text/html; charset=utf-8', bytes: Buffer.from('<!doctype html>') }]]);
let batteries: BridgedBattery[] = [];
let clock: ManualClock;
let lines: string[] = [];
let output: WebOutput;

async function open(options: Partial<WebOptions> = {}): Promise<WebOutput> {
  return WebOutput.open({
    host: '127.0.0.1',
    port: 0,
    guard: { names: ['venus.local'] },
    files: PAGE,
    about: async () => ({ version: '1.2.3', host: 'venus', logs: [] }),
    snapshot: {
      get batteries() {
        return batteries;
      },
    },
    clock,
    log: { info: (text) => lines.push(text), warn: (text) => lines.push(text) },
    ...options,
  });
}

beforeEach(async () => {
  batteries = [battery()];
  clock = new ManualClock();
  lines = [];
  output = await open();
});
afterEach(() => output.close());

interface Answer {
  readonly status: number;
  readonly headers: IncomingMessage['headers'];
  readonly text: string;
}

function ask(path: string, headers: Record<string, string> = {}, method = 'GET'): Promise<Answer> {
  return new Promise((resolve, reject) => {
    request(`http://${output.address}${path}`, { headers, method }, (response) => {
      const pieces: Buffer[] = [];
      response.on('data', (piece: Buffer) => pieces.push(piece));
      response.on('end', () => {
        const bytes = Buffer.concat(pieces);
        const isPacked = response.headers['content-encoding'] === 'gzip';
        const text = (isPacked ? gunzipSync(bytes) : bytes).toString();
        resolve({ status: response.statusCode ?? 0, headers: response.headers, text });
      });
    })
      .on('error', reject)
      .end();
  });
}

/** Follows the events of the page. */
async function follow(): Promise<{ next: (event: string) => Promise<unknown>; close: () => void }> {
  const response = await new Promise<IncomingMessage>((resolve) =>
    get(`http://${output.address}/events`, resolve),
  );
  let text = '';
  let wake = (): void => {};
  response.on('data', (piece: Buffer) => {
    text += piece.toString();
    wake();
  });
  response.on('error', () => undefined);
  return {
    async next(event) {
      for (;;) {
        const [, data] = new RegExp(`event: ${event}\\ndata: (.*)\\n\\n`).exec(text) ?? [];
        if (data !== undefined) {
          text = text.slice(text.indexOf(data) + data.length);
          return JSON.parse(data) as unknown;
        }
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      }
    },
    close: () => response.destroy(),
  };
}

const read = async (): Promise<ToldBattery[]> =>
  JSON.parse((await ask('/api/batteries')).text) as ToldBattery[];

describe('the page', () => {
  it('is served, packed where the browser can unpack it, with rules that let it reach nothing else', async () => {
    const plain = await ask('/');
    expect(plain).toMatchObject({ status: 200, text: '<!doctype html>' });
    expect((await ask('/', { 'accept-encoding': 'gzip' })).text).toBe('<!doctype html>');
    expect(plain.headers['content-security-policy']).toMatch(/default-src 'none'.*frame-ancestors 'none'/);
    expect(plain.headers['access-control-allow-origin']).toBeUndefined();
    expect(lines).toEqual([`the page is at http://${output.address}/`]);
  });

  it('tells every situation without a value that is not known', async () => {
    for (const situation of SITUATIONS) {
      batteries = [...situation.batteries];
      const text = (await ask('/api/batteries')).text;
      expect(JSON.parse(text)).toHaveLength(batteries.length);
      expect(text).not.toMatch(/NaN|undefined/);
    }
  });

  it('never tells the values of a battery that is silent or has left', async () => {
    batteries = [battery({ view: { link: { online: false, text: 'last answer 1 min ago', errorCode: 0 } } })];
    const [silent] = await read();
    expect(silent).toMatchObject({
      online: false,
      cells: [],
      temperatures: [],
      link: 'last answer 1 min ago',
    });
    expect(silent).not.toHaveProperty('voltage');
    expect(silent).not.toHaveProperty('current');
    batteries = [battery({ isOnBus: false })];
    const [gone] = await read();
    expect(gone).toMatchObject({ online: false, limits: {}, link: 'its driver has ended' });
    expect(gone).not.toHaveProperty('soc');
  });

  it('tells what changes within a second, and lives without changes', async () => {
    const page = await follow();
    expect(await page.next('batteries')).toMatchObject({
      ids: ['house'],
      changed: [{ id: 'house', current: 23.4 }],
    });
    await clock.advance(1000);
    await page.next('batteries');
    batteries = [battery({ reading: { current: 5 } })];
    await clock.advance(1000);
    expect(await page.next('batteries')).toMatchObject({ changed: [{ current: 5 }] });
    await clock.advance(1000);
    await clock.advance(1000);
    expect(await page.next('tick')).toEqual({});
    batteries = [];
    await clock.advance(1000);
    expect(await page.next('batteries')).toEqual({ ids: [], changed: [] });
    page.close();
  });

  it('says for how long an alarm has been raised', async () => {
    batteries = [battery({ control: { alarms: { highTemperature: 2 } } })];
    await clock.advance(1000);
    for (let second = 0; second < 90; second += 1) await clock.advance(1000);
    expect((await read())[0]?.alarms).toEqual([{ name: 'high temperature', level: 2, forS: 90 }]);
    batteries = [battery()];
    await clock.advance(1000);
    expect((await read())[0]?.alarms).toEqual([]);
  });

  it('keeps the last day, with holes where nothing was known', async () => {
    const minute = async (reading: Parameters<typeof battery>[0]): Promise<void> => {
      batteries = [battery(reading)];
      for (let second = 0; second < 60; second += 1) await clock.advance(1000);
    };
    await minute({ reading: { current: 1 } });
    await minute({ reading: { current: 2 } });
    await minute({ view: { link: { online: false, text: 'silent', errorCode: 0 } } });
    const history = JSON.parse((await ask('/api/history/house')).text) as ToldHistory;
    expect(history.current).toHaveLength(1440);
    expect(history.current.slice(-4)).toEqual([1, 2, null, null]);
    expect(history.modes).toEqual(['Bulk']);
    expect((await ask('/api/history/other')).status).toBe(404);
  });
});

describe('a hostile request', () => {
  it.each([
    ['/', { host: 'evil.example' }, 'GET', 403],
    ['/', { origin: 'http://evil.example' }, 'GET', 403],
    ['/', {}, 'POST', 405],
    ['/api/batteries', {}, 'DELETE', 405],
    ['/../../etc/passwd', {}, 'GET', 404],
    ['/api/history/..%2f..', {}, 'GET', 404],
    ['/api/history/__proto__', {}, 'GET', 404],
  ] as const)('%s %j %s gets %i', async (path, headers, method, status) => {
    expect((await ask(path, headers, method)).status).toBe(status);
  });

  it.each([
    ['rubbish', 'this is no request\r\n\r\n'],
    ['huge headers', `GET / HTTP/1.1\r\nhost: 127.0.0.1\r\nx: ${'y'.repeat(20_000)}\r\n\r\n`],
    ['two hosts', 'GET / HTTP/1.1\r\nhost: 127.0.0.1\r\nhost: evil.example\r\n\r\n'],
  ])('of %s is not answered, and the next one is', async (_name, text) => {
    const [host = '', port = ''] = output.address.split(':');
    const answer = await new Promise<string>((resolve) => {
      let came = '';
      const socket = connect(Number(port), host, () => socket.write(text));
      socket.on('data', (piece) => {
        came += piece.toString();
        if (came.includes('\r\n\r\n')) socket.destroy();
      });
      socket.on('error', () => undefined);
      socket.on('close', () => resolve(came));
    });
    expect(answer).not.toMatch(/^HTTP\/1.1 200/);
    expect((await ask('/')).status).toBe(200);
  });

  it('of 200 connections leaves the others answered', async () => {
    const [host = '', port = ''] = output.address.split(':');
    const sockets = Array.from({ length: 200 }, () =>
      connect(Number(port), host).on('error', () => undefined),
    );
    await Promise.all(
      sockets.map(
        (socket) => new Promise((resolve) => socket.once('close', resolve).once('connect', resolve)),
      ),
    );
    for (const socket of sockets) socket.destroy();
    await Promise.all(
      sockets.map((socket) =>
        socket.closed ? undefined : new Promise((resolve) => socket.once('close', resolve)),
      ),
    );
    expect((await ask('/')).status).toBe(200);
  });
});

describe('where nobody can listen', () => {
  it('says so in one line', async () => {
    const taken = createServer();
    await new Promise<void>((resolve) => taken.listen(0, '127.0.0.1', resolve));
    const address = taken.address();
    const port = typeof address === 'object' ? (address?.port ?? 0) : 0;
    await expect(open({ port })).rejects.toThrow(ConfigError);
    await expect(open({ port })).rejects.toThrow(
      /is taken by another program; choose another bridge\.web\.listen/,
    );
    await expect(open({ host: '203.0.113.7' })).rejects.toThrow(
      /203\.0\.113\.7 is no address of this device/,
    );
    taken.close();
  });
});
