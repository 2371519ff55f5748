import { spawn } from 'node:child_process';
import type { ClientMethods } from './client-process.ts';
import type { Figure, Measurement } from './figure.ts';
import { Helper } from './helper.ts';
import { atHome, CONSTANT, MOVING } from './home.ts';
import { pause } from './monotonic.ts';
import { cpuSeconds } from './process-cost.ts';

/** CPU per 100 polls, s. */
interface Cost {
  readonly driver: number;
  readonly daemon: number;
  readonly subscriber: number;
  readonly polls: number;
}

/** 1.5 ms of the driver for each poll; of the daemon what it spends on the established driver. */
const MARK = { driver: 0.15 };
const ESTABLISHED = {
  constant: { driver: 0.38, daemon: 0.033 },
  moving: { driver: 0.42, daemon: 0.138 },
} as const;

/** What a running driver costs, and what it makes others spend. */
export const cpu: Measurement = {
  name: 'cpu',
  async measure(program, { quick }) {
    const pace = quick
      ? { interval: 0.5, warmMs: 3000, windowMs: 10_000 }
      : { interval: 1, warmMs: 60_000, windowMs: 70_000 };
    // On two buses, each with its own daemon, so that nobody pays for the other.
    const [constant, moving, least] = await Promise.all([
      cost(program, CONSTANT, pace),
      cost(program, MOVING, pace),
      leastCost(pace),
    ]);
    return {
      title: 'CPU',
      notes: [
        `User and system time of all threads, s per 100 polls, from outside; JBD, 16 cells, a poll every ${pace.interval} s,`,
        `${constant.polls} polls after ${pace.warmMs / 1000} s of warming up. The subscriber is a Node.js program that decodes every change.`,
        'Warm means also that the compiled code lies on disk already, as from the second start on.',
        'Bare Node.js does nothing but wake up as often as a poll of this BMS needs: for the poll, and for each of two answers.',
        'Constant means that the battery rests; the charge limits still rise for minutes after a start, which costs signals.',
      ],
      figures: [
        ...figures('constant', constant),
        ...figures('moving', moving),
        { name: 'bare Node.js, three timers', unit: 's', digits: 3, samples: [least] },
      ],
    };
  },
};

interface Pace {
  /** s. */
  readonly interval: number;
  readonly warmMs: number;
  readonly windowMs: number;
}

/** Wakes three times in each interval, and writes a few bytes each time. */
const LEAST = `
const { openSync, writeSync } = require('node:fs');
const nowhere = openSync('/dev/null', 'w');
const [, interval] = process.argv;
setInterval(() => writeSync(nowhere, 'poll'), interval / 3);`;

/** What no program on Node.js can be below, s for 100 polls. */
async function leastCost({ interval, warmMs, windowMs }: Pace): Promise<number> {
  const child = spawn(process.execPath, ['-e', LEAST, String(interval * 1000)], { stdio: 'ignore' });
  try {
    const { pid } = child;
    if (pid === undefined) throw new Error('Node.js cannot be started');
    await pause(warmMs);
    const before = cpuSeconds(pid);
    await pause(windowMs);
    return (cpuSeconds(pid) - before) / (windowMs / (100_000 * interval));
  } finally {
    child.kill();
  }
}

async function cost(program: string, scenario: unknown, { interval, warmMs, windowMs }: Pace): Promise<Cost> {
  return atHome(async (home) => {
    const path = await home.battery('ttyBENCH1', scenario);
    const args = ['--config', home.pollEvery(interval)];
    const { driver, reader } = await home.run(path, { program, args, state: home.freshState() });
    const subscriber = new Helper<ClientMethods>('./client-process.ts');
    try {
      await subscriber.ask('connect', home.address);
      await subscriber.ask('follow', reader.service);
      home.client.disconnect(); // The daemon shall serve this subscriber only.
      await pause(warmMs);
      const spent = (): readonly number[] => [driver.pid, home.daemonPid, subscriber.pid].map(cpuSeconds);
      await home.batteries.ask('tally', path);
      const before = spent();
      await pause(windowMs);
      const after = spent();
      const { polls } = await home.batteries.ask('tally', path);
      const per100 = (index: number): number => (100 * ((after[index] ?? 0) - (before[index] ?? 0))) / polls;
      return { driver: per100(0), daemon: per100(1), subscriber: per100(2), polls };
    } finally {
      await subscriber.stop();
    }
  });
}

function figures(values: keyof typeof ESTABLISHED, spent: Cost): Figure[] {
  const established = ESTABLISHED[values];
  return [
    ...(['driver', 'daemon'] as const).map((who) => ({
      name: `${who === 'daemon' ? 'dbus-daemon' : who}, values ${values}`,
      unit: 's',
      digits: 3,
      samples: [spent[who]],
      mark: { of: 'median', most: who === 'driver' ? MARK.driver : established[who] } as const,
      established: String(established[who]),
    })),
    { name: `one subscriber, values ${values}`, unit: 's', digits: 3, samples: [spent.subscriber] },
  ];
}
