import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { systemClock } from '../../clock.ts';
import { pack, SETTINGS } from '../../control/fixtures.ts';
import type { Io } from '../command.ts';
import { limits } from './limits.ts';
import { type FollowLine, follow } from './limits-follow.ts';

const KEYS =
  't cvl ccl dcl low allowToCharge allowToDischarge state chargeReason dischargeReason alarms'.split(' ');
const RUNS = 200 * Number(process.env['FUZZ_FACTOR'] ?? 1);

/** What came out for one line that went in. */
interface Heard {
  readonly line: FollowLine;
  readonly err: string;
}

/** Stdin and streams in memory; a line goes in only when the one before has been answered in full. */
class Terminal implements Io {
  out = (text: string): void => void this.#out.push(text);
  err = (text: string): void => void this.#err.push(text);
  readonly clock = systemClock;
  readonly isTerminal = false;
  readonly env = {};
  readonly heard: Heard[] = [];
  readonly #stop = new AbortController();
  readonly signal = this.#stop.signal;
  readonly #input: Iterable<string>;
  #out: string[] = [];
  #err: string[] = [];

  constructor(input: Iterable<string>) {
    this.#input = input;
  }

  async *lines(): AsyncIterable<string> {
    for (const text of this.#input) {
      yield text;
      // The consumer asks for the next line: by now it must have answered this one.
      this.#take(text);
    }
  }

  stop(): void {
    this.#stop.abort();
  }

  #take(text: string): void {
    const [out = '', ...more] = this.#out.splice(0);
    expect(more, text).toEqual([]);
    expect(out.indexOf('\n'), text).toBe(out.length - 1);
    // The test looks at every key before it believes the type.
    const line = JSON.parse(out) as FollowLine;
    expect(Object.keys(line), text).toEqual(KEYS);
    this.heard.push({ line, err: this.#err.splice(0).join('') });
  }
}

let folder = '';
let config = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'limits-follow-'));
  config = join(folder, 'dbus-bms.toml');
  await writeFile(config, '[charge]\nprofile = "adaptive"\n');
});
afterAll(() => rm(folder, { recursive: true }));

async function run(input: Iterable<string>, args: readonly string[] = []): Promise<readonly Heard[]> {
  const terminal = new Terminal(input);
  expect(await limits.run(['--follow', '--config', config, ...args], terminal)).toBe(0);
  return terminal.heard;
}

const good = (t: number, differing = {}): string => JSON.stringify({ t, ...pack(3.3), ...differing });
const seconds = (from: number, to: number, differing = {}): string[] =>
  Array.from({ length: to - from }, (_, index) => good(from + index, differing));

describe('limits --follow', () => {
  it('answers each line at once with one line, before it asks for the next', async () => {
    const heard = await run(seconds(0, 100));
    expect(heard.map(({ line }) => line.t)).toEqual(Array.from({ length: 100 }, (_, t) => t));
    expect(heard.every(({ err }) => err === '')).toBe(true);
    expect(heard[0]?.line).toMatchObject({ ccl: 0, allowToCharge: false, dcl: 60, allowToDischarge: true });
    expect(heard.at(-1)?.line).toMatchObject({ ccl: 50, allowToCharge: true, state: 'bulk', low: 46.4 });
  });

  it('allows nothing before the first good sample, with finite numbers', async () => {
    const [first, second] = await run(['{"t": 0}', 'junk']);
    const safe = { t: 0, cvl: 0, ccl: 0, dcl: 0, low: 0, allowToCharge: false, allowToDischarge: false };
    const words = {
      state: 'hold',
      chargeReason: 'no good sample yet',
      dischargeReason: 'no good sample yet',
    };
    expect(first?.line).toEqual({ ...safe, ...words, alarms: {} });
    expect(second?.line).toEqual(first?.line);
  });

  it('says float of the stated cells before the first good sample, and honours their number', async () => {
    const path = join(folder, 'cells.toml');
    await writeFile(path, 'cellCount = 15\n');
    const [first, second] = await run(['{"t": 0}', good(1)], ['--config', path]);
    expect(first?.line).toMatchObject({ cvl: 50.25, low: 43.5, ccl: 0, dcl: 0 });
    expect(second?.line).toMatchObject({ ccl: 0, dcl: 0, state: 'hold' });
    expect(second?.line.chargeReason).toContain('16 cells');
  });

  it('takes the chemistry that the configuration states', async () => {
    const path = join(folder, 'nmc.toml');
    await writeFile(path, '[battery]\nchemistry = "nmc"\ncellCount = 14\n');
    const [first] = await run(['{"t": 0}'], ['--config', path]);
    expect(first?.line.cvl).toBe(56);
  });

  it.each([
    ['pylontech', 40],
    ['jbd', 36],
    ['ant-old', 50],
  ])('knows what the limits of the BMS %s mean: %s A of 40 A', async (bms, amps) => {
    const heard = await run(seconds(0, 120, { maxChargeCurrent: 40 }), ['--bms', bms]);
    expect(heard.at(-1)?.line.ccl).toBe(amps);
  });

  it.each([
    ['not JSON', '{"t": 101, "voltage"', 'this is no JSON'],
    ['an empty line', '', 'this is no JSON'],
    ['NaN', '{"t": 101, "soc": NaN}', 'NaN and Infinity are no JSON'],
    ['a number beyond all', '{"t": 101, "voltage": 1e999}', '"voltage" must be a number, got Infinity'],
    ['no object', '[1, 2]', 'expected an object, got [1, 2]'],
    ['t missing', '{"voltage": 52.8}', '"t" is missing'],
    ['t of another type', '{"t": "101"}', '"t" must be a number, got "101"'],
    ['t going backwards', good(50), '"t" goes backwards, from 99 to 50'],
    ['a text for a number', good(100, { soc: '50' }), '"soc" must be a number, got "50"'],
    ['null', good(100, { current: null }), '"current" must be a number, got null'],
    ['a hole in a list', good(100, { cellVoltages: [3.3, null] }), 'list of numbers, got [3.3, null]'],
    ['an impossible level', good(100, { alarms: { lowSoc: 3 } }), '"alarms" must be an object of levels'],
    ['a chemistry of its own', good(100, { chemistry: 'lead' }), '"chemistry" must be lfp, nmc'],
    ['packs without addresses', good(100, { modules: [{}] }), '"modules" must be a list of packs'],
    ['lists in lists', `{"t":100,"soc":${'['.repeat(20_000)}${']'.repeat(20_000)}}`, 'got [a list]'],
  ])('takes %s as a failed poll and says so in one line', async (_, bad, text) => {
    const heard = await run([...seconds(0, 100), bad, ...seconds(102, 104)]);
    const [before, at, after] = heard.slice(99);
    expect(at?.err.trim().split('\n')).toEqual([expect.stringContaining(text)]);
    expect(at?.err).toMatch(/^dbus-bms limits: line 101: .*; taken as a failed poll\n$/);
    const { t: _before, ...limitsBefore } = before?.line ?? { t: 0 };
    expect(at?.line).toMatchObject(limitsBefore);
    expect(after).toMatchObject({ err: '', line: { t: 102 } });
  });

  it('walks down the stale ladder when only nonsense comes, by the time that it tells', async () => {
    const nonsense = Array.from({ length: 70 }, (_, index) => `{"t": ${100 + index * 10}, "soc": NaN}`);
    const heard = await run([...seconds(0, 100), ...nonsense]);
    expect(heard.at(-1)?.line).toMatchObject({
      t: 790,
      ccl: 0,
      dcl: 0,
      state: 'hold',
      alarms: { bmsCable: 2 },
    });
  });

  it('says why a reading is not believed', async () => {
    const heard = await run([...seconds(0, 5), good(5, { cellVoltages: pack(3.7).cellVoltages })]);
    expect(heard.at(-1)?.err).toMatch(/line 6: not believed: cell 1 jumped/);
  });

  it('tells a name that it does not know once, and goes on without it', async () => {
    const heard = await run([
      good(0, { cellVoltage: 3 }),
      good(1, { cellVoltage: 3, bms: 'jbd', address: 0 }),
    ]);
    expect(heard[0]?.err).toContain('"cellVoltage" is no canonical name');
    expect(heard[1]?.err).toBe('');
    expect(heard[1]?.line.dcl).toBe(60);
  });

  it('bounds a bank by its packs, each with its own law', async () => {
    const bank = (t: number, second = {}): string =>
      JSON.stringify({
        t,
        modules: [pack(3.3), pack(3.3, second)].map((one, address) => ({ ...one, address })),
      });
    const calm = Array.from({ length: 100 }, (_, t) => bank(t));
    const heard = await run([...calm, bank(100, { temperatures: [-1] }), bank(101, { temperatures: [-1] })]);
    expect(heard[99]?.line.ccl).toBe(100);
    expect(heard.at(-1)?.line).toMatchObject({ ccl: 0, chargeReason: expect.stringContaining('pack 1: ') });
  });

  it('ends when the program is asked to, though stdin stays open', async () => {
    const terminal = new Terminal([]);
    const open: AsyncIterable<string> = {
      [Symbol.asyncIterator]: () => ({ next: () => new Promise(() => undefined) }),
    };
    const ended = follow(SETTINGS, { ...terminal, lines: () => open });
    terminal.stop();
    await expect(ended).resolves.toBeUndefined();
  });

  it('keeps no state between two runs', async () => {
    const [first] = await run(seconds(0, 200));
    const [again] = await run(seconds(0, 1));
    expect(again).toEqual(first);
  });

  it('never crashes on junk, stays finite, and raises no limit on a line that it cannot use', async () => {
    const sample = fc
      .record({ cell: fc.double({ min: 2.5, max: 3.7, noNaN: true }), dt: fc.integer({ min: 0, max: 40 }) })
      .map(({ cell, dt }) => ({ dt, fields: pack(Math.round(cell * 1000) / 1000) as object }));
    const poisoned = fc
      .tuple(fc.constantFrom(...Object.keys(pack(3.3))), fc.anything(), fc.integer({ min: -5, max: 40 }))
      .map(([key, value, dt]) => ({ dt, fields: { ...pack(3.3), [key]: value } }));
    const junk = fc.oneof(
      fc.string(),
      fc.json(),
      fc.constantFrom('{"t": NaN}', '{"t": 1e400}', '{}', 'null'),
    );
    const item = fc.oneof({ weight: 4, arbitrary: sample }, { weight: 2, arbitrary: poisoned }, junk);
    await fc.assert(
      fc.asyncProperty(fc.array(item, { maxLength: 60 }), async (items) => {
        let t = 0;
        const texts = items.map((one) => {
          if (typeof one === 'string') return one;
          t = Math.max(0, t + one.dt);
          return stringified({ t, ...one.fields });
        });
        const terminal = new Terminal(texts);
        await follow(SETTINGS, terminal);
        expect(terminal.heard).toHaveLength(texts.length);
        let before: FollowLine | undefined;
        for (const { line, err } of terminal.heard) {
          for (const key of ['t', 'cvl', 'ccl', 'dcl', 'low'] as const) {
            expect(Number.isFinite(line[key]), key).toBe(true);
          }
          expect(line.allowToCharge).toBe(line.ccl > 0);
          expect(line.allowToDischarge).toBe(line.dcl > 0);
          if (before !== undefined) {
            expect(line.t).toBeGreaterThanOrEqual(before.t);
            if (err.includes('failed poll') || err.includes('not believed')) {
              expect(line.ccl).toBeLessThanOrEqual(before.ccl);
              expect(line.dcl).toBeLessThanOrEqual(before.dcl);
              expect(line.cvl).toBeLessThanOrEqual(before.cvl);
            }
          }
          before = line;
        }
      }),
      { numRuns: RUNS },
    );
  });
});

/** JSON of anything; what JSON cannot say (a BigInt) becomes no JSON at all. */
function stringified(value: unknown): string {
  try {
    return JSON.stringify(value);
  } catch {
    return '{"t": ';
  }
}
