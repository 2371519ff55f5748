import { describe, expect, it } from 'vitest';
import { driverStub as driver, FAST, SLOW } from '../../../test/support/driver-stub.ts';
import { ManualClock } from '../../../test/support/manual-clock.ts';
import { SAYS_NOTHING } from '../../../test/support/silent-link.ts';
import {
  type BmsError,
  FrameError,
  hex,
  ImplausibleError,
  PortLostError,
  TimeoutError,
} from '../../errors.ts';
import type { PackReading } from '../../model/reading.ts';
import type { LineSettings } from '../../transport/exchange.ts';
import { HalfDuplex } from '../../transport/half-duplex.ts';
import { type Device, MemoryWire } from '../../transport/memory.ts';
import { type BmsDriver, type DriverPlan, planned } from '../driver.ts';
import { type Attempt, type DetectOptions, detect, type ProbeLink } from './detect.ts';
import type { SearchPlace } from './plan.ts';

const READING: PackReading = { voltage: 53.1, soc: 50 };

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

describe('detect', () => {
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

/** Asks some bytes and believes what begins with the last of them plus one. */
const asking = (id: string, requests: readonly number[][], options: Partial<DriverPlan> = {}): BmsDriver =>
  planned({
    id,
    family: id,
    name: id,
    sends: { reads: [] },
    reach: { serial: { lines: [SLOW], addresses: [1], answerMs: 20 } },
    limits: 'none',
    timeoutMs: 400,
    queries: [
      {
        asks: () =>
          requests.length === 1
            ? Uint8Array.from(requests[0] ?? [])
            : requests.map((bytes, form) => ({ id: `${form}`, request: Uint8Array.from(bytes) })),
        tries: 2,
      },
    ],
    probe: {},
    accept: (request) => (received) => {
      if (received[0] !== (request.at(-1) ?? 0) + 1) return { refused: 'start' };
      return received.length < 2 ? 'more' : 2;
    },
    decode: (_request, [, soc = 0]) => ({ ...READING, soc }),
    ...options,
  });

/** A search for these on a line with a device made of a function. */
async function on(
  device: (request: Uint8Array) => ReturnType<Device>,
  drivers: readonly BmsDriver[],
  options: Partial<DetectOptions> = {},
) {
  const clock = new ManualClock();
  const wire = new MemoryWire(device, { clock });
  const link = new HalfDuplex(wire, { line: SLOW, clock });
  const attempts: string[] = [];
  const outcome = await clock.until(
    detect(link, {
      drivers,
      budgetMs: 60_000,
      clock,
      onAttempt: ({ id, patience, reading }) => attempts.push(`${id} ${patience}${reading ? ' yes' : ''}`),
      ...options,
    }).then(
      ({ driver: { id }, reading }) => ({ id, reading, error: undefined }),
      (error: unknown) => ({ id: undefined, reading: undefined, error }),
    ),
  );
  return { ...outcome, attempts, asked: wire.written.map((request) => hex(request)), clock };
}

const silent = (): undefined => undefined;
/** Types enough for a search that begins in short. */
const OTHERS = [9, 19, 29].map((byte) => asking(`other${byte}`, [[byte]]));

describe('a search among many', () => {
  it('asks each once in its first form, and only then in every form, as often and as long as it wants', async () => {
    const forms = asking('forms', [[1], [2], [3]]);
    const { asked, attempts } = await on(silent, [forms, ...OTHERS]);
    expect(attempts).toEqual([
      ...['forms', 'other9', 'other19', 'other29'].map((id) => `${id} short`),
      ...['forms', 'other9', 'other19', 'other29'].map((id) => `${id} full`),
    ]);
    expect(asked).toEqual(['01', '09', '13', '1d', '01', '02', '03', '09', '09', '13', '13', '1d', '1d']);
  });

  it('goes on in short as a driver wants it once its first request was answered', async () => {
    const more = asking('more', [[1]], {
      prove: async (talk, { reading }) => {
        await talk.ask({ asks: () => Uint8Array.of(7), tries: 2, timeoutMs: 1000 });
        return reading;
      },
    });
    const slow = ([byte = 0]: Uint8Array): ReturnType<Device> =>
      byte === 1
        ? Uint8Array.of(2, 60)
        : byte === 7
          ? [{ bytes: Uint8Array.of(8, 0), afterMs: 800 }]
          : undefined;
    expect(await on(slow, [more, ...OTHERS])).toMatchObject({ id: 'more', attempts: ['more short yes'] });
  });

  it('asks again at once, with all patience, whose reply came damaged', async () => {
    let times = 0;
    const damaged = ([byte = 0]: Uint8Array): ReturnType<Device> =>
      byte === 1 ? Uint8Array.of(2, ...(times++ === 0 ? [] : [60])) : undefined;
    const { attempts, id } = await on(damaged, [asking('x', [[1]]), ...OTHERS]);
    expect(id).toBe('x');
    expect(attempts).toEqual(['x short', 'x full yes']);
  });

  it('takes an answer that comes too late for a reason to ask again who asked before', async () => {
    const late = ([byte = 0]: Uint8Array): ReturnType<Device> =>
      byte === 1 ? [{ bytes: Uint8Array.of(2, 60), afterMs: 350 }] : undefined;
    const { attempts, id } = await on(late, [asking('late', [[1]]), ...OTHERS]);
    expect(id).toBe('late');
    expect(attempts).toEqual(['late short', 'other9 short', 'late full yes']);
  });

  it('does not ask again at once who was answered by somebody else', async () => {
    const other = asking('other', [[1]], {
      decode: () => {
        throw new ImplausibleError('another one');
      },
    });
    const answers = ([byte = 0]: Uint8Array): ReturnType<Device> =>
      byte === 1 ? Uint8Array.of(2, 60) : undefined;
    const { attempts } = await on(answers, [other, ...OTHERS]);
    expect(attempts.slice(0, 2)).toEqual(['other short', 'other9 short']);
  });
});

describe('drivers that ask the same thing', () => {
  const brand = (id: string, soc: number, options: Partial<DriverPlan> = {}): BmsDriver =>
    asking(id, [[1]], {
      ...options,
      decode: (_request, [, told = 0]) => {
        if (told !== soc) throw new ImplausibleError(`${told} %`);
        return { ...READING, soc: told };
      },
    });

  it('share the answer: it is asked for once and offered to all of them', async () => {
    const device = ([byte = 0]: Uint8Array): ReturnType<Device> =>
      byte === 1 ? Uint8Array.of(2, 60) : undefined;
    const { asked, attempts, id } = await on(device, [
      brand('p', 10),
      ...OTHERS,
      brand('q', 20),
      brand('r', 60),
    ]);
    expect(id).toBe('r');
    expect(attempts.at(-1)).toBe('r short yes');
    expect(asked.filter((request) => request === '01')).toHaveLength(1);
  });

  it('share the silence: it lasts as long as the slowest of them needs', async () => {
    const slow: Partial<DriverPlan> = {
      reach: { serial: { lines: [SLOW], addresses: [1], answerMs: 500 } },
      timeoutMs: 2000,
    };
    const device = ([byte = 0]: Uint8Array): ReturnType<Device> =>
      byte === 1 ? [{ bytes: Uint8Array.of(2, 60), afterMs: 900 }] : undefined;
    const found = await on(device, [brand('p', 10), ...OTHERS, brand('slow', 60, slow)]);
    expect(found.id).toBe('slow');
    expect(found.asked).toEqual(['01', '09', '13', '1d']);
    const nobody = await on(silent, [brand('p', 10), ...OTHERS, brand('slow', 60, slow)]);
    expect(nobody.asked.filter((request) => request === '01')).toHaveLength(1 + 2);
  });

  it('share what one of them does not take for a reply', async () => {
    const picky = brand('picky', 60, { accept: () => () => ({ refused: 'start' }) });
    const device = ([byte = 0]: Uint8Array): ReturnType<Device> =>
      byte === 1 ? Uint8Array.of(2, 60) : undefined;
    const { asked, attempts, id } = await on(device, [picky, brand('q', 60), ...OTHERS]);
    expect(id).toBe('q');
    expect(attempts).toEqual(['picky short', 'q short yes']);
    expect(asked).toEqual(['01']);
  });

  it('hear anew what they ask a second time', async () => {
    let soc = 60;
    const twice = asking('twice', [[1]], {
      prove: async (talk, { reading }) => {
        const again = await talk.ask({ asks: () => Uint8Array.of(1) });
        return { ...reading, soc: again.reading.soc ?? 0 };
      },
    });
    const device = ([byte = 0]: Uint8Array): ReturnType<Device> =>
      byte === 1 ? Uint8Array.of(2, soc++) : undefined;
    const { reading } = await on(device, [brand('p', 10), twice, ...OTHERS]);
    expect(reading?.soc).toBe(61);
  });

  it('ask each for itself at different speeds', async () => {
    const fast = brand('fast', 60, { reach: { serial: { lines: [FAST], addresses: [1], answerMs: 20 } } });
    const { asked } = await on(silent, [brand('p', 10), fast, ...OTHERS], { budgetMs: 1500 });
    expect(asked.filter((request) => request === '01').length).toBeGreaterThan(1);
  });
});

describe('a board that answers the requests of another type too', () => {
  const rich = asking('rich', [[5]], { answersAs: ['poor'] });
  const poor = asking('poor', [[1]]);
  /** `rich` hears only the first request for it in so many. */
  const board =
    (deafTo = 0) =>
    (): ((request: Uint8Array) => ReturnType<Device>) => {
      let heard = 0;
      return ([byte = 0]) => {
        if (byte === 5) return heard++ < deafTo ? undefined : Uint8Array.of(6, 60);
        return byte === 1 ? Uint8Array.of(2, 60) : undefined;
      };
    };

  it.each([
    ['first in the list', [rich, poor, ...OTHERS], 0],
    ['last in the list', [...OTHERS, poor, rich], 0],
    ['deaf to its own request at first', [rich, poor, ...OTHERS], 1],
  ])('is found as what it is: %s', async (_, drivers, deafTo) => {
    expect((await on(board(deafTo)(), drivers)).id).toBe('rich');
  });

  it('is not waited for where the other one was remembered', async () => {
    const only = ([byte = 0]: Uint8Array): ReturnType<Device> =>
      byte === 1 ? Uint8Array.of(2, 60) : undefined;
    const first = [{ id: 'poor', line: SLOW, address: 1 }];
    expect(await on(only, [rich, poor, ...OTHERS], { first })).toMatchObject({
      id: 'poor',
      attempts: ['poor full yes'],
    });
    expect((await on(only, [rich, poor, ...OTHERS])).attempts).toEqual([
      'rich short',
      'poor short yes',
      'rich full',
    ]);
  });
});

describe('a search that ends without a battery', () => {
  const drivers = [asking('first', [[1]]), ...OTHERS];

  /** Searches one after the other, each with what the one before it left; gives what each asked. */
  async function searches(count: number, budgetMs: number): Promise<{ attempts: string[]; left: boolean }[]> {
    const all: { attempts: string[]; left: boolean }[] = [];
    let place: SearchPlace | undefined;
    while (all.length < count) {
      let left: SearchPlace | undefined;
      const onEnd = async (next: SearchPlace | undefined): Promise<void> => {
        left = next;
      };
      const { attempts } = await on(silent, drivers, {
        budgetMs,
        onEnd,
        ...(place !== undefined && { from: place }),
      });
      all.push({ attempts, left: left !== undefined });
      place = left;
    }
    return all;
  }

  it('goes on at the next start, and asks at the usual places first at every second start', async () => {
    const [one, two, three] = await searches(3, 1500);
    expect(one?.attempts).toEqual([
      'first short',
      'other9 short',
      'other19 short',
      'other29 short',
      'first full',
    ]);
    expect(two?.attempts).toEqual(['first full', 'other9 full']);
    expect(three?.attempts.slice(0, 5)).toEqual([
      'first short',
      'other9 short',
      'other19 short',
      'other29 short',
      'other9 full',
    ]);
  });

  it('begins anew after every step was made', async () => {
    const [one, two] = await searches(2, 60_000);
    expect(one?.left).toBe(false);
    expect(two?.attempts).toEqual(one?.attempts);
  });

  it('does not stay for ever at a step that takes longer than its time', async () => {
    const all = await searches(12, 600);
    expect(new Set(all.flatMap(({ attempts }) => attempts)).size).toBe(8);
  });

  it('says that it goes on', async () => {
    const onEnd = (): Promise<void> => Promise.resolve();
    const { error } = await on(silent, drivers, { budgetMs: 1500, onEnd });
    expect(String(error)).toContain('s; the next search goes on from there): not a single byte');
    expect(String((await on(silent, drivers)).error)).not.toContain('goes on');
  });
});
