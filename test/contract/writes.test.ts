import { describe, expect, it } from 'vitest';
import type { BmsDriver, Responder } from '../../src/bms/driver.ts';
import { BMSES } from '../../src/bms/index.ts';
import { BmsError, hex } from '../../src/errors.ts';
import type { PackReading } from '../../src/model/reading.ts';
import { seeded } from '../../src/simulator/random.ts';
import { batteryFor } from '../support/batteries.ts';
import { batteryLine, type Line, scriptedLine } from '../support/battery-line.ts';

const CYCLES = [0, 1, 2, 3, 4, 5, 7, 10, 59, 60, 100, 299, 300, 600, 900, 1000, 3599, 3600, 3601];

/** Every frame that probe and polls send over a line, whatever comes back. */
async function sentBy(driver: BmsDriver, address: number, open: () => Line): Promise<string[]> {
  const line = open();
  const settled = async (asked: Promise<PackReading>): Promise<PackReading | undefined> =>
    line.until(
      asked.catch((error: unknown) => {
        if (error instanceof BmsError) return undefined;
        throw error;
      }),
    );
  const session = driver.open(line.link, address);
  await settled(session.probe());
  let known: PackReading = {};
  for (const cycle of CYCLES) {
    session.memory = { cycle, known };
    known = (await settled(session.read())) ?? {};
  }
  return [...new Set(line.requests.map((request) => hex(request, 999)))];
}

const outside = (sent: readonly string[], patterns: readonly RegExp[]): string[] =>
  sent.filter((frame) => !patterns.some((pattern) => pattern.test(frame)));

/** Answers like the battery, but a part of it damaged, so that drivers take their other ways too. */
function unsteady(responder: Responder, truth: PackReading): () => Line {
  const random = seeded(11);
  return () =>
    batteryLine(
      {
        accept: responder.accept,
        reply(request, battery) {
          const answer = responder.reply(request, battery);
          return answer === undefined || random.next() < 0.4 ? undefined : answer;
        },
      },
      truth,
    );
}

describe('what is sent to a BMS', () => {
  it('is declared by every driver', () => {
    for (const { driver } of BMSES) expect(driver.sends.reads.length, driver.id).toBeGreaterThan(0);
  });

  it.each(BMSES.map((entry) => [entry.driver.id, entry] as const))(
    '%s: probe and poll only send frames that read, at every address and whatever comes back',
    async (_, { driver, responder }) => {
      const { reads } = driver.sends;
      const battery = await responder();
      const truth = batteryFor(driver);
      const lines: readonly (() => Line)[] = [
        () => batteryLine(battery, truth),
        unsteady(battery, truth),
        () => scriptedLine([]),
        () => scriptedLine([new Uint8Array(60).fill(0x55)]),
      ];
      for (const address of driver.reach.serial.addresses) {
        for (const open of lines) expect(outside(await sentBy(driver, address, open), reads)).toEqual([]);
      }
    },
  );

  it.each(
    BMSES.flatMap((entry) => entry.driver.switches.map((name) => [entry.driver.id, name, entry] as const)),
  )('%s: the %s switch sends its own frames and no other', async (_, name, { driver, responder }) => {
    const { reads, switches = {} } = driver.sends;
    const own = switches[name] ?? [];
    const battery = await responder();
    for (const address of driver.reach.serial.addresses) {
      for (const on of [true, false]) {
        for (const obey of [true, false]) {
          const line = batteryLine(battery, batteryFor(driver), { obey });
          const done =
            driver.open(line.link, address).switches[name]?.(on) ?? Promise.reject(new Error('no switch'));
          await line.until(
            done.catch((error: unknown) => {
              if (!(error instanceof BmsError)) throw error;
            }),
          );
          const sent = line.requests.map((request) => hex(request, 999));
          expect(outside(sent, [...reads, ...own])).toEqual([]);
          if (address === driver.reach.serial.addresses[0])
            expect(outside(sent, reads).length).toBeGreaterThan(0);
        }
      }
    }
  });

  it.each(BMSES.map(({ driver }) => [driver.id, driver] as const))(
    '%s: every listed write belongs to a switch that exists',
    (_, { sends, switches }) => {
      expect(Object.keys(sends.switches ?? {}).sort()).toEqual([...switches].sort());
    },
  );

  it.each(
    BMSES.filter(({ driver }) => driver.switches.length > 0).map(
      (entry) => [entry.driver.id, entry] as const,
    ),
  )('%s: no pattern of a read lets a write through', async (_, { driver, responder }) => {
    const { reads, switches = {} } = driver.sends;
    const own = Object.values(switches).flat();
    const battery = await responder();
    const [address = 0] = driver.reach.serial.addresses;
    for (const name of driver.switches) {
      const line = batteryLine(battery, batteryFor(driver));
      await line.until(driver.open(line.link, address).switches[name]?.(false) ?? Promise.resolve());
      const writes = line.requests
        .map((request) => hex(request, 999))
        .filter((frame) => outside([frame], own).length === 0);
      expect(writes.length, name).toBeGreaterThan(0);
      expect(outside(writes, reads)).toEqual(writes);
    }
  });
});
