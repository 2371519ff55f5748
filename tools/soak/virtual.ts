import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate as turn } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { PortService } from '../../src/app/port-service.ts';
import type { Output } from '../../src/battery/output.ts';
import type { BmsDriver } from '../../src/bms/driver.ts';
import { BMSES } from '../../src/bms/index.ts';
import type { ItemValue } from '../../src/dbus/item.ts';
import type { Log } from '../../src/log.ts';
import { loadSettings } from '../../src/settings/load.ts';
import type { Device } from '../../src/simulator/line/device.ts';
import { DeviceWire } from '../../src/simulator/line/device-wire.ts';
import { buildDevice } from '../../src/simulator/plant/build.ts';
import { parseScenario } from '../../src/simulator/trials/scenario.ts';
import { chargeOrders } from '../../src/simulator/venus/charge-orders.ts';
import { VirtualClock } from '../../src/simulator/virtual-clock.ts';
import { HalfDuplex } from '../../src/transport/half-duplex.ts';
import { changes } from '../../src/venus/changes.ts';
import { withReads } from '../../test/support/sessions.ts';

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
  /** How far the farthest poll began from where the grid of the first one has it, ms. */
  readonly driftMs: number;
}

const INTERVAL_MS = 1000;
/** Time goes on in such steps; far below what is left of an interval after a poll. */
const STEP_MS = 100;
const MIB = 1024 * 1024;
const ID = 'jbd';
/** A day that moves, so that every state of the control is visited, with a disturbed line now and then. */
const SCENARIO = {
  hour: 7,
  packs: [{ soc: 45, spread: 0.2, capacitySpread: 0.4, resistanceSpread: 8 }],
  sources: [{ power: 6500, pattern: { sun: true, cloudSeconds: 240, cloudDepth: 0.6 } }],
  loads: [{ power: 180 }, { power: 2000, pattern: { from: 1800, on: 300, off: 10_500 } }],
};
const NO_LOG: Log = { error: ignore, warn: ignore, info: ignore, debug: ignore, debugging: false };

/** The poll grid and what stands on it: when polls began, and which brought nothing. */
class Grid {
  readonly #clock: VirtualClock;
  #began: number | undefined;
  #polls = 0;
  missed = 0;
  driftMs = 0;

  constructor(clock: VirtualClock) {
    this.#clock = clock;
  }

  get polls(): number {
    return this.#polls;
  }

  /** The driver, with every poll noted. */
  on(driver: BmsDriver): BmsDriver {
    return withReads(driver, async (read) => {
      const now = this.#clock.now();
      this.#began ??= now;
      const due = this.#began + this.#polls * INTERVAL_MS;
      this.driftMs = Math.max(this.driftMs, Math.abs(now - due));
      this.#polls += 1;
      try {
        return await read();
      } catch (error) {
        this.missed += 1;
        throw error;
      }
    });
  }
}

/** In place of the bus: takes every update apart as the bus service does, and tells the battery its limits. */
function shownOn(device: Device): Output {
  const published = new Map<string, ItemValue>();
  return {
    show(view) {
      const orders = chargeOrders(view);
      if (orders !== undefined) device.plant.publish(orders);
      for (const { path, value } of changes(published, view)) published.set(path, value);
    },
    keepPacks: ignore,
    close: ignore,
  };
}

/**
 * Polls a simulated battery `polls` times as the service of a port does: searching, polling on the grid, control, what is
 * written down, and the changes for the bus; only the bus itself is not there. The first `warmUp` polls do not count.
 */
export async function soakVirtually(polls: number, warmUp: number): Promise<VirtualSoak> {
  const driver = BMSES.map((entry) => entry.driver).find(({ id }) => id === ID);
  if (driver === undefined) throw new Error(`no driver ${ID}`);
  const folder = await mkdtemp(join(tmpdir(), 'dbus-bms-soak-'));
  const clock = new VirtualClock();
  const device = await buildDevice(ID, parseScenario(SCENARIO), clock);
  const grid = new Grid(clock);
  const stop = new AbortController();
  const service = new PortService({
    port: { kind: 'serial', path: '/dev/ttyUSB0' },
    drivers: [grid.on(driver)],
    settings: (await loadSettings('/nonexistent/dbus-bms.toml')).forPort('ttyUSB0'),
    stateFolder: folder,
    clock,
    log: { scope: () => NO_LOG, setLevel: ignore },
    signal: stop.signal,
    openLink: async ({ line, onExchange = ignore }) =>
      new HalfDuplex(new DeviceWire(device, line), { line, clock, onExchange }),
    openOutput: () => shownOn(device),
  });
  let isOver = false;
  const running = service.run().finally(() => {
    isOver = true;
  });
  const collect = garbageCollector();
  const until = async (isReached: () => boolean): Promise<void> => {
    while (!isReached() && !isOver) {
      await clock.run(clock.now() + STEP_MS);
      await filesWritten();
    }
  };

  try {
    await until(() => grid.polls >= warmUp);
    const [handlesBefore, timersBefore, heapBefore] = [handles(), clock.waiting, collect()];
    const began = clock.now();
    await until(() => clock.now() >= began + polls * INTERVAL_MS);
    const result = {
      polls: grid.polls - warmUp,
      missed: grid.missed + polls - (grid.polls - warmUp),
      heapGrowth: collect() - heapBefore,
      handlesBefore,
      handlesAfter: handles(),
      timersBefore,
      timersAfter: clock.waiting,
      driftMs: grid.driftMs,
    };
    stop.abort();
    await until(() => isOver);
    await running;
    return result;
  } finally {
    device.close();
    await rm(folder, { recursive: true });
  }
}

/** Turns of the event loop without a file at work, after which no file operation follows on another. */
const QUIET_TURNS = 3;

/** Files are written in real time, for which virtual time has to stand still. */
async function filesWritten(): Promise<void> {
  for (let quiet = 0; quiet < QUIET_TURNS; quiet += 1) {
    if (process.getActiveResourcesInfo().some((name) => /^FSReq|CloseReq$/.test(name))) quiet = 0;
    await turn();
  }
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
