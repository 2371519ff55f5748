import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodeLog, type Exchanged, findFrame } from '../../src/bms/decode.ts';
import type { BmsDriver, Responder } from '../../src/bms/driver.ts';
import { BMSES } from '../../src/bms/index.ts';
import { BmsError, FrameError, hex, ImplausibleError, RefusedError } from '../../src/errors.ts';
import { ALARM_NAMES } from '../../src/model/alarms.ts';
import type { PackReading } from '../../src/model/reading.ts';
import { bytesOf, sameBytes } from '../../src/protocol/bytes.ts';
import { anyBatteryOf, batteryOf, cellsFor, departures } from '../support/batteries.ts';
import { batteryLine, scriptedLine } from '../support/battery-line.ts';
import { casesOf, devicesOf, differences, outsideOf, type VectorCase, vectorFamilies } from './vectors.ts';

const FUZZ_FACTOR = Number(process.env['FUZZ_FACTOR'] ?? 1);
const runs = (count: number): { numRuns: number } => ({ numRuns: Math.ceil(count * FUZZ_FACTOR) });
const DRIVERS = BMSES.map(({ driver }) => driver);
const FAMILIES = [...new Set(DRIVERS.map(({ family }) => family))];

/**
 * Damages of a single bit that a protocol cannot show, by driver: how many of all bits of all its captured replies.
 * The protocol note of the driver says which bits they are.
 */
const unseenBitErrors = (family: string): Record<string, number> =>
  Object.fromEntries(
    Object.entries(devicesOf(family)).flatMap(([id, { unseenBitErrors: unseen }]) =>
      unseen === undefined ? [] : [[id, unseen]],
    ),
  );

/**
 * Commands that are answered by as many frames as another reply tells. Cut between two frames such an answer is a shorter
 * one, and what follows a whole frame may be the next one damaged, so both ends of it are judged with the counts known.
 */
const OPEN_ENDED: Readonly<Record<string, readonly number[]>> = { daly: [0x95, 0x96, 0x57] };
const isOpenEnded = (driver: BmsDriver, request: Uint8Array): boolean =>
  OPEN_ENDED[driver.id]?.includes(request[2] ?? 0) ?? false;

const variantsOf = (family: string): BmsDriver[] => DRIVERS.filter((driver) => driver.family === family);

/** Cases that the drivers of a family must understand, or must reject. */
function insideOf(family: string): VectorCase[] {
  const outside = outsideOf(family);
  return casesOf(family).filter(({ name }) => outside[name] === undefined);
}

/** A captured exchange, the driver that understands it, and what it made of it. */
interface Understood extends Exchanged {
  readonly driver: BmsDriver;
  readonly part: PackReading;
}

/** Every exchange of the good cases of a family, each distinct one once. */
function understood(family: string): Understood[] {
  const seen = new Map<string, Understood>();
  for (const { exchanges, refused } of insideOf(family)) {
    if (refused) continue;
    const { driver } = decodeLog(variantsOf(family), exchanges);
    for (const exchange of exchanges) {
      const part = driver.decode(exchange.request, findFrame(driver, exchange));
      seen.set(`${driver.id} ${hex(exchange.request, 999)} ${hex(exchange.reply, 9999)}`, {
        ...exchange,
        driver,
        part,
      });
    }
  }
  return [...seen.values()];
}

/** What a damaged exchange says, or the BmsError that rejects it; any other error is a bug and passes through. */
function outcome(driver: BmsDriver, exchange: Exchanged): PackReading | BmsError {
  try {
    return driver.decode(exchange.request, findFrame(driver, exchange));
  } catch (error) {
    if (error instanceof BmsError) return error;
    throw error;
  }
}

describe('the list of drivers', () => {
  it('has unique lower-case ids and families', () => {
    for (const { id, family } of DRIVERS) {
      expect(id).toMatch(/^[a-z][a-z0-9-]*$/);
      expect(family).toMatch(/^[a-z][a-z0-9-]*$/);
    }
    expect(new Set(DRIVERS.map(({ id }) => id)).size).toBe(DRIVERS.length);
  });

  it.each(DRIVERS.map((driver) => [driver.id, driver] as const))('%s says how to reach it', (_, driver) => {
    expect(driver.reach.serial.lines.length).toBeGreaterThan(0);
    expect(driver.reach.serial.addresses.length).toBeGreaterThan(0);
    expect(new Set(driver.reach.serial.addresses).size).toBe(driver.reach.serial.addresses.length);
    expect(driver.reach.serial.answerMs).toBeGreaterThan(0);
  });

  it('has captures for every family', () => {
    expect(vectorFamilies()).toEqual(expect.arrayContaining(FAMILIES));
  });
});

describe.each(FAMILIES)('captures of %s', (family) => {
  const outside = outsideOf(family);

  it('names only existing cases as outside, each with a reason', () => {
    const names = casesOf(family).map(({ name }) => name);
    expect(names).toEqual(expect.arrayContaining(Object.keys(outside)));
    for (const reason of Object.values(outside)) expect(reason).toMatch(/\w+ \w+/);
  });

  it.each(insideOf(family).map((vector) => [vector.name, vector] as const))('%s', (_, vector) => {
    const decode = (): PackReading => decodeLog(variantsOf(family), vector.exchanges).reading;
    if (vector.refused) {
      expect(decode).toThrow(BmsError);
      if (vector.error === 'checksum')
        expect(decode).toThrow(expect.objectContaining({ code: 'REPLY_CHECKSUM' }));
      return;
    }
    expect(differences(vector.expect, { ...decode() }, vector.unlistedAlarmsAreZero)).toEqual([]);
  });

  it('say the same however they are cut into chunks', async () => {
    for (const { driver, request, reply, part } of understood(family)) {
      const replyEqualsRequest = sameBytes(request, reply);
      const ask = async (pieces: readonly Uint8Array[]): Promise<PackReading> => {
        const { link, until } = scriptedLine(pieces);
        const asked = link.ask(request, driver.accept(request), 1000, { replyEqualsRequest });
        return driver.decode(request, await until(asked));
      };
      for (let at = 1; at < reply.length; at += 1) {
        const read = await ask([reply.subarray(0, at), reply.subarray(at)]);
        expect(read, `${driver.id} ${hex(request)} cut at ${at}`).toEqual(part);
      }
      expect(await ask([...reply].map((byte) => Uint8Array.of(byte)))).toEqual(part);
    }
  });

  it('are rejected, or say the same, when they end early or go on too long', () => {
    const tail = Uint8Array.from({ length: 600 }, (_, index) => (index * 37) & 0xff);
    for (const { driver, request, reply, part } of understood(family)) {
      const openEnded = isOpenEnded(driver, request);
      for (let length = 0; length < reply.length; length += 1) {
        const read = outcome(driver, { request, reply: reply.subarray(0, length) });
        if (read instanceof BmsError) continue;
        if (openEnded) expect(isBeginningOf(read, part), `${driver.id} cut to ${length}`).toBe(true);
        else expect(read, `${driver.id} cut to ${length}`).toEqual(part);
      }
      const longer = outcome(driver, { request, reply: bytesOf(reply, tail) });
      if (openEnded) expect(longer).toBeInstanceOf(BmsError);
      else expect(longer).toEqual(part);
    }
  });

  it('are rejected, or say the same, when any single bit is wrong', () => {
    const unseen: Record<string, number> = {};
    for (const { driver, request, reply, part } of understood(family)) {
      for (let bit = 0; bit < 8 * reply.length; bit += 1) {
        const damaged = reply.slice();
        damaged[bit >>> 3] = (damaged[bit >>> 3] ?? 0) ^ (1 << (bit & 7));
        const read = outcome(driver, { request, reply: damaged });
        if (read instanceof BmsError || same(read, part)) continue;
        unseen[driver.id] = (unseen[driver.id] ?? 0) + 1;
      }
    }
    expect(unseen).toEqual(unseenBitErrors(family));
  });
});

describe.each(DRIVERS.map((driver) => [driver.id, driver] as const))('%s and garbage', (_, driver) => {
  const exchanges = understood(driver.family).filter((exchange) => exchange.driver === driver);
  const requests = exchanges.map(({ request }) => request);
  const anyRequest = requests.length === 0 ? fc.uint8Array({ maxLength: 40 }) : fc.constantFrom(...requests);
  const anyBytes = fc.uint8Array({ maxLength: 300 });

  it('has captures that it understands', () => {
    expect(requests.length).toBeGreaterThan(0);
  });

  it('judges random bytes with a verdict and never throws', () => {
    fc.assert(
      fc.property(fc.oneof(anyRequest, anyBytes), anyBytes, (request, received) => {
        const verdict = driver.accept(request)(received);
        if (typeof verdict !== 'number') return;
        expect(verdict).toBeGreaterThan(0);
        expect(verdict).toBeLessThanOrEqual(received.length);
      }),
      runs(500),
    );
  });

  it('decodes random bytes or throws one of the three errors of its contract', () => {
    fc.assert(
      fc.property(fc.oneof(anyRequest, anyBytes), anyBytes, (request, reply) => {
        try {
          driver.decode(request, reply);
        } catch (error) {
          const allowed = [RefusedError, ImplausibleError, FrameError].some((kind) => error instanceof kind);
          if (!allowed) throw error;
        }
      }),
      runs(500),
    );
  });

  it('rejects with a BmsError whatever a broken line makes of its replies', () => {
    if (exchanges.length === 0) return;
    const broken = fc.record({
      exchange: fc.constantFrom(...exchanges),
      before: fc.uint8Array({ maxLength: 20 }),
      cuts: fc.array(fc.record({ at: fc.nat(300), bytes: fc.uint8Array({ maxLength: 4 }) }), {
        maxLength: 3,
      }),
    });
    fc.assert(
      fc.property(broken, ({ exchange, before, cuts }) => {
        let reply = bytesOf(before, exchange.reply);
        for (const { at, bytes } of cuts)
          reply = bytesOf(reply.subarray(0, at), bytes, reply.subarray(at + 1));
        outcome(driver, { request: exchange.request, reply });
      }),
      runs(500),
    );
  });

  it('gets through a long flood of false starts', () => {
    for (const { request, reply } of exchanges.slice(0, 3)) {
      const flood = new Uint8Array(16_384).fill(reply[0] ?? 0);
      expect(outcome(driver, { request, reply: flood })).toBeInstanceOf(BmsError);
      expect(outcome(driver, { request, reply: new Uint8Array() })).toMatchObject({ code: 'REPLY_TIMEOUT' });
    }
  });
});

describe.each(BMSES.map((entry) => [entry.driver.id, entry] as const))(
  '%s with its simulated battery',
  (_, entry) => {
    const { driver } = entry;
    const BATTERY = batteryOf(cellsFor(driver));
    const address = driver.reach.serial.addresses[0] ?? 0;

    /** Polls like the application does. */
    async function polls(
      responder: Responder,
      battery: PackReading,
      count: number,
      echo = false,
    ): Promise<PackReading[]> {
      const { link, until } = batteryLine(responder, battery, { echo });
      const readings: PackReading[] = [];
      const session = driver.open(link, address);
      while (readings.length < count) readings.push(await until(session.read()));
      return readings;
    }

    it('has the cells that its battery has in this test', async () => {
      const { link, until } = batteryLine(await entry.responder(), BATTERY);
      const { cellCount } = await until(driver.open(link, address).read());
      expect(cellCount ?? BATTERY.cellCount).toBe(BATTERY.cellCount);
    });

    it('is recognised by the probe', async () => {
      const { link, until } = batteryLine(await entry.responder(), BATTERY);
      expect(departures(await until(driver.open(link, address).probe()), BATTERY)).toEqual([]);
    });

    it('is read as it is, within the resolution of the protocol', async () => {
      const responder = await entry.responder();
      await fc.assert(
        fc.asyncProperty(anyBatteryOf(cellsFor(driver)), async (battery) => {
          const [first = {}, , third = {}] = await polls(responder, battery, 3);
          expect(departures(first, battery)).toEqual([]);
          expect(departures(third, battery)).toEqual([]);
        }),
        runs(40),
      );
    });

    it('tells at least voltage, current, state of charge, cells and temperatures', async () => {
      const [reading = {}] = await polls(await entry.responder(), BATTERY, 1);
      const untold = devicesOf(driver.family)[driver.id]?.untold ?? [];
      const keys = ['voltage', 'current', 'soc', 'cellVoltages', 'temperatures', 'alarms'];
      expect(Object.keys(reading)).toEqual(
        expect.arrayContaining(keys.filter((key) => !untold.includes(key))),
      );
      for (const key of untold) expect(reading).not.toHaveProperty(key);
    });

    it('is read the same through an adapter that echoes', async () => {
      const responder = await entry.responder();
      expect(await polls(responder, BATTERY, 3, true)).toEqual(await polls(responder, BATTERY, 3));
    });

    it('never lets go of a fact from poll to poll', async () => {
      const readings = await polls(await entry.responder(), BATTERY, 14);
      for (const [index, reading] of readings.entries()) {
        const before = Object.keys(readings[index - 1] ?? {});
        expect(Object.keys(reading), `poll ${index}`).toEqual(expect.arrayContaining(before));
      }
    });

    it('shows every alarm that it can tell, and none when all is well', async () => {
      const responder = await entry.responder();
      const [quiet = {}] = await polls(responder, BATTERY, 1);
      const names = ALARM_NAMES.filter((name) => quiet.alarms?.[name] !== undefined);
      expect(names.filter((name) => quiet.alarms?.[name] !== 0)).toEqual([]);
      for (const name of names) {
        const [reading = {}] = await polls(responder, { ...BATTERY, alarms: { [name]: 2 } }, 1);
        expect(reading.alarms?.[name], name).toBeGreaterThan(0);
      }
    });

    it.each(driver.switches)('turns %s off and on again and sees it', async (name) => {
      const key =
        name === 'balancer' ? 'balancing' : name === 'charge' ? 'chargeEnabled' : 'dischargeEnabled';
      const { link, until } = batteryLine(await entry.responder(), BATTERY);
      const session = driver.open(link, address);
      for (const on of [false, true]) {
        await until(session.read());
        await until(session.switches[name]?.(on) ?? Promise.reject(new Error(`no ${name} switch`)));
        const after = await until(session.read());
        if (key !== 'balancing') expect(after[key]).toBe(on);
      }
    });

    it.each(driver.switches)('says so when %s does not follow', async (name) => {
      const { link, until } = batteryLine(await entry.responder(), BATTERY, { obey: false });
      const turned = driver.open(link, address).switches[name]?.(false);
      await expect(until(turned ?? Promise.resolve())).rejects.toBeInstanceOf(BmsError);
    });

    it('turns exactly the switches that it declares', () => {
      const { link } = scriptedLine([]);
      expect(Object.keys(driver.open(link, address).switches)).toEqual(driver.switches);
    });
  },
);

function same(a: PackReading, b: PackReading): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}

/** Every list of `read` is the beginning of that list of `whole`. */
function isBeginningOf(read: PackReading, whole: PackReading): boolean {
  const lists = ({ cellVoltages = [], temperatures = [] }: PackReading): readonly (readonly number[])[] => [
    cellVoltages,
    temperatures,
  ];
  const wholes = lists(whole);
  return lists(read).every((list, at) => list.every((value, index) => value === wholes[at]?.[index]));
}
