import { describe, expect, it } from 'vitest';
import { ManualClock } from '../../../test/support/manual-clock.ts';
import { SAYS_NOTHING } from '../../../test/support/silent-link.ts';
import { type BmsError, FrameError, PortLostError, TimeoutError } from '../../errors.ts';
import type { Reading } from '../../model/reading.ts';
import type { Exchange, LineSettings } from '../../transport/exchange.ts';
import type { BmsDriver, SerialReach } from '../driver.ts';
import {
  type Attempt,
  type DetectOptions,
  detect,
  hitText,
  lineText,
  type ProbeLink,
  plan,
} from './detect.ts';

const SLOW: LineSettings = { baudRate: 9600, gapMs: 20 };
const FAST: LineSettings = { baudRate: 115_200 };

type Options = Partial<Pick<SerialReach, 'lines' | 'addresses'>> & {
  readonly probe?: (link: Exchange, address: number) => Promise<Reading>;
};

const silence = (): Promise<Reading> => Promise.reject(new TimeoutError('silence'));

function driver(id: string, { probe = silence, ...more }: Options = {}): BmsDriver {
  return {
    id,
    family: id,
    name: id,
    sends: { reads: [] },
    reach: { serial: { lines: [SLOW], addresses: [1], answerMs: 10, ...more } },
    limits: 'none',
    accept: () => () => 'more',
    decode: () => ({}),
    switches: [],
    open: (link, address) => ({
      probe: () => probe(link, address),
      read: () => Promise.resolve({}),
      switches: {},
      takeRemarks: () => [],
      reconnected: () => {},
      memory: { cycle: 0, known: {} },
    }),
  };
}

/** A link on which only the line settings matter. */
class Link implements ProbeLink {
  readonly configured: LineSettings[] = [];
  async configure(line: LineSettings): Promise<void> {
    this.configured.push(line);
  }
  ask(): Promise<Uint8Array> {
    return Promise.reject(new TimeoutError('nobody'));
  }
  next = SAYS_NOTHING.next;
}

const steps = (options: Parameters<typeof plan>[0]): string[] =>
  plan(options).map(({ driver: { id }, line, address }) => hitText({ id, line, address }));

describe('plan', () => {
  const a = driver('a', { addresses: [1, 2, 3] });
  const b = driver('b', { lines: [FAST, SLOW], addresses: [0, 7] });
  const c = driver('c');

  it('begins with usual settings by speed, then other speeds, then one more address of every driver at a time', () => {
    expect(steps({ drivers: [a, b, c] })).toEqual([
      'a at 1, 9600 8N1',
      'c at 1, 9600 8N1',
      'b at 0, 115200 8N1',
      'b at 0, 9600 8N1',
      'a at 2, 9600 8N1',
      'b at 7, 115200 8N1',
      'a at 3, 9600 8N1',
    ]);
  });

  it('tries first what answered before, each step once', () => {
    const first = [
      { id: 'b', line: SLOW, address: 7 },
      { id: 'b', line: SLOW, address: 0 },
    ];
    const all = steps({ drivers: [a, b, c], first });
    expect(all.slice(0, 3)).toEqual(['b at 7, 9600 8N1', 'b at 0, 9600 8N1', 'a at 1, 9600 8N1']);
    expect(new Set(all).size).toBe(all.length);
  });

  it.each([
    ['a driver that is not looked for', { id: 'z', line: SLOW, address: 1 }],
    ['an address that does not exist', { id: 'a', line: SLOW, address: 99 }],
  ])('leaves out a remembered hit of %s', (_, hit) => {
    expect(steps({ drivers: [a], first: [hit] })).toEqual(steps({ drivers: [a] }));
  });

  it('keeps to the addresses that the owner named, of drivers that have any', () => {
    expect(steps({ drivers: [a, c], addresses: [3] })).toEqual(['a at 3, 9600 8N1', 'c at 1, 9600 8N1']);
  });

  it('keeps to the speed that the owner named, also where a driver does not know it', () => {
    expect(steps({ drivers: [b, c], baudRate: 19_200 })).toEqual([
      'b at 0, 19200 8N1',
      'c at 1, 19200 8N1',
      'b at 7, 19200 8N1',
    ]);
    expect(steps({ drivers: [b], baudRate: 9600 })).toEqual(['b at 0, 9600 8N1', 'b at 7, 9600 8N1']);
  });

  it('has nothing to do without drivers', () => {
    expect(plan({ drivers: [] })).toEqual([]);
  });
});

describe('lineText', () => {
  it.each([
    [{ baudRate: 9600 }, '9600 8N1'],
    [{ baudRate: 19_200, parity: 'even', stopBits: 2 } as const, '19200 8E2'],
  ])('of %o is %s', (line, expected) => {
    expect(lineText(line)).toBe(expected);
  });
});

describe('detect', () => {
  const READING: Reading = { voltage: 53 };
  const found = driver('found', { probe: () => Promise.resolve(READING), lines: [FAST] });

  async function run(options: Partial<DetectOptions> & Pick<DetectOptions, 'drivers'>) {
    const clock = new ManualClock();
    const link = new Link();
    const attempts: Attempt[] = [];
    const search = detect(link, {
      budgetMs: 10_000,
      clock,
      onAttempt: (attempt) => attempts.push(attempt),
      ...options,
    });
    const outcome = await clock.until(
      search.then(
        (detected) => ({ detected, error: undefined }),
        (error: unknown) => ({ detected: undefined, error }),
      ),
    );
    return { ...outcome, attempts, clock, link };
  }

  it('gives what answered, and sets the port up once for each setting', async () => {
    const { attempts, detected, link } = await run({ drivers: [driver('a'), found, driver('b')] });
    expect(detected).toMatchObject({ driver: { id: 'found' }, line: FAST, address: 1, reading: READING });
    expect(attempts.map(({ id, error }) => [id, error?.code])).toEqual([
      ['a', 'REPLY_TIMEOUT'],
      ['b', 'REPLY_TIMEOUT'],
      ['found', undefined],
    ]);
    expect(link.configured).toEqual([SLOW, FAST]);
  });

  it('sets the port up again where only the gap differs', async () => {
    const patient = driver('patient', { lines: [{ ...SLOW, gapMs: 100 }] });
    const { link } = await run({ drivers: [driver('a'), patient] });
    expect(link.configured.map(({ gapMs }) => gapMs)).toEqual([20, 100]);
  });

  it.each<[string, BmsError, number]>([
    ['silence', new TimeoutError('silence'), 0],
    ['an echo', new TimeoutError('echo', Uint8Array.of(1), true), 0],
    ['bytes', new TimeoutError('bytes', Uint8Array.of(1)), 200],
    ['a damaged frame', new FrameError('checksum', 'damaged', Uint8Array.of(1)), 200],
  ])('leaves the line alone after %s for %#', async (_, error, pauseMs) => {
    const { clock } = await run({ drivers: [driver('a', { probe: () => Promise.reject(error) })] });
    expect(clock.now()).toBe(pauseMs);
  });

  it('says how many attempts failed at which speeds, and what is likely wrong', async () => {
    const { error } = await run({ drivers: [driver('a'), driver('b', { lines: [FAST] })] });
    expect(error).toMatchObject({ code: 'NOTHING_FOUND' });
    expect(String(error)).toMatch(/2 of 2 attempts at 9600, 115200 baud in 0\.0 s\): not a single byte/);
  });

  it('ends with its time, also while an attempt is on the line', async () => {
    const endless = driver('endless', { probe: () => new Promise(() => {}) });
    const { attempts, clock, error } = await run({ drivers: [endless, found], budgetMs: 500 });
    expect(error).toMatchObject({ code: 'NOTHING_FOUND' });
    expect(clock.now()).toBe(500);
    expect(attempts.map(({ id }) => id)).toEqual(['endless']);
    expect(clock.pending).toBe(0);
  });

  it('tries nothing more when it is asked to stop', async () => {
    const { attempts, error } = await run({ drivers: [found], signal: AbortSignal.abort() });
    expect(attempts).toEqual([]);
    expect(error).toMatchObject({ code: 'NOTHING_FOUND' });
  });

  it.each([
    ['the loss of the port', new PortLostError('gone')],
    ['a bug of a driver', new TypeError('bug')],
  ])('passes %s on', async (_, failure) => {
    const broken = driver('broken', { probe: () => Promise.reject(failure) });
    const { error } = await run({ drivers: [broken, found] });
    expect(error).toBe(failure);
  });
});
