import { type Clock, sleep } from '../../clock.ts';
import { BusError } from '../../errors.ts';
import { discoveryFilters } from './discovery.ts';
import type { Link, LinkOptions, OpenLink } from './link.ts';
import type { Topics } from './topics.ts';

/** A broker sends what it keeps at once; after so long without any more it has sent all. */
const QUIET_MS = 1500;

export interface ForgetOptions {
  readonly link: Omit<LinkOptions, 'will'>;
  readonly topics: Topics;
  readonly discoveryTopic: string;
  readonly id: string;
  readonly clock: Clock;
  readonly open: OpenLink;
}

/**
 * Takes back everything that a battery left at the broker, so that Home Assistant removes its device. Resolves with the topics;
 * rejects with a BusError of one line when the broker cannot be reached.
 */
export async function forget(options: ForgetOptions): Promise<readonly string[]> {
  const { clock, discoveryTopic, id, link: settings, open, topics } = options;
  const found = new Set<string>();
  const link = await new Promise<Link>((resolve, reject) => {
    open(settings, {
      onOpen: resolve,
      onEnd: (reason) => reject(new BusError(`no connection to ${settings.url}: ${reason}`)),
      onMessage: ({ isRetained, payload, topic }) => {
        if (isRetained && payload.length > 0) found.add(topic);
      },
    });
  });
  try {
    link.subscribe([topics.all(id), ...discoveryFilters({ prefix: discoveryTopic, topics }, id)]);
    let before = -1;
    while (before !== found.size) {
      before = found.size;
      await sleep(clock, QUIET_MS);
    }
    await Promise.all([...found].map((topic) => link.publish(topic, '', { qos: 1, retain: true })));
    return [...found].sort();
  } finally {
    await link.end();
  }
}
