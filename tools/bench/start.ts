import { spawn } from 'node:child_process';
import type { Figure, Measurement } from './figure.ts';
import { atHome, CONSTANT, type Home, type Running } from './home.ts';
import { monotonicMs } from './monotonic.ts';

const PORT = 'ttyBENCH1';
/** How the driver comes to know its battery. */
const WAYS = ['cached', 'forced', 'cold'] as const;
type Way = (typeof WAYS)[number];

const ABOUT: Readonly<Record<Way, string>> = {
  cached: 'type remembered',
  forced: 'type given',
  cold: 'type searched',
};
const ESTABLISHED: Readonly<Record<Way, { name: number; voltage: number }>> = {
  cached: { name: 17.49, voltage: 18.77 },
  forced: { name: 17.42, voltage: 18.7 },
  cold: { name: 19.74, voltage: 21.02 },
};
const ESTABLISHED_CPU = 0.19;
const OWN_SHARE_MS = 25;

type Run = Omit<Running, 'driver' | 'reader'> & {
  /** Process start to the first request on the line, ms. */
  readonly requestMs: number;
  /** An empty Node.js program run right before, start to end, ms. */
  readonly bareMs: number;
};

/** How long a start takes, from outside: from the creation of the process to what another program on the bus sees. */
export const start: Measurement = {
  name: 'start',
  async measure(program, { quick }) {
    const runs = await atHome(async (home) => {
      const path = await home.battery(PORT, CONSTANT);
      const remembered = home.freshState();
      await once(home, path, program, 'cached', remembered);
      const all: Record<Way, Run[]> = { cached: [], forced: [], cold: [] };
      const rounds = quick ? { cached: 3, forced: 1, cold: 1 } : { cached: 7, forced: 3, cold: 3 };
      for (let round = 0; round < rounds.cached; round += 1) {
        for (const way of WAYS) {
          if (round >= rounds[way]) continue;
          const state = way === 'cached' ? remembered : home.freshState();
          all[way].push(await once(home, path, program, way, state));
        }
      }
      return all;
    });
    return {
      title: 'Start',
      notes: [
        'JBD, 16 cells, 9600 baud. The three ways of starting take turns; seconds from the creation of the process.',
        'own share: start to first request on the line, less an empty Node.js program (node -e 0) run right before,',
        'with the compiled code on disk, as from the second start on.',
      ],
      figures: [
        ...WAYS.flatMap((way) => figures(way, runs[way])),
        {
          name: 'CPU until first valid voltage, type given',
          unit: 's',
          samples: runs.forced.map(({ cpu }) => cpu),
          established: ESTABLISHED_CPU.toFixed(2),
        },
        shared('start to first request, type remembered', runs.cached, ({ requestMs }) => requestMs),
        shared('empty Node.js program', runs.cached, ({ bareMs }) => bareMs),
        {
          ...shared('own share', runs.cached, ({ requestMs, bareMs }) => requestMs - bareMs),
          mark: { of: 'median', most: OWN_SHARE_MS },
        },
      ],
    };
  },
};

async function once(home: Home, path: string, program: string, way: Way, state: string): Promise<Run> {
  const bareMs = await bareNode();
  await home.batteries.ask('tally', path);
  const startedAt = monotonicMs();
  const args = way === 'forced' ? ['--bms', 'jbd'] : [];
  const { driver, reader: _, ...seen } = await home.run(path, { program, args, state });
  const { firstRequestAt = Number.NaN } = await home.batteries.ask('tally', path);
  await driver.stop();
  return { ...seen, requestMs: firstRequestAt - startedAt, bareMs };
}

function bareNode(): Promise<number> {
  const at = monotonicMs();
  const child = spawn(process.execPath, ['-e', '0'], { stdio: 'ignore' });
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', () => resolve(monotonicMs() - at));
  });
}

function figures(way: Way, runs: readonly Run[]): Figure[] {
  const { name, voltage } = ESTABLISHED[way];
  const seconds = (ms: number): number => ms / 1000;
  return [
    {
      name: `name on the bus, ${ABOUT[way]}`,
      unit: 's',
      samples: runs.map(({ nameMs }) => seconds(nameMs)),
      mark: { of: 'median', most: name },
      established: name.toFixed(2),
    },
    {
      name: `first valid voltage, ${ABOUT[way]}`,
      unit: 's',
      samples: runs.map(({ voltageMs }) => seconds(voltageMs)),
      mark: way === 'cached' ? { of: 'max', most: 2 } : { of: 'median', most: voltage },
      established: voltage.toFixed(2),
    },
  ];
}

function shared(name: string, runs: readonly Run[], value: (run: Run) => number): Figure {
  return { name, unit: 'ms', digits: 0, samples: runs.map(value) };
}
