import type { BmsDriver, BmsEntry, PollContext } from '../../src/bms/driver.ts';
import { BMSES } from '../../src/bms/index.ts';
import { hex } from '../../src/errors.ts';
import type { Reading } from '../../src/model/reading.ts';
import { HalfDuplex } from '../../src/transport/half-duplex.ts';
import { MemoryWire } from '../../src/transport/memory.ts';
import { BATTERY } from '../../test/support/batteries.ts';
import { ManualClock } from '../../test/support/manual-clock.ts';

/** One poll as a battery answered it. */
export interface RecordedPoll {
  readonly context: PollContext;
  readonly address: number;
  /** Answers by the request in hex. */
  readonly replies: ReadonlyMap<string, Uint8Array>;
  readonly truth: Reading;
}

/** One exchange of a poll. */
export interface Sound {
  readonly request: Uint8Array;
  readonly reply: Uint8Array;
  readonly part: Reading;
  readonly poll: RecordedPoll;
}

/** Everything that a simulated battery of one BMS says in its first polls. */
export interface Corpus {
  readonly driver: BmsDriver;
  readonly sound: readonly Sound[];
}

const POLLS = 3;
const CELLS = BATTERY.cellVoltages?.length ?? 0;

/** Batteries in the middle, close to both knees, cold, and with alarms: where a wrong value would raise a limit. */
const BATTERIES: readonly Reading[] = [
  BATTERY,
  atCells(3.45, { soc: 97, current: 20.5 }),
  atCells(2.95, { soc: 6, current: -41.2 }),
  atCells(3.31, { soc: 51, current: 0, temperatures: [2, 1, 3, 2] }),
  atCells(3.58, { soc: 100, current: 3.4, chargeEnabled: false, alarms: { highCellVoltage: 2 } }),
];

function atCells(mean: number, changes: Reading): Reading {
  const cellVoltages = Array.from({ length: CELLS }, (_, index) => (1000 * mean + index) / 1000);
  const voltage = Math.round(10 * cellVoltages.reduce((sum, cell) => sum + cell, 0)) / 10;
  return { ...BATTERY, cellVoltages, voltage, ...changes };
}

export async function corpora(): Promise<Corpus[]> {
  return Promise.all(BMSES.map(corpusOf));
}

async function corpusOf(entry: BmsEntry): Promise<Corpus> {
  const { driver } = entry;
  const responder = await entry.responder();
  const sound: Sound[] = [];
  for (const battery of BATTERIES) {
    let replies = new Map<string, Uint8Array>();
    const clock = new ManualClock();
    const wire = new MemoryWire((request) => {
      const bytes =
        responder.accept(request) === request.length ? responder.reply(request, battery)?.bytes : undefined;
      if (bytes !== undefined) replies.set(hex(request), bytes);
      return bytes;
    });
    const link = new HalfDuplex(wire, { line: { baudRate: 9600 }, clock });
    const address = driver.addresses[0] ?? 0;
    let known: Reading = {};
    for (let cycle = 0; cycle < POLLS; cycle += 1) {
      replies = new Map();
      const first = wire.written.length;
      const context = { cycle, known };
      known = await clock.until(driver.poll(link, address, context));
      const poll = { context, address, replies, truth: known };
      for (const request of wire.written.slice(first)) {
        const reply = replies.get(hex(request));
        if (reply !== undefined) sound.push({ request, reply, part: driver.decode(request, reply), poll });
      }
    }
  }
  return { driver, sound };
}
