import { copyFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Figure, Measurement } from './figure.ts';
import { atHome, type Home, MOVING } from './home.ts';
import { pause } from './monotonic.ts';
import { type Memory, memoryOf } from './process-cost.ts';

const MANY = 4;
const ESTABLISHED = { rss: 37.6, pss: 28.7 } as const;
const MARKS = { private: { of: 'max', most: 20 }, sum: { of: 'max', most: 110 } } as const;

/** What one process costs, and what several on one device cost together. */
export const memory: Measurement = {
  name: 'memory',
  async measure(program, { quick }) {
    const node = join(tmpdir(), `dbus-bms-bench-node-${process.pid}`);
    await copyFile(process.execPath, node);
    try {
      const [alone, together] = await atHome((home) => grow(home, program, node, quick ? 3000 : 15_000));
      return {
        title: 'Memory',
        notes: [
          'MiB, JBD with 16 cells and moving values, from smaps_rollup. The drivers run on a copy of the Node.js binary that nobody',
          'else maps, so PSS counts its pages in full, as on a device where only this program uses Node.js.',
        ],
        figures: [...one(alone), ...many(together)],
      };
    } finally {
      await rm(node, { force: true });
    }
  },
};

/** Memory of the first driver alone, then of all when the others have joined. */
async function grow(
  home: Home,
  program: string,
  node: string,
  settleMs: number,
): Promise<[Memory, readonly Memory[]]> {
  const join = async (number: number): Promise<number> => {
    const path = await home.battery(`ttyBENCH${number}`, MOVING);
    const args = ['--bms', 'jbd'];
    const { driver } = await home.run(path, { program, args, node, state: home.freshState() });
    return driver.pid;
  };
  const first = await join(1);
  await pause(settleMs);
  const alone = memoryOf(first);
  const others = await Promise.all(Array.from({ length: MANY - 1 }, (_, index) => join(index + 2)));
  await pause(settleMs);
  return [alone, [first, ...others].map(memoryOf)];
}

function one(alone: Memory): Figure[] {
  return [
    mebibytes('1 process: RSS', [alone.rss], ESTABLISHED.rss),
    mebibytes('1 process: PSS', [alone.pss], ESTABLISHED.pss),
    mebibytes('1 process: anonymous', [alone.anonymous]),
    { ...mebibytes('1 process: private dirty', [alone.privateDirty]), mark: MARKS.private },
    { name: '1 process: threads', unit: '', digits: 0, samples: [alone.threads], established: '1' },
  ];
}

function many(together: readonly Memory[]): Figure[] {
  const sum = together.reduce((total, { pss }) => total + pss, 0);
  return [
    mebibytes(
      `${MANY} processes: RSS of each`,
      together.map(({ rss }) => rss),
    ),
    mebibytes(
      `${MANY} processes: anonymous of each`,
      together.map(({ anonymous }) => anonymous),
    ),
    {
      ...mebibytes(
        `${MANY} processes: private dirty of each`,
        together.map(({ privateDirty }) => privateDirty),
      ),
      mark: MARKS.private,
    },
    { ...mebibytes(`${MANY} processes: sum of PSS`, [sum]), mark: MARKS.sum },
  ];
}

function mebibytes(name: string, samples: readonly number[], established?: number): Figure {
  const figure = { name, unit: 'MiB', digits: 1, samples };
  return established === undefined ? figure : { ...figure, established: String(established) };
}
