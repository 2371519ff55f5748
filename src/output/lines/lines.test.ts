import { createServer, type IncomingMessage } from 'node:http';
import { gunzipSync } from 'node:zlib';
import fc from 'fast-check';
import { afterEach, describe, expect, it } from 'vitest';
import { STATE } from '../../../test/support/battery-state.ts';
import { ManualClock } from '../../../test/support/manual-clock.ts';
import { type HttpAnswer, type HttpRequest, httpClient } from '../http.ts';
import type { BridgedBattery } from '../output.ts';
import { linesOf } from './line-protocol.ts';
import { type LinesOptions, LinesOutput } from './lines-output.ts';
import { Ring } from './ring.ts';

const HOUSE: BridgedBattery = { id: 'A100', name: 'House', isOnBus: true, view: STATE, wishes: new Set() };
const NOW = Date.UTC(2026, 0, 1);

/** The line protocol as a store reads it; undefined when it does not. */
function read(line: string) {
  const match = /^((?:\\.|[^ \\])+) ((?:\\.|[^ \\])+) (\d+)$/.exec(line);
  if (match === null) return undefined;
  const [, head = '', body = '', time = ''] = match;
  const parts = (text: string, sign: string) =>
    text.split(new RegExp(`(?<!\\\\)${sign}`)).map((part) => part.replaceAll(/\\([ ,=])/g, '$1'));
  const raw = (text: string, sign: string) => text.split(new RegExp(`(?<!\\\\)${sign}`));
  const [measurement = '', ...tags] = raw(head, ',');
  const pair = (text: string): [string, string] => {
    const [name = '', value = ''] = parts(text, '=');
    return [name, value];
  };
  return {
    measurement,
    tags: Object.fromEntries(tags.map(pair)),
    fields: Object.fromEntries(raw(body, ',').map(pair)),
    time: Number(time),
  };
}

describe('the lines of a battery', () => {
  it('are one for the battery, one for each cell and one for each sensor', () => {
    const lines = linesOf(HOUSE, { site: 'home' }, NOW);
    expect(lines).toHaveLength(1 + 16 + 2);
    expect(lines[0]).toMatch(
      /^battery,id=A100,site=home,type=jbd voltage=53\.02,current=-12\.34,power=-654\.3,soc=62,/,
    );
    expect(lines[0]).toMatch(/,problem=1,.*charging=0,.*energy_in=199\.8,charge_out=3700 1767225600000$/);
    expect(lines[1]).toBe('battery_cell,cell=01,id=A100,site=home,type=jbd voltage=3.312 1767225600000');
    expect(lines.at(-1)).toBe('battery_temp,id=A100,sensor=2,site=home,type=jbd value=27.3 1767225600000');
  });

  it('leave out what is not known, and texts', () => {
    const [line = ''] = linesOf(
      { ...HOUSE, view: { ...STATE, reading: { voltage: Number.NaN, current: 1 } } },
      {},
      NOW,
    );
    expect(line).not.toMatch(/voltage=|charge_mode|NaN|undefined|true/);
    const { control: _, history: __, ...rest } = STATE;
    const silent = { ...rest, reading: {}, facts: {}, link: { ...STATE.link, errorCode: 0 } };
    for (const text of linesOf({ ...HOUSE, view: silent }, {}, NOW)) expect(text).toMatch(/error_code=0/);
  });

  it('leave the energy of a pack to its bank', () => {
    expect(linesOf({ ...HOUSE, bank: 'B1' }, {}, NOW)[0]).not.toContain('energy_in');
  });

  it('are read as they were meant, whatever stands in a tag', () => {
    const text = fc.string({ unit: 'binary', maxLength: 20 });
    const odd = fc.array(fc.constantFrom(' ', ',', '=', '\\', '\n', '"', 'ü', '😀', 'a'), { maxLength: 12 });
    const tag = fc.oneof(
      text,
      odd.map((signs) => signs.join('')),
    );
    fc.assert(
      fc.property(tag, tag, (value, name) => {
        for (const line of linesOf(
          HOUSE,
          { boat: value, ...(name.trim() !== '' && { [`x${name}`]: 'y' }) },
          NOW,
        )) {
          expect(line).not.toContain('\n');
          const back = read(line);
          expect(back?.time).toBe(NOW);
          expect(back?.tags['id']).toBe('A100');
          for (const field of Object.values(back?.fields ?? {}))
            expect(Number.isFinite(Number(field))).toBe(true);
          const plain = value.replaceAll(/\p{Cc}+/gu, ' ').trim();
          if (plain !== '' && !plain.includes('\\')) expect(back?.tags['boat']).toBe(plain);
        }
      }),
      { numRuns: 300 },
    );
  });
});

function outputOf(options: Partial<LinesOptions> = {}) {
  const clock = new ManualClock(NOW);
  const lines: string[] = [];
  const requests: HttpRequest[] = [];
  const store = { answer: (): HttpAnswer | Error => ({ status: 204, body: '' }), taken: [] as string[] };
  const say = (level: string) => (text: string) => void lines.push(`${level}: ${text}`);
  const batteries = [HOUSE];
  const output = new LinesOutput(
    {
      url: 'http://store:8086',
      kind: 'v1',
      database: 'batteries',
      createDatabase: false,
      bucket: 'batteries',
      period: 10,
      tags: {},
      builtAt: NOW - 1,
      ...options,
    },
    {
      snapshot: { batteries },
      clock,
      log: { error: say('error'), warn: say('warn'), info: say('info'), debug: () => {}, debugging: false },
      random: () => 1,
      ask: async (request) => {
        requests.push(request);
        const answer = store.answer();
        if (answer instanceof Error) throw answer;
        if (answer.status < 300 && request.body !== undefined) {
          store.taken.push(...gunzipSync(request.body).toString().trim().split('\n'));
        }
        return answer;
      },
    },
  );
  output.start();
  const times = () =>
    store.taken.filter((line) => line.startsWith('battery,')).map((line) => Number(line.split(' ')[2]));
  return { batteries, clock, lines, output, requests, store, times };
}

describe('an output of lines', () => {
  it('samples at its pace and sends each half minute, compressed', async () => {
    const { clock, requests, times } = outputOf();
    await clock.advance(60_000);
    expect(requests.map(({ url }) => url.href)).toEqual([
      'http://store:8086/write?db=batteries&precision=ms',
      'http://store:8086/write?db=batteries&precision=ms',
    ]);
    expect(times()).toEqual([10, 20, 30, 40, 50].map((s) => NOW + s * 1000));
  });

  it('asks for the interface of InfluxDB 2 with a token, below the path of the address', async () => {
    const { clock, requests } = outputOf({
      url: 'http://store/influx',
      kind: 'v2',
      org: 'me',
      token: 'secret',
    });
    await clock.advance(31_000);
    expect(requests[0]?.url.href).toBe(
      'http://store/influx/api/v2/write?bucket=batteries&precision=ms&org=me',
    );
    expect(requests[0]?.headers).toMatchObject({ authorization: 'Token secret', 'content-encoding': 'gzip' });
  });

  it('loses nothing while the store is away for three hours, and says so in two lines', async () => {
    const { clock, lines, store, times } = outputOf();
    store.answer = () => new Error('nothing listens there');
    await clock.advance(3 * 3_600_000);
    store.answer = () => ({ status: 204, body: '' });
    await clock.advance(330_000);
    const expected = Array.from({ length: times().length }, (_, n) => NOW + (n + 1) * 10_000);
    expect(times()).toEqual(expected);
    expect(times().length).toBeGreaterThanOrEqual(3 * 360 + 30);
    expect(lines).toEqual([
      'warn: http://store:8086 cannot be reached: nothing listens there; measurements of some hours are kept',
      'info: measurements go to http://store:8086',
    ]);
  });

  it('keeps so many bytes and no more, and drops the oldest', () => {
    const ring = new Ring(100);
    for (let n = 0; n < 30; n += 1) ring.add(new Uint8Array(9).fill(n));
    expect(ring.bytes).toBe(99);
    expect(ring.dropped).toBe(19);
    expect(ring.first?.[0]).toBe(19);
    ring.add(new Uint8Array(101));
    expect([ring.bytes, ring.first]).toEqual([0, undefined]);
  });

  it.each([
    [400, '{"error":"partial write: field type conflict"}', /refuses measurements \(400\): partial write/],
    [413, '', /refuses measurements \(413\): it says nothing more/],
  ])('drops a batch that is refused with %i, in one line, and goes on', async (status, body, expected) => {
    const { clock, lines, requests, store } = outputOf();
    store.answer = () => ({ status, body });
    await clock.advance(90_000);
    expect(requests).toHaveLength(3);
    expect(lines).toEqual([expect.stringMatching(expected)]);
    store.answer = () => ({ status: 204, body: '' });
    await clock.advance(30_000);
    expect(store.taken.filter((line) => line.startsWith('battery,'))).toHaveLength(3);
  });

  it.each([
    [401, /wants another user/],
    [404, /has no such database/],
    [302, /sends us elsewhere/],
  ])('asks again after five minutes where %i keeps it out, with fresh samples', async (status, expected) => {
    const { clock, lines, requests, store, times } = outputOf();
    store.answer = () => ({ status, body: '' });
    await clock.advance(361_000);
    expect(requests).toHaveLength(2);
    expect(lines).toEqual([expect.stringMatching(expected)]);
    store.answer = () => ({ status: 204, body: '' });
    await clock.advance(330_000);
    expect(Math.min(...times())).toBeGreaterThanOrEqual(NOW + 330_000);
  });

  it('waits as long as the store asks for', async () => {
    const { clock, requests, store } = outputOf();
    store.answer = () => ({ status: 503, body: '', retryAfter: 120 });
    await clock.advance(149_000);
    expect(requests).toHaveLength(1);
    await clock.advance(2_000);
    expect(requests).toHaveLength(2);
  });

  it('creates a database that is not there, once, where that is allowed', async () => {
    const { clock, requests, store } = outputOf({ createDatabase: true });
    let isThere = false;
    store.answer = () => ({ status: isThere ? 204 : 404, body: '{"error":"database not found"}' });
    await clock.advance(29_000);
    const create = () => requests.filter(({ url }) => url.pathname === '/query');
    await clock.advance(2_000);
    expect(create().map(({ url }) => url.searchParams.get('q'))).toEqual(['CREATE DATABASE "batteries"']);
    isThere = true;
    await clock.advance(400_000);
    expect(create()).toHaveLength(1);
    expect(store.taken.length).toBeGreaterThan(0);
  });

  it('writes nothing while the clock of the device is wrong, and drops what has wrong times when it is set', async () => {
    const { clock, lines, store, times } = outputOf();
    clock.setWall(Date.UTC(2020, 0, 1));
    await clock.advance(120_000);
    expect(store.taken).toEqual([]);
    clock.setWall(NOW + 120_000);
    await clock.advance(20_000);
    clock.setWall(NOW + 86_400_000);
    await clock.advance(60_000);
    expect(Math.min(...times())).toBeGreaterThanOrEqual(NOW + 86_400_000);
    expect(lines[0]).toMatch(/clock of this device is wrong/);
  });

  it('tells nothing of a battery that is silent', async () => {
    const { batteries, clock, store } = outputOf();
    batteries[0] = { ...HOUSE, isOnBus: false };
    await clock.advance(60_000);
    expect(store.taken).toEqual([]);
  });
});

describe('a client over HTTP', () => {
  const closing: (() => void)[] = [];
  afterEach(() => {
    for (const close of closing.splice(0)) close();
  });

  async function serve(answer: (request: IncomingMessage) => [number, string]) {
    const connections = new Set<unknown>();
    const server = createServer((request, response) => {
      connections.add(request.socket);
      request.resume().on('end', () => {
        const [status, body] = answer(request);
        response.writeHead(status, { location: 'http://elsewhere/' }).end(body);
      });
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const client = httpClient();
    closing.push(
      () => client.close(),
      () => server.close(),
    );
    const address = server.address();
    const port = address === null || typeof address === 'string' ? 0 : address.port;
    return { client, connections, url: new URL(`http://127.0.0.1:${port}/write`) };
  }

  it('keeps its connection, reads the beginning of an answer, and follows no redirect', async () => {
    const { client, connections, url } = await serve(() => [302, 'x'.repeat(100_000)]);
    for (let n = 0; n < 3; n += 1) {
      const { body, status } = await client.ask({ method: 'POST', url, body: new Uint8Array(10) });
      expect([status, body.length]).toEqual([302, 4096]);
    }
    expect(connections.size).toBe(1);
  });

  it('says in words why there is no answer', async () => {
    const client = httpClient();
    closing.push(() => client.close());
    await expect(client.ask({ method: 'GET', url: new URL('http://127.0.0.1:1/') })).rejects.toThrow(
      'nothing listens there',
    );
  });
});
