import { PackPoller } from '../battery/pack-poller.ts';
import { decodeLog } from '../bms/decode.ts';
import type { BmsDriver } from '../bms/driver.ts';
import { BmsError } from '../errors.ts';
import type { PackReading } from '../model/reading.ts';
import { type Captured, ReplayLink } from '../transport/replay.ts';

/** What one conversation of a capture came to. */
export type Replayed = {
  /** When it was over, s since the capture began. */
  readonly t: number;
  /** Absent where the log says nothing about it. */
  readonly address?: number;
  /** What it consisted of, failed tries included. */
  readonly exchanges: readonly Captured[];
} & ({ readonly reading: PackReading } | { readonly error: BmsError });

export interface Replay {
  readonly driver: BmsDriver;
  /** In the order of time. */
  readonly conversations: readonly Replayed[];
}

/**
 * Feeds a capture back through the driver that understands most of it: probe and polls as the program made them. Where no
 * driver finds a conversation (a support log without order), the exchanges are decoded one by one; rejects then with the
 * BmsError of the candidate that came furthest.
 */
export async function replay(
  candidates: readonly BmsDriver[],
  entries: readonly Captured[],
): Promise<Replay> {
  let best: Replay | undefined;
  let most = 0;
  for (const driver of candidates) {
    const conversations = await conversationsOf(driver, entries);
    const good = conversations.filter((one) => 'reading' in one).length;
    if (good > most) {
      best = { driver, conversations };
      most = good;
    }
  }
  return best ?? decoded(candidates, entries);
}

function decoded(candidates: readonly BmsDriver[], entries: readonly Captured[]): Replay {
  const log = entries.map(({ received, request }) => ({ request, reply: received }));
  const { driver, reading } = decodeLog(candidates, log);
  return { driver, conversations: [{ t: entries.at(-1)?.end ?? 0, reading, exchanges: entries }] };
}

async function conversationsOf(driver: BmsDriver, entries: readonly Captured[]): Promise<Replayed[]> {
  const all: Replayed[] = [];
  for (const address of addressesOf(driver, entries)) {
    const found = await converse(driver, address, entries);
    // At an address where nobody ever answered, nobody is.
    if (found.some((one) => 'reading' in one)) all.push(...found);
  }
  return all.sort((a, b) => a.t - b.t);
}

function addressesOf(driver: BmsDriver, entries: readonly Captured[]): readonly number[] {
  if (driver.addressOf === undefined || driver.reach.serial.addresses.length === 1)
    return driver.reach.serial.addresses;
  const asked = new Set(entries.map(({ request }) => driver.addressOf?.(request)));
  return driver.reach.serial.addresses.filter((address) => asked.has(address));
}

/** Probes until one succeeds, then polls to the end; a capture without a probe begins with polls. */
async function converse(
  driver: BmsDriver,
  address: number,
  entries: readonly Captured[],
): Promise<Replayed[]> {
  const link = new ReplayLink(entries);
  const probed = await run(link, address, () => driver.open(link, address).probe(), true);
  const isFound = probed.some((one) => 'reading' in one);
  const pollLink = isFound ? link : new ReplayLink(entries);
  const pack = new PackPoller(driver, address, () => 1000 * (pollLink.taken.at(-1)?.end ?? 0));
  const poll = async (): Promise<PackReading> => {
    const result = await pack.poll(pollLink);
    if ('error' in result) throw result.error;
    return result.reading;
  };
  return [...(isFound ? probed : []), ...(await run(pollLink, address, poll, false))];
}

/** Repeats `conversation` until the capture has no more of it, or until it was good once. */
async function run(
  link: ReplayLink,
  address: number,
  conversation: () => Promise<PackReading>,
  once: boolean,
): Promise<Replayed[]> {
  const all: Replayed[] = [];
  for (;;) {
    link.begin();
    const outcome = await conversation().then(
      (reading) => ({ reading }),
      (error: unknown) => {
        if (!(error instanceof BmsError)) throw error;
        return { error };
      },
    );
    const exchanges = link.taken;
    if (exchanges.length === 0) return all;
    // What stops because the capture has no more of it has not failed: it was another conversation, or the file ends.
    if ('reading' in outcome || !link.lacked)
      all.push({ t: exchanges.at(-1)?.end ?? 0, address, exchanges, ...outcome });
    if (once && 'reading' in outcome) return all;
  }
}
