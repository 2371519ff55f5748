import type { Change } from './battery-process.ts';
import type { Figure, Measurement } from './figure.ts';
import { atHome, CONSTANT, type Home, type Running } from './home.ts';
import { monotonicMs, pause } from './monotonic.ts';

const INTERVAL_S = 1;
/** One poll interval, and the poll that sees it. */
const MARK_S = INTERVAL_S + 0.3;
/** Drivers at the same time. */
const LANES = 6;
/** Polls until everything that is read once has been read. */
const SETTLE_S = 2.5;
/** After a start the charge limit rises from 0 only after a hold of 30 s. */
const CHARGING_S = 36;
const PATIENCE_MS = 10_000;

/** Something that happens to the battery, and what it must bring about. */
interface Event {
  readonly name: string;
  readonly change: Change;
  readonly path: string;
  readonly isSeen: (now: number | undefined, before: number | undefined) => boolean;
  readonly established: string;
}

const falls: Event['isSeen'] = (now, before) => now !== undefined && before !== undefined && now < before;

/** What happens to one started driver, one after the other. */
interface Story {
  readonly settleS: number;
  readonly events: readonly Event[];
}

const SWITCHES: Story = {
  settleS: SETTLE_S,
  events: [
    {
      name: 'current flows -> /Dc/0/Current',
      change: { current: 10 },
      path: '/Dc/0/Current',
      isSeen: (now, before) => now !== before,
      established: '0.79',
    },
    {
      name: 'discharge FET off -> /Info/MaxDischargeCurrent',
      change: { dischargeFet: false },
      path: '/Info/MaxDischargeCurrent',
      isSeen: falls,
      established: '-',
    },
  ],
};
const CHARGE_FET: Story = {
  settleS: CHARGING_S,
  events: [
    {
      name: 'charge FET off -> /Io/AllowToCharge',
      change: { chargeFet: false },
      path: '/Io/AllowToCharge',
      isSeen: falls,
      established: '0.46',
    },
  ],
};
const HIGH_CELL: Story = {
  settleS: CHARGING_S,
  events: [
    {
      name: 'cell rises above its limit -> /Info/MaxChargeCurrent',
      // A resting cell stands at 3.31 V with 60 % and at 3.58 V with 100.2 %, above the 3.55 V at which charging ends.
      change: { cell: { number: 7, points: 40.2 } },
      path: '/Info/MaxChargeCurrent',
      isSeen: falls,
      established: '0.46',
    },
  ],
};

/** How soon the bus shows what happened to the battery. */
export const reaction: Measurement = {
  name: 'reaction',
  async measure(program, { quick }) {
    // Stories of one batch happen at the same time, each to drivers of its own.
    const batches = quick ? [[SWITCHES]] : [[SWITCHES], [SWITCHES], [HIGH_CELL, CHARGE_FET]];
    const seen = new Map<string, { event: Event; samples: number[] }>();
    await atHome(async (home) => {
      const lane = async (batch: number, story: Story, number: number): Promise<void> => {
        // Evenly over the interval, so that chance of the phase does not decide; a second round lies between the first.
        const phase = (number + (batch % 2 === 0 ? 0.25 : 0.75)) / LANES;
        const port = `ttyBENCH${(batches[batch] ?? []).indexOf(story)}${number}`;
        for (const [event, took] of await tell(home, program, port, story, phase)) {
          const entry = seen.get(event.name) ?? { event, samples: [] };
          entry.samples.push(took);
          seen.set(event.name, entry);
        }
      };
      for (const [batch, stories] of batches.entries()) {
        await Promise.all(
          stories.flatMap((story) =>
            Array.from({ length: LANES }, (_, number) => lane(batch, story, number)),
          ),
        );
      }
    });
    return {
      title: 'Reaction',
      notes: [
        'From the moment at which the simulated device would answer otherwise to the signal that shows it, s; JBD, 16 cells, a poll',
        `every ${INTERVAL_S} s, the moments spread evenly over the interval, ${LANES} drivers for each event. The mark is one interval and 0.3 s.`,
        ...(quick
          ? [
              'The quick run leaves out what lowers the charge limit: after a start the charge limit stays 0 for 30 s.',
            ]
          : []),
      ],
      figures: [...seen.values()].map(({ event, samples }) => figure(event, samples)),
    };
  },
};

/** Starts a driver, lets the story happen, and says how long each event took to be seen. */
async function tell(
  home: Home,
  program: string,
  port: string,
  { settleS, events }: Story,
  phase: number,
): Promise<[Event, number][]> {
  const path = await home.battery(port, CONSTANT);
  const running = await home.run(path, { program, args: ['--bms', 'jbd'], state: home.freshState() });
  const seen: [Event, number][] = [];
  for (const event of events) {
    await pause(1000 * ((seen.length === 0 ? settleS : SETTLE_S) + phase * INTERVAL_S));
    seen.push([event, await happens(home, path, running, event)]);
  }
  await running.driver.stop();
  await home.batteries.ask('close', path);
  return seen;
}

async function happens(home: Home, path: string, { driver, reader }: Running, event: Event): Promise<number> {
  const before = reader.number(event.path);
  if (event.isSeen(before, before)) throw new Error(`${event.name}: it was so before`);
  const shown = new Promise<number>((resolve) => {
    reader.onChange = () => {
      if (event.isSeen(reader.number(event.path), before)) resolve(monotonicMs());
    };
  });
  const happenedAt = await home.batteries.ask('change', path, event.change);
  try {
    return ((await driver.soLongAs(event.name, shown, PATIENCE_MS)) - happenedAt) / 1000;
  } finally {
    reader.onChange = () => {};
  }
}

function figure({ name, established }: Event, samples: readonly number[]): Figure {
  return { name, unit: 's', samples, mark: { of: 'max', most: MARK_S }, established };
}
