import type { BmsDriver } from '../../src/bms/driver.ts';
import { BMSES } from '../../src/bms/index.ts';
import type { WiredDevice } from '../../src/simulator/line/device-wire.ts';
import { type Random, seeded } from '../../src/simulator/random.ts';
import { BankLine } from '../../test/support/bank-line.ts';
import type { Row } from './row.ts';

/** How likely a request is lost on its way to the BMS, with what must be left of the polls. */
export const LOSSES: readonly Loss[] = [
  { percent: 0, leastRate: 0.95 },
  { percent: 5 },
  { percent: 10, leastRate: 0.9, leastComplete: 19 / 20 },
  { percent: 15 },
  { percent: 25, leastRate: 0.7 },
];

interface Loss {
  readonly percent: number;
  /** Complete polls a second at a poll interval of one second. */
  readonly leastRate?: number;
  /** Of the polls that were begun. */
  readonly leastComplete?: number;
}

/** What came of the polls of a battery under one loss. */
interface Polled {
  readonly loss: Loss;
  readonly lost: number;
  readonly perSecond: number;
  readonly complete: number;
}

const SEED = 20_260_704;

/** Two rows for each driver: a BMS that stays awake, and one that needs a request to wake up for every poll. */
export async function lossRows(
  seconds: number,
  onRow: (row: Row) => void = () => {},
  drivers: readonly BmsDriver[] = BMSES.map(({ driver }) => driver),
): Promise<Row[]> {
  const rows: Row[] = [];
  for (const driver of drivers) {
    for (const sleeps of [false, true]) {
      const row = await rowOf(driver, sleeps, seconds);
      onRow(row);
      rows.push(row);
    }
  }
  return rows;
}

async function rowOf(driver: BmsDriver, sleeps: boolean, seconds: number): Promise<Row> {
  const polled: Polled[] = [];
  for (const loss of LOSSES) polled.push(await polls(driver, sleeps, loss, seconds));
  return {
    fault: `lost requests: ${driver.id}${sleeps ? ', asleep between polls' : ''}`,
    injected: polled.reduce((sum, { lost }) => sum + lost, 0),
    wrong: 0,
    raised: 0,
    restarts: 0,
    perSecond: Object.fromEntries(polled.map(({ loss, perSecond }) => [`${loss.percent} %`, perSecond])),
    ...completeOf(polled),
    missed: missedOf(polled),
  };
}

function completeOf(polled: readonly Polled[]): Pick<Row, 'complete'> {
  const judged = polled.find(({ loss }) => loss.leastComplete !== undefined);
  return judged === undefined ? {} : { complete: judged.complete };
}

/** Without loss every driver reaches one poll a second at its usual line rate, so the marks are the same for all. */
export function missedOf(polled: readonly Polled[]): string[] {
  return polled.flatMap(({ complete, loss, perSecond }) => {
    const { leastComplete = 0, leastRate = 0, percent } = loss;
    return [
      perSecond < leastRate &&
        `${perSecond.toFixed(2)} polls/s with ${percent} % loss, not ${leastRate.toFixed(2)}`,
      complete < leastComplete &&
        `${(100 * complete).toFixed(1)} % of polls complete with ${percent} % loss, not ${100 * leastComplete} %`,
    ].filter((text) => text !== false);
  });
}

async function polls(driver: BmsDriver, sleeps: boolean, loss: Loss, seconds: number): Promise<Polled> {
  let lossy: LossyLine | undefined;
  const address = driver.reach.serial.addresses[0] ?? 1;
  const line = await BankLine.open(driver.id, {
    packs: [{ address }],
    through(device) {
      lossy = new LossyLine(device, loss.percent / 100, seeded(SEED + loss.percent));
      return lossy;
    },
  });
  line.onCycle = () => {
    if (sleeps) lossy?.fallAsleep();
  };
  await line.run(1000 * seconds);
  line.device.close();
  const good = line.polls.get(address) ?? 0;
  return {
    loss,
    lost: lossy?.lost ?? 0,
    perSecond: (1000 * good) / line.clock.now(),
    complete: good / line.begun,
  };
}

/** A line that loses requests, to a device that may sleep: the first request that reaches it then only wakes it up. */
class LossyLine implements WiredDevice {
  lost = 0;
  readonly #device: WiredDevice;
  readonly #chance: number;
  readonly #random: Random;
  #asleep = false;

  constructor(device: WiredDevice, chance: number, random: Random) {
    this.#device = device;
    this.#chance = chance;
    this.#random = random;
  }

  get baudRate(): number {
    return this.#device.baudRate;
  }

  fallAsleep(): void {
    this.#asleep = true;
  }

  attach(attachment: Parameters<WiredDevice['attach']>[0]): ReturnType<WiredDevice['attach']> {
    const session = this.#device.attach(attachment);
    return {
      receive: (bytes) => {
        if (this.#isHeard()) session.receive(bytes);
        else this.lost += 1;
      },
      detach: () => session.detach(),
    };
  }

  #isHeard(): boolean {
    if (this.#random.next() < this.#chance) return false;
    const wasAsleep = this.#asleep;
    this.#asleep = false;
    return !wasAsleep;
  }
}
