import type { BmsDriver } from '../../src/bms/driver.ts';
import { lawFor } from '../../src/control/decide.ts';
import { admit, type GateState, initialGate } from '../../src/control/gate.ts';
import type { ControlSettings } from '../../src/control/law.ts';
import type { LawState } from '../../src/control/law-state.ts';
import { BmsError, hex, TimeoutError } from '../../src/errors.ts';
import type { Reading } from '../../src/model/reading.ts';
import type { Accept } from '../../src/protocol/accept.ts';
import { sameBytes } from '../../src/protocol/bytes.ts';
import { controlSettings } from '../../src/settings/control.ts';
import { loadSettings } from '../../src/settings/load.ts';
import { seeded } from '../../src/simulator/random.ts';
import type { Exchange } from '../../src/transport/exchange.ts';
import { Reception } from '../../src/transport/reception.ts';
import type { Corpus, Sound } from './corpus.ts';
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
   * Believed, with the whole answer to another question of the same battery, where the protocol has no sign of the question
   * in its answers. The exchange keeps such answers away by waiting for them, which this loop goes around.
   */
  unmarked: number;
  /** Believed with a whole frame of somebody else, of another question, or with a single turned bit: must not be. */
  wrong: number;
  /** Believed because the checksum of a frame with several damages happens to fit. */
  collisions: number;
  /** Of these: the sample gate held the reading back. */
  gated: number;
  /** Of these: a limit came out higher than with the true reading. */
  raised: number;
  /** The first wrong ones, for the report. */
  readonly examples: string[];
  /** Collisions by kind of damage. */
  readonly byKind: Record<string, number>;
}

/** Protocols whose answers name neither the command nor the register that was asked for. */
const UNMARKED: readonly string[] = ['hubble-am2', 'pace', 'pylontech'];
const EXAMPLES = 3;
/** Good readings before the damaged one; limits have settled then. */
const SETTLING = 40;
/** A, V: steps of what is published. */
const STEP = 0.051;

interface Judge {
  readonly settings: ControlSettings;
  readonly gate: GateState;
  readonly law: LawState;
  readonly t: number;
}

/** Offers `count` damaged answers to the driver of a corpus. */
export async function mutate(
  corpus: Corpus,
  all: readonly Corpus[],
  count: number,
  seed: number,
): Promise<Tally> {
  const { driver, sound } = corpus;
  const tally: Tally = {
    id: driver.id,
    offered: 0,
    refused: 0,
    right: 0,
    unmarked: 0,
    wrong: 0,
    collisions: 0,
    gated: 0,
    raised: 0,
    examples: [],
    byKind: {},
  };
  const random = seeded(seed);
  const strangers = all
    .filter((other) => other !== corpus)
    .flatMap((other) => other.sound.map(({ reply }) => reply));
  const materials = sound.map(
    ({ poll, reply, request }): Material => ({
      request,
      reply,
      siblings: [...poll.replies.values()].filter((other) => !sameBytes(other, reply)),
      strangers,
    }),
  );
  const judges = new Map<Reading, Judge>();
  const settings = controlSettings(
    (await loadSettings('/nonexistent/dbus-bms.toml')).forPort('ttyUSB0'),
    driver,
  );
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
    if (frame === undefined) {
      tally.refused += 1;
      continue;
    }
    const part = attempt(() => driver.decode(item.request, frame));
    if (part === undefined) tally.refused += 1;
    else if (same(part, item.part)) tally.right += 1;
    else await judge(tally, driver, item, bytes, { kind, frame, material, judges, settings });
  }
  return tally;
}

interface Circumstances {
  readonly kind: string;
  readonly frame: Uint8Array;
  readonly material: Material;
  readonly judges: Map<Reading, Judge>;
  readonly settings: ControlSettings;
}

/** A part that differs from the truth was believed; what the whole poll makes of it counts. */
async function judge(
  tally: Tally,
  driver: BmsDriver,
  item: Sound,
  bytes: Uint8Array,
  { frame, judges, kind, material, settings }: Circumstances,
): Promise<void> {
  const { address, context, truth } = item.poll;
  const link = answering(item, bytes);
  const reading = await driver.poll(link, address, context).catch((error: unknown) => {
    if (error instanceof BmsError) return undefined;
    throw error;
  });
  if (reading === undefined) {
    tally.refused += 1;
    return;
  }
  if (isPartOf(reading, truth)) {
    tally.right += 1;
    return;
  }
  const isFrame = (other: Uint8Array): boolean => sameBytes(other, frame);
  if (UNMARKED.includes(driver.id) && material.siblings.some(isFrame)) {
    tally.unmarked += 1;
    return;
  }
  const genuine = [...material.siblings, ...material.strangers].some(isFrame);
  if (genuine || kind === 'one bit' || kind === 'echo and one bit') {
    tally.wrong += 1;
    if (tally.examples.length < EXAMPLES) {
      tally.examples.push(
        `${kind}: ${hex(item.request)} -> ${hex(bytes, 300)}: ${difference(reading, truth)}`,
      );
    }
    return;
  }
  tally.collisions += 1;
  tally.byKind[kind] = (tally.byKind[kind] ?? 0) + 1;
  const settled = judges.get(truth) ?? settle(settings, truth);
  judges.set(truth, settled);
  const isHeld = admit(settled.settings, settled.gate, reading).sample === undefined;
  if (isHeld) tally.gated += 1;
  if (raises(settled, reading, truth)) tally.raised += 1;
}

function settle(settings: ControlSettings, truth: Reading): Judge {
  const law = lawFor(settings.profile);
  let state = law.initial(settings);
  let gate = initialGate();
  for (let t = 0; t < SETTLING; t += 1) {
    state = law.step(settings, state, { t, requests: {}, reading: truth }).state;
    gate = admit(settings, gate, truth).state;
  }
  return { settings, gate, law: state, t: SETTLING };
}

/** Whether the reading lets more current flow, or a higher voltage, than the truth would. */
function raises({ law, settings, t }: Judge, reading: Reading, truth: Reading): boolean {
  const step = (now: Reading) =>
    lawFor(settings.profile).step(settings, law, { t, requests: {}, reading: now }).output;
  const [damaged, sound] = [step(reading), step(truth)];
  if (damaged === undefined || sound === undefined) return false;
  return (['ccl', 'dcl', 'cvl'] as const).some((limit) => damaged[limit] > sound[limit] + STEP);
}

/** The frame that the exchange would have found, as it looks at the deadline. */
function frameOf(
  accept: Accept,
  request: Uint8Array,
  bytes: Uint8Array,
  isOwn = false,
): Uint8Array | undefined {
  const reception = new Reception(new Uint8Array(Math.max(1, bytes.length)), {
    request,
    accept,
    replyEqualsRequest: isOwn,
  });
  return reception.add(bytes) ?? reception.lastLook();
}

/** The battery of the poll, with one damaged answer; asking again would hide it. */
function answering({ poll, request: damaged }: Sound, bytes: Uint8Array): Exchange {
  return {
    async ask(request, accept, _timeoutMs, { replyEqualsRequest = false } = {}) {
      const said = sameBytes(request, damaged) ? bytes : poll.replies.get(hex(request));
      const frame = said && frameOf(accept, request, said, replyEqualsRequest);
      if (frame === undefined) throw new TimeoutError(`no reply to ${hex(request)}`);
      return frame;
    },
  };
}

function attempt<T>(action: () => T): T | undefined {
  try {
    return action();
  } catch (error) {
    if (error instanceof BmsError) return undefined;
    throw error;
  }
}

function same(a: unknown, b: unknown): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}

/** Nothing is said that is not true; what is left out is only absent. */
function isPartOf(reading: Reading, truth: Reading): boolean {
  return difference(reading, truth) === '';
}

function difference(reading: Reading, truth: Reading): string {
  const expected = new Map(Object.entries(truth));
  return Object.entries(reading)
    .filter(([key, value]) => value !== undefined && !same(value, expected.get(key)))
    .map(([key, value]) => `${key} ${JSON.stringify(value)} instead of ${JSON.stringify(expected.get(key))}`)
    .join(', ');
}
