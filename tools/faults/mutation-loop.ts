import type { BmsDriver } from '../../src/bms/driver.ts';
import { BmsError, hex } from '../../src/errors.ts';
import { sameBytes } from '../../src/protocol/bytes.ts';
import { controlSettings } from '../../src/settings/control.ts';
import { loadSettings } from '../../src/settings/load.ts';
import { seeded } from '../../src/simulator/random.ts';
import type { Corpus, Sound } from './corpus.ts';
import { frameOf, Judge, same } from './judge.ts';
import { type Material, MUTATIONS } from './mutate.ts';

/** What became of the damaged answers to one driver. */
export interface Tally {
  readonly id: string;
  offered: number;
  /** Not believed, or said by the poll to be of no use. */
  refused: number;
  /** Believed and right: the damage stood outside of the frame or changed nothing. */
  right: number;
  /**
   * Believed, and the answer of the same battery to the same question some seconds before: no protocol numbers its answers,
   * so nobody can tell. It was true, only not of this moment.
   */
  outdated: number;
  /** Believed with a whole frame of somebody else, of another question, or with a single turned bit: must not be. */
  wrong: number;
  /** Believed because the checksum of a frame with several damages happens to fit. */
  collisions: number;
  /** Of these: the reading filter held the reading back. */
  filtered: number;
  /** A limit came out higher than with the true reading, at once or later; an answer that is missing counts too. */
  raised: number;
  /** The first wrong or raising ones, for the report. */
  readonly examples: string[];
  tookMs: number;
}

const EXAMPLES = 3;
const OUTDATED = 'outdated answer';

/** Offers `count` damaged answers to the driver of a corpus, and silence to each of its requests. */
export async function mutate(
  corpus: Corpus,
  all: readonly Corpus[],
  count: number,
  seed: number,
): Promise<Tally> {
  const began = performance.now();
  const { driver, sound } = corpus;
  const tally: Tally = {
    id: driver.id,
    offered: 0,
    refused: 0,
    right: 0,
    outdated: 0,
    wrong: 0,
    collisions: 0,
    filtered: 0,
    raised: 0,
    examples: [],
    tookMs: 0,
  };
  const file = await loadSettings('/nonexistent/dbus-bms.toml');
  const judge = new Judge(driver, controlSettings(file.forPort('ttyUSB0'), driver));
  const random = seeded(seed);
  const materials = materialsOf(corpus, all);
  const kinds = Object.entries(MUTATIONS);
  for (let turn = 0; turn < count; turn += 1) {
    const [kind, mutation] = kinds[turn % kinds.length] ?? [];
    const at = Math.floor(random.next() * sound.length);
    const [item, material] = [sound[at], materials[at]];
    if (kind === undefined || mutation === undefined || item === undefined || material === undefined)
      continue;
    const bytes = mutation(material, random);
    tally.offered += 1;
    const frame = frameOf(driver.accept(item.request), item.request, bytes);
    if (frame === undefined) tally.refused += 1;
    else if (Buffer.compare(frame, item.reply) === 0) tally.right += 1;
    else await believed(tally, driver, judge, item, { kind, bytes, frame, material });
  }
  for (const item of sound) await unanswered(tally, judge, item);
  tally.tookMs = performance.now() - began;
  return tally;
}

function materialsOf({ driver, sound }: Corpus, all: readonly Corpus[]): Material[] {
  const strangers = all
    .filter((other) => other.driver !== driver)
    .flatMap((other) => other.sound.map(({ reply }) => reply));
  return sound.map(({ earlier, poll, reply, request }): Material => {
    const asked = hex(request);
    return {
      request,
      reply,
      siblings: [...poll.replies]
        .filter(([other, answer]) => other !== asked && !sameBytes(answer, reply))
        .map(([, answer]) => answer),
      earlier,
      strangers,
    };
  });
}

interface Offer {
  readonly kind: string;
  readonly bytes: Uint8Array;
  readonly frame: Uint8Array;
  readonly material: Material;
}

/** A frame that is not the right one was accepted; what the whole poll and the control make of it counts. */
async function believed(
  tally: Tally,
  driver: BmsDriver,
  judge: Judge,
  item: Sound,
  { bytes, frame, kind, material }: Offer,
): Promise<void> {
  const part = attempt(() => driver.decode(item.request, frame));
  if (part === undefined) {
    tally.refused += 1;
    return;
  }
  if (same(part, item.part)) {
    tally.right += 1;
    return;
  }
  const { difference, isHeldByFilter, isRaised } = await judge.verdict(item, bytes);
  const example = (): void => {
    if (tally.examples.length >= EXAMPLES) return;
    tally.examples.push(`${kind}: ${hex(item.request)} -> ${hex(bytes, 300)}: ${difference}`);
  };
  if (isRaised) {
    tally.raised += 1;
    example();
  }
  if (difference === undefined) tally.refused += 1;
  else if (difference === '') tally.right += 1;
  else if (kind === OUTDATED) tally.outdated += 1;
  else if (isGenuine(frame, material) || kind === 'one bit' || kind === 'echo and one bit') {
    tally.wrong += 1;
    example();
  } else {
    tally.collisions += 1;
    if (isHeldByFilter) tally.filtered += 1;
  }
}

function isGenuine(frame: Uint8Array, { siblings, strangers }: Material): boolean {
  return [...siblings, ...strangers].some((other) => sameBytes(other, frame));
}

/** An answer that does not come must not take a limit away that was known. */
async function unanswered(tally: Tally, judge: Judge, item: Sound): Promise<void> {
  const { poll } = item;
  const context = { cycle: poll.context.cycle, known: poll.truth };
  const { difference, isRaised } = await judge.verdict({ ...item, poll: { ...poll, context } }, undefined);
  if (difference !== undefined && difference !== '') {
    tally.wrong += 1;
    tally.examples.push(`no answer to ${hex(item.request)}: ${difference}`);
  }
  if (!isRaised) return;
  tally.raised += 1;
  tally.examples.push(`no answer to ${hex(item.request)} raises a limit`);
}

function attempt<T>(action: () => T): T | undefined {
  try {
    return action();
  } catch (error) {
    if (error instanceof BmsError) return undefined;
    throw error;
  }
}
