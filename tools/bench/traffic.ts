import { BUS_ITEM } from '../../src/dbus/names.ts';
import { entriesOf } from '../../src/dbus/wire-values.ts';
import { BusMonitor } from './bus-monitor.ts';
import type { Figure, Measurement } from './figure.ts';
import { atHome, CONSTANT, MOVING } from './home.ts';
import { pause } from './monotonic.ts';

/** Per poll, on the whole bus. */
interface Traffic {
  readonly polls: number;
  readonly signals: number;
  /** Of these, the ones that tell nothing but limits. */
  readonly ofLimits: number;
  readonly messages: number;
  readonly bytes: number;
}

/** What the charge control publishes; after a start its limits rise by themselves while the battery rests. */
const LIMIT = /^\/(Info\/|Io\/AllowTo|System\/NrOfModulesBlocking)/;

/** What a running driver says on the bus. */
export const traffic: Measurement = {
  name: 'traffic',
  async measure(program, { quick }) {
    const seconds = quick ? 6 : 20;
    const [constant, moving] = await Promise.all([
      listen(program, CONSTANT, seconds),
      listen(program, MOVING, seconds),
    ]);
    return {
      title: 'D-Bus',
      notes: [
        `Everything that passed over the bus in ${seconds} s, seen by a monitor; JBD, 16 cells, a poll every second.`,
        'Constant means that the battery rests: after a start the charge limits go on rising for minutes, which is counted apart.',
      ],
      figures: [
        perPoll('signals per poll, values constant', constant.signals - constant.ofLimits, {
          most: 0,
          established: '0',
        }),
        perPoll('signals per poll that tell only limits, constant', constant.ofLimits),
        perPoll('signals per poll, values moving', moving.signals, { most: 1, established: '20.9' }),
        perPoll('messages per poll on the whole bus, constant', constant.messages, { established: '0' }),
        perPoll('messages per poll on the whole bus, moving', moving.messages, { established: '36.6' }),
        { ...perPoll('bytes per poll on the whole bus, moving', moving.bytes), digits: 0 },
      ],
    };
  },
};

async function listen(program: string, scenario: unknown, seconds: number): Promise<Traffic> {
  return atHome(async (home) => {
    const path = await home.battery('ttyBENCH1', scenario);
    await home.run(path, { program, args: ['--bms', 'jbd'], state: home.freshState() });
    let ofLimits = 0;
    await home.client.watch(
      { path: '/', interface: BUS_ITEM, member: 'ItemsChanged' },
      ({ body: [items] }) => {
        if (entriesOf(items).every(([name]) => LIMIT.test(name))) ofLimits += 1;
      },
    );
    const monitor = await BusMonitor.open(home.address);
    try {
      // The first polls ask for limits and the like, which is news.
      await pause(4000);
      await home.batteries.ask('tally', path);
      monitor.restart();
      ofLimits = 0;
      await pause(seconds * 1000);
      const passed = [...monitor.passed];
      const limits = ofLimits;
      const { polls } = await home.batteries.ask('tally', path);
      return {
        polls,
        signals: passed.filter(({ kind }) => kind === 'signal').length / polls,
        ofLimits: limits / polls,
        messages: passed.length / polls,
        bytes: passed.reduce((sum, { bytes }) => sum + bytes, 0) / polls,
      };
    } finally {
      monitor.close();
    }
  });
}

function perPoll(
  name: string,
  value: number,
  { most, established }: { readonly most?: number; readonly established?: string } = {},
): Figure {
  return {
    name,
    unit: '',
    samples: [value],
    ...(most !== undefined && { mark: { of: 'median', most } }),
    ...(established !== undefined && { established }),
  };
}
