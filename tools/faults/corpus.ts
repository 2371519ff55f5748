import type { BmsDriver, BmsEntry, Memory } from '../../src/bms/driver.ts';
import { BMSES } from '../../src/bms/index.ts';
import { hex } from '../../src/errors.ts';
import type { PackReading } from '../../src/model/reading.ts';
import { HalfDuplex } from '../../src/transport/half-duplex.ts';
import { MemoryWire } from '../../src/transport/memory.ts';
import { batteryFor } from '../../test/support/batteries.ts';
import { ManualClock } from '../../test/support/manual-clock.ts';

/** One poll as a battery answered it. */
export interface RecordedPoll {
  /** What the session knew before it. */
  readonly context: Memory;
  readonly address: number;
  readonly truth: PackReading;
  /** Everything that this battery ever answered, by the request in hex; it stands still, so any of it answers any poll. */
  readonly replies: ReadonlyMap<string, Uint8Array>;
}

/** One exchange of a poll. */
export interface Sound {
  readonly request: Uint8Array;
  readonly reply: Uint8Array;
  /** What the battery answered to the same request some seconds before. */
  readonly earlier: Uint8Array;
  readonly part: PackReading;
  readonly poll: RecordedPoll;
}

/** Everything that the simulated batteries of one BMS say in their first polls. */
export interface Corpus {
  readonly driver: BmsDriver;
  readonly sound: readonly Sound[];
}

const POLLS = 3;
/** V per cell of the lowest limit that a battery tells. */
const LOWEST_LIMIT = 3.354;

/** Batteries in the middle, close to both knees, cold, and with alarms: where a wrong value would raise a limit. */
function batteriesOf(driver: BmsDriver): readonly PackReading[] {
  const usual = batteryFor(driver);
  const { cellCount = 0 } = usual;
  return [
    // Its own limits are the lowest of all, so that a wrong one would show.
    {
      ...usual,
      maxChargeCurrent: 30,
      maxDischargeCurrent: 40,
      maxChargeVoltage: Math.round(10 * LOWEST_LIMIT * cellCount) / 10,
    },
    atCells(usual, 3.45, { soc: 97, current: 20.5 }),
    atCells(usual, 2.95, { soc: 6, current: -41.2 }),
    atCells(usual, 3.31, { soc: 51, current: 0, temperatures: [2, 1, 3, 2] }),
    atCells(usual, 3.58, { soc: 100, current: 3.4, chargeEnabled: false, alarms: { highCellVoltage: 2 } }),
  ];
}

/** The battery under another load: its cells recover from a discharge, or come down from a charge, and are as warm. */
function earlier(battery: PackReading): PackReading {
  const { cellVoltages = [], current = 0, soc = 0, voltage = 0 } = battery;
  const down = current <= 0 ? 0.06 : -0.06;
  return {
    ...battery,
    current: current + (down > 0 ? -30 : 30),
    cellVoltages: cellVoltages.map((cell) => Math.round(1000 * (cell - down)) / 1000),
    voltage: Math.round(10 * (voltage - down * cellVoltages.length)) / 10,
    soc: Math.min(100, soc + 1),
  };
}

function atCells(usual: PackReading, mean: number, changes: PackReading): PackReading {
  const cellVoltages = (usual.cellVoltages ?? []).map((_, index) => (1000 * mean + index) / 1000);
  const voltage = Math.round(10 * cellVoltages.reduce((sum, cell) => sum + cell, 0)) / 10;
  return { ...usual, cellVoltages, voltage, ...changes };
}

export async function corpora(): Promise<Corpus[]> {
  return Promise.all(BMSES.map(corpusOf));
}

async function corpusOf(entry: BmsEntry): Promise<Corpus> {
  const { driver } = entry;
  const responder = await entry.responder();
  const sound: Sound[] = [];
  for (const battery of batteriesOf(driver)) {
    const replies = new Map<string, Uint8Array>();
    const clock = new ManualClock();
    const wire = new MemoryWire((request) => {
      const bytes =
        responder.accept(request) === request.length ? responder.reply(request, battery)?.bytes : undefined;
      if (bytes !== undefined) replies.set(hex(request), bytes);
      return bytes;
    });
    const link = new HalfDuplex(wire, { line: { baudRate: 9600 }, clock });
    const address = driver.reach.serial.addresses[0] ?? 0;
    const session = driver.open(link, address);
    for (let cycle = 0; cycle < POLLS; cycle += 1) {
      const first = wire.written.length;
      const context = session.memory;
      const known = await clock.until(session.read());
      const poll = { context, address, replies, truth: known };
      for (const request of wire.written.slice(first)) {
        const reply = replies.get(hex(request));
        if (reply === undefined) continue;
        const before = responder.reply(request, earlier(battery))?.bytes ?? reply;
        sound.push({ request, reply, earlier: before, part: driver.decode(request, reply), poll });
      }
    }
  }
  return { driver, sound };
}
