import { describe, expect, it } from 'vitest';
import type { BmsEntry, Responder } from '../../src/bms/driver.ts';
import { BMSES } from '../../src/bms/index.ts';
import { BmsError, hex } from '../../src/errors.ts';
import type { PackReading } from '../../src/model/reading.ts';
import { seeded } from '../../src/simulator/random.ts';
import { batteryFor } from '../support/batteries.ts';
import { batteryLine, type Line } from '../support/battery-line.ts';

const READINGS = 12;

/** Another battery in every respect that a session remembers: other counts, texts and limits. */
const otherThan = (battery: PackReading): PackReading => ({
  ...battery,
  soc: 21,
  cycles: 7,
  temperatures: [11, 12, 13],
  maxChargeCurrent: 60,
  maxDischargeCurrent: 70,
  model: 'OTHER',
  serialNumber: 'S7654321',
  firmwareVersion: '9.9',
  cellBalancing: new Array<boolean>(battery.cellCount ?? 0).fill(false),
  balancing: false,
});

/** Loses some requests and refuses none, the same ones for every line that is made of it. */
function losing(responder: Responder): Responder {
  const random = seeded(5);
  return {
    accept: responder.accept,
    reply: (request, battery) => (random.next() < 0.15 ? undefined : responder.reply(request, battery)),
  };
}

/** What one reading came to, and everything that was sent for it. */
type Step = { readonly outcome: PackReading | string; readonly sent: readonly string[] };

interface Talk {
  step(): Promise<Step>;
}

async function open({ driver, responder }: BmsEntry, battery: PackReading, isLossy: boolean): Promise<Talk> {
  const usual = await responder();
  const line: Line = batteryLine(isLossy ? losing(usual) : usual, battery);
  const session = driver.open(line.link, driver.reach.serial.addresses[0] ?? 0);
  const ask = (asked: Promise<PackReading>): Promise<PackReading | string> =>
    line.until(
      asked.catch((error: unknown) => {
        if (error instanceof BmsError) return error.message;
        throw error;
      }),
    );
  let isFirst = true;
  return {
    async step() {
      const before = line.requests.length;
      const outcome = await ask(isFirst ? session.probe() : session.read());
      isFirst = false;
      return { outcome, sent: line.requests.slice(before).map((request) => hex(request, 999)) };
    },
  };
}

async function alone(talk: Talk): Promise<Step[]> {
  const steps: Step[] = [];
  while (steps.length < READINGS) steps.push(await talk.step());
  return steps;
}

describe.each(BMSES.map((entry) => [entry.driver.id, entry] as const))('sessions of %s', (_, entry) => {
  const BATTERY = batteryFor(entry.driver);
  const OTHER = otherThan(BATTERY);

  it('on two lines say and ask, turn by turn, what each does alone', async () => {
    const [first, second] = [
      await alone(await open(entry, BATTERY, false)),
      await alone(await open(entry, OTHER, true)),
    ];
    const one = await open(entry, BATTERY, false);
    const other = await open(entry, OTHER, true);
    for (let turn = 0; turn < READINGS; turn += 1) {
      expect(await one.step(), `turn ${turn}`).toEqual(first[turn]);
      expect(await other.step(), `turn ${turn}`).toEqual(second[turn]);
    }
  });

  it('on one line after each other take nothing over', async () => {
    const line = batteryLine(await entry.responder(), BATTERY);
    const readings: PackReading[] = [];
    const sent: string[][] = [];
    for (let session = 0; session < 2; session += 1) {
      const before = line.requests.length;
      const { driver } = entry;
      readings.push(await line.until(driver.open(line.link, driver.reach.serial.addresses[0] ?? 0).read()));
      sent.push(line.requests.slice(before).map((request) => hex(request, 999)));
    }
    expect(readings[1]).toEqual(readings[0]);
    expect(sent[1]).toEqual(sent[0]);
  });
});
