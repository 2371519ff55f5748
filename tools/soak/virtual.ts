import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { Bank } from '../../src/app/bank.ts';
import { Battery } from '../../src/app/battery.ts';
import { Controller } from '../../src/app/controller.ts';
import { Journal } from '../../src/app/journal.ts';
import { Pack } from '../../src/app/pack.ts';
import { BMSES } from '../../src/bms/index.ts';
import type { Log } from '../../src/log.ts';
import { changes } from '../../src/publish/changes.ts';
import type { ItemValue } from '../../src/publish/dbus/bus-item.ts';
import { controlSettings } from '../../src/settings/control.ts';
import { loadSettings } from '../../src/settings/load.ts';
import { buildDevice } from '../../src/simulator/build.ts';
import { DeviceWire } from '../../src/simulator/device-wire.ts';
import { parseScenario } from '../../src/simulator/scenario.ts';
import { VirtualClock } from '../../src/simulator/virtual-clock.ts';
import { HalfDuplex } from '../../src/transport/half-duplex.ts';
import { until } from '../../test/support/virtual-line.ts';

/** What many polls in one process left behind. */
export interface VirtualSoak {
  readonly polls: number;
  readonly missed: number;
  /** MiB of live objects after all garbage was collected: what came on top after the warm-up. */
  readonly heapGrowth: number;
  readonly handlesBefore: number;
  readonly handlesAfter: number;
  /** Timers that wait in the virtual clock. */
  readonly timersBefore: number;
  readonly timersAfter: number;
  /** How far the last poll began from where the grid of the first one has it, ms. */
  readonly driftMs: number;
}

const INTERVAL_MS = 1000;
const MIB = 1024 * 1024;
const ID = 'jbd';
/** A day that moves, so that every state of the control is visited, with a disturbed line now and then. */
const SCENARIO = {
  hour: 7,
  packs: [{ soc: 45, spread: 0.2, capacitySpread: 0.4, resistanceSpread: 8 }],
  sources: [{ power: 6500, pattern: { sun: true, cloudSeconds: 240, cloudDepth: 0.6 } }],
  loads: [{ power: 180 }, { power: 2000, pattern: { from: 1800, on: 300, off: 10_500 } }],
};
const IDENTITY = {
  productName: 'SerialBattery(soak)',
  connection: 'soak',
  deviceInstance: 1,
  customName: '',
  processVersion: '0',
};
const NO_LOG: Log = { error: ignore, warn: ignore, info: ignore, debug: ignore, debugging: false };

/** Polls a simulated battery `polls` times, from the wire to the changes for the bus. The first `warmUp` do not count. */
export async function soakVirtually(polls: number, warmUp: number): Promise<VirtualSoak> {
  const driver = BMSES.map((entry) => entry.driver).find(({ id }) => id === ID);
  if (driver === undefined) throw new Error(`no driver ${ID}`);
  const clock = new VirtualClock();
  const device = await buildDevice(ID, parseScenario(SCENARIO), clock);
  const line = driver.lines[0] ?? { baudRate: 9600 };
  const link = new HalfDuplex(new DeviceWire(device, line), { line, clock });
  const settings = (await loadSettings('/nonexistent/dbus-bms.toml')).forPort('ttyUSB0');
  const control = controlSettings(settings, driver);
  const bank = new Bank({
    driver,
    addresses: driver.addresses,
    scanned: [],
    battery: (address) => new Battery(new Pack(driver, address), new Controller(() => control), clock.now()),
    intervalMs: INTERVAL_MS,
    clock,
    log: { scope: () => NO_LOG, setLevel: ignore },
  });
  const journal = new Journal(NO_LOG);
  const published = new Map<string, ItemValue>();
  const { signal } = new AbortController();
  const collect = garbageCollector();

  let missed = 0;
  const publish = (): void => {
    const state = bank.state();
    const [battery] = bank.batteries;
    if (state === undefined || battery === undefined) return;
    journal.note(state.control);
    const shown = { ...state, identity: IDENTITY, history: battery.history };
    for (const { path, value } of changes(published, shown)) published.set(path, value);
    device.plant.publish(state.control);
    if (battery.pack.failures > 0) missed += 1;
    JSON.stringify(battery.memory);
  };
  const began = clock.now();
  let last = began;
  let due = began;
  const run = async (count: number): Promise<void> => {
    for (let poll = 0; poll < count; poll += 1) {
      await clock.run(due);
      last = clock.now();
      await until(clock, bank.cycle(link, {}, signal));
      publish();
      due = Math.max(due + INTERVAL_MS, clock.now());
    }
  };

  await run(warmUp);
  const [handlesBefore, timersBefore, heapBefore] = [handles(), clock.waiting, collect()];
  await run(polls);
  const result = {
    polls,
    missed,
    heapGrowth: collect() - heapBefore,
    handlesBefore,
    handlesAfter: handles(),
    timersBefore,
    timersAfter: clock.waiting,
    driftMs: last - began - (warmUp + polls - 1) * INTERVAL_MS,
  };
  device.close();
  return result;
}

function handles(): number {
  return process.getActiveResourcesInfo().length;
}

/** Collects all garbage and tells what is left, MiB. */
function garbageCollector(): () => number {
  setFlagsFromString('--expose-gc');
  const gc: unknown = runInNewContext('gc');
  return () => {
    for (let round = 0; round < 3; round += 1) if (typeof gc === 'function') gc();
    return process.memoryUsage().heapUsed / MIB;
  };
}

function ignore(): void {}
