import { readdirSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { atHome, MOVING } from '../bench/home.ts';
import { install } from '../bench/installed.ts';
import { monotonicMs, pause } from '../bench/monotonic.ts';
import { memoryOf } from '../bench/process-cost.ts';

/** What one process of several did and grew to. */
export interface RealSoak {
  readonly port: string;
  readonly polls: number;
  /** Polls that the time stands for. */
  readonly expected: number;
  /**
   * Private memory (dirty pages), MiB: the least of each part of the time after the warm-up, the first part first. A single look
   * would tell how much garbage happens to lie around.
   */
  readonly floors: readonly number[];
  /** Open files of the process. */
  readonly filesBefore: number;
  readonly filesAfter: number;
}

const PORTS = 4;
/** The share of the time after which memory counts; a young heap finds its size first. */
const WARM_UP = 0.4;
const PARTS = 6;
const LOOK_EVERY_MS = 2000;

/** The real program on `PORTS` ports, all values moving, for `minutes`. */
export async function soakReally(minutes: number): Promise<RealSoak[]> {
  const folder = await mkdtemp(join(tmpdir(), 'dbus-bms-soak-'));
  try {
    const program = await install(folder);
    return await atHome(async (home) => {
      const running = [];
      for (let port = 1; port <= PORTS; port += 1) {
        const path = await home.battery(`ttySOAK${port}`, { ...MOVING, seed: port });
        const { driver } = await home.run(path, {
          program,
          args: ['--bms', 'jbd'],
          state: home.freshState(),
        });
        running.push({ path, pid: driver.pid });
      }
      const totalMs = minutes * 60_000;
      await pause(WARM_UP * totalMs);
      const filesBefore = running.map(({ pid }) => files(pid));
      for (const { path } of running) await home.batteries.ask('tally', path);
      const began = monotonicMs();
      const floors = running.map(() => new Array<number>(PARTS).fill(Number.POSITIVE_INFINITY));
      const partMs = ((1 - WARM_UP) * totalMs) / PARTS;
      for (let part = 0; part < PARTS; part += 1) {
        while (monotonicMs() - began < (part + 1) * partMs) {
          await pause(LOOK_EVERY_MS);
          for (const [index, { pid }] of running.entries()) {
            const least = floors[index];
            if (least !== undefined) least[part] = Math.min(least[part] ?? 0, memoryOf(pid).privateDirty);
          }
        }
      }
      return Promise.all(
        running.map(async ({ path, pid }, index): Promise<RealSoak> => {
          const { polls } = await home.batteries.ask('tally', path);
          return {
            port: path.slice(path.lastIndexOf('/') + 1),
            polls,
            expected: (monotonicMs() - began) / 1000,
            floors: floors[index] ?? [],
            filesBefore: filesBefore[index] ?? Number.NaN,
            filesAfter: files(pid),
          };
        }),
      );
    });
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

function files(pid: number): number {
  return readdirSync(`/proc/${pid}/fd`).length;
}
