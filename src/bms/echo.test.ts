import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { BATTERY, batteryFor } from '../../test/support/batteries.ts';
import { ManualClock } from '../../test/support/manual-clock.ts';
import { SAYS_NOTHING } from '../../test/support/silent-link.ts';
import { type BmsError, FrameError, NothingFoundError, TimeoutError } from '../errors.ts';
import { bytesOf } from '../protocol/bytes.ts';
import { HalfDuplex } from '../transport/half-duplex.ts';
import { type Device, MemoryWire } from '../transport/memory.ts';
import { detect } from './detect/detect.ts';
import { diagnose, type Failure } from './detect/diagnosis.ts';
import { foreignBytes } from './detect/foreign-bytes.ts';
import { BMSES } from './index.ts';

const RUNS = { numRuns: 300 * Number(process.env['FUZZ_FACTOR'] ?? 1) };
const DRIVERS = BMSES.map(({ driver }) => driver);
/** Sentences that are false where nothing but an echo, or an echo and noise, came. */
const SILENCE = /not a single byte/;
const MASTER = /another master/;
const ONLY_ECHO = /only our own requests came back/;
const ASLEEP = /likely asleep/;

/** The first request of every probe, by driver. */
async function firstRequests(): Promise<ReadonlyMap<string, Uint8Array>> {
  const found = new Map<string, Uint8Array>();
  for (const driver of DRIVERS) {
    const link = {
      ...SAYS_NOTHING,
      ask: (request: Uint8Array) => {
        if (!found.has(driver.id)) found.set(driver.id, request);
        return Promise.reject(new TimeoutError('silence'));
      },
    };
    await driver
      .open(link, driver.reach.serial.addresses[0] ?? 1)
      .probe()
      .catch(() => undefined);
  }
  return found;
}

const REQUESTS = await firstRequests();
const anyDriver = fc.constantFrom(...DRIVERS);
const requestOf = (id: string): Uint8Array => REQUESTS.get(id) ?? new Uint8Array();

/** Every driver asked, and heard its echo with whatever `around` makes of it. */
function attempts(around: (request: Uint8Array) => Uint8Array, error?: (heard: Uint8Array) => BmsError) {
  return DRIVERS.map(({ id, reach }): Failure => {
    const request = requestOf(id);
    const received = around(request);
    const why = error?.(received) ?? new TimeoutError('no reply', received);
    const line = { baudRate: reach.serial.lines[0]?.baudRate ?? 9600 };
    return { id, line, error: why, sent: [request], heard: [received] };
  });
}

/** Noise that is no level, no text and no part of a request. */
const noise = fc
  .uint8Array({ minLength: 1, maxLength: 40 })
  .filter((bytes) => bytes.some((byte) => byte !== 0 && byte !== 0xff && (byte < 0x20 || byte > 0x7e)));

describe('an echo and nothing else', () => {
  it('is told as an echo, however often the request comes back', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 4 }), (times) => {
        const copies = (request: Uint8Array) => bytesOf(...Array.from({ length: times }, () => request));
        expect(diagnose(attempts(copies))).toMatch(ONLY_ECHO);
      }),
      RUNS,
    );
  });

  it('is told as an echo when its end, its beginning or one byte of it is lost or damaged', () => {
    fc.assert(
      fc.property(fc.nat(100), fc.constantFrom('end', 'beginning', 'byte'), (at, where) => {
        const cut = (request: Uint8Array) => {
          const place = 1 + (at % (request.length - 1));
          if (where === 'end') return request.subarray(0, place);
          if (where === 'beginning') return request.subarray(Math.min(place, request.length - 3));
          return request.map((byte, index) => (index === place ? byte ^ 0x10 : byte));
        };
        expect(diagnose(attempts(cut))).toMatch(ONLY_ECHO);
      }),
      RUNS,
    );
  });

  it('is told as an echo although a damaged one was refused at its checksum', () => {
    const damage = (request: Uint8Array) => request.map((byte, at) => (at === 2 ? byte ^ 1 : byte));
    const refused = (heard: Uint8Array) => new FrameError('checksum', 'bad checksum', heard);
    expect(diagnose(attempts(damage, refused))).toMatch(ONLY_ECHO);
  });

  it('is told as an echo when it comes a request late', () => {
    let before = new Uint8Array();
    const late = (request: Uint8Array) => {
      const echo = before;
      before = Uint8Array.from(request);
      return echo;
    };
    expect(diagnose(attempts(late))).toMatch(ONLY_ECHO);
  });

  it('of one BMS alone is told as a BMS that sleeps', () => {
    const daly = requestOf('daly');
    expect(diagnose(attempts((request) => (request === daly ? request : new Uint8Array())))).toMatch(ASLEEP);
  });
});

describe('an echo and something else', () => {
  it('is judged by the rest: noise is told as noise', () => {
    fc.assert(
      fc.property(noise, noise, fc.boolean(), (ahead, behind, isAhead) => {
        const around = (request: Uint8Array) => bytesOf(isAhead ? ahead : [], request, behind);
        const said = diagnose(attempts(around));
        expect(said).toMatch(/bytes came \(/);
        for (const falsehood of [SILENCE, MASTER, ONLY_ECHO, ASLEEP]) expect(said).not.toMatch(falsehood);
      }),
      RUNS,
    );
  });

  it('is judged by the rest: a line that is held at one level', () => {
    const said = diagnose(attempts((request) => bytesOf(request, new Uint8Array(9))));
    expect(said).toMatch(/only bytes 00 came/);
  });

  it('is judged by the rest: frames of another BMS are no master, no echo and no silence', async () => {
    for (const { driver, responder } of BMSES) {
      const request = requestOf(driver.id);
      const reply = (await responder()).reply(request, batteryFor(driver))?.bytes ?? Uint8Array.of(0x55);
      const said = diagnose(attempts((own) => bytesOf(own, reply)));
      for (const falsehood of [SILENCE, MASTER, ONLY_ECHO, ASLEEP]) expect(said).not.toMatch(falsehood);
    }
  });

  it('is judged by the rest: a real master is still told', () => {
    const other = new TextEncoder().encode('~250346900000FDA3\r');
    expect(diagnose(attempts((request) => bytesOf(request, other)))).toMatch(MASTER);
  });
});

describe('the bytes that are not our own', () => {
  it('are all bytes where nothing was sent, and none where only requests came', () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ maxLength: 60 }),
        fc.array(anyDriver, { maxLength: 5 }),
        (bytes, drivers) => {
          expect(foreignBytes(bytes, [])).toEqual(bytes);
          const requests = drivers.map(({ id }) => requestOf(id));
          expect(foreignBytes(bytesOf(...requests), requests)).toHaveLength(0);
        },
      ),
      RUNS,
    );
  });
});

describe('a search on a line', () => {
  /** What a search over all drivers says of a device. */
  async function told(device: Device, echo: boolean): Promise<string> {
    const clock = new ManualClock();
    const wire = new MemoryWire(device, { clock, echo });
    const link = new HalfDuplex(wire, { line: { baudRate: 9600 }, clock });
    const search = detect(link, { drivers: DRIVERS, budgetMs: 15_000, clock });
    const [outcome] = await clock.until(Promise.allSettled([search]));
    if (outcome?.status !== 'rejected' || !(outcome.reason instanceof NothingFoundError))
      throw new Error('something was found');
    return outcome.reason.message;
  }

  it('that echoes and adds nine bytes of noise is told as noise', async () => {
    const said = await told(() => Uint8Array.of(0x91, 0x12, 0xc3, 0x84, 5, 0xf6, 0x87, 8, 0x99), true);
    expect(said).toMatch(/bytes came \(9112c38405f6870899\)/);
  });

  it('on which noise came in the first try and silence in the last is not told as silent', async () => {
    let count = 0;
    const said = await told(() => (count++ === 0 ? Uint8Array.of(0x91, 0x12, 0xc3) : undefined), false);
    expect(said).toMatch(/bytes came \(9112c3\)/);
  });

  it('on which a BMS answers only the first request of its probe is not told as silent', async () => {
    const daly = BMSES.find(({ driver }) => driver.id === 'daly');
    const responder = await daly?.responder();
    let answers = 0;
    const said = await told((request) => {
      if (request[0] !== 0xa5 || request[2] !== 0x90 || answers > 0) return undefined;
      answers += 1;
      return responder?.reply(request, BATTERY)?.bytes;
    }, false);
    expect(said).toMatch(/in the language of daly, but not to everything/);
  });
});
