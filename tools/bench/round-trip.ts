import type { ClientMethods } from './client-process.ts';
import { type Figure, type Measurement, quantile } from './figure.ts';
import { Helper } from './helper.ts';
import { atHome, MOVING } from './home.ts';

const MARK_MS = 10;
/** Calls of one round, and the time from one to the next. */
const CALLS = 400;
const EVERY_MS = 5;
const DAEMON = 'org.freedesktop.DBus';

/** Round trips of each round, ms. */
type Times = Record<'daemon' | 'driver', number[][]>;

/** How long others wait for an answer while the driver polls. */
export const roundTrip: Measurement = {
  name: 'getvalue',
  async measure(program, { quick }) {
    const rounds = quick ? 3 : 6;
    const times = await atHome(async (home) => {
      const path = await home.battery('ttyBENCH1', MOVING);
      const { reader } = await home.run(path, { program, args: ['--bms', 'jbd'], state: home.freshState() });
      const client = new Helper<ClientMethods>('./client-process.ts');
      try {
        await client.ask('connect', home.address);
        // The client learns to be quick before it counts.
        await client.ask('roundTrips', DAEMON, '', 300, 2);
        const all: Times = { daemon: [], driver: [] };
        for (let round = 0; round < rounds; round += 1) {
          all.driver.push(await client.ask('roundTrips', reader.service, '/Soc', CALLS, EVERY_MS));
          all.daemon.push(await client.ask('roundTrips', DAEMON, '', CALLS / 4, EVERY_MS));
        }
        return all;
      } finally {
        await client.stop();
      }
    });
    return {
      title: 'GetValue',
      notes: [
        `${rounds} rounds of ${CALLS} calls by another program while the driver polls a JBD with moving values, one every ${EVERY_MS} ms whether`,
        'or not the last one was answered. Each round has its own p50, p99 and maximum, so that what else the machine does meanwhile',
        'spoils a round and not the figure. The way of the same client to the bus daemon and back is part of every call.',
      ],
      figures: [
        { ...at('GetValue p50', times.driver, 0.5), established: '0.66' },
        {
          ...at('GetValue p99', times.driver, 0.99),
          mark: { of: 'median', most: MARK_MS },
          established: '269',
        },
        { ...at('GetValue max', times.driver, 1), established: '278' },
        at('bus daemon alone p50', times.daemon, 0.5),
        at('bus daemon alone p99', times.daemon, 0.99),
      ],
    };
  },
};

function at(name: string, rounds: readonly (readonly number[])[], share: number): Figure {
  return { name, unit: 'ms', samples: rounds.map((times) => quantile(times, share)) };
}
