import { bytesOf } from '../../src/protocol/bytes.ts';
import type { Random } from '../../src/simulator/random.ts';

/** What a damage can be made of: the right answer and others that may stand on the same line. */
export interface Material {
  readonly request: Uint8Array;
  readonly reply: Uint8Array;
  /** Answers of the same battery to other requests. */
  readonly siblings: readonly Uint8Array[];
  /** The answer to the same request some seconds before. */
  readonly earlier: Uint8Array;
  /** Answers of other BMSes. */
  readonly strangers: readonly Uint8Array[];
}

type Mutation = (material: Material, random: Random) => Uint8Array;

const below = (random: Random, count: number): number => Math.floor(random.next() * count);
const one = (list: readonly Uint8Array[], random: Random): Uint8Array =>
  list[below(random, list.length)] ?? new Uint8Array();
const noise = (random: Random, length: number): Uint8Array =>
  Uint8Array.from({ length }, () => below(random, 256));

function flipped(bytes: Uint8Array, count: number, random: Random): Uint8Array {
  const damaged = bytes.slice();
  for (let turn = 0; turn < count; turn += 1) {
    const bit = below(random, 8 * damaged.length);
    damaged[bit >>> 3] = (damaged[bit >>> 3] ?? 0) ^ (1 << (bit & 7));
  }
  return damaged;
}

/** What a line makes of an answer, by name. */
export const MUTATIONS: Readonly<Record<string, Mutation>> = {
  'one bit': ({ reply }, random) => flipped(reply, 1, random),
  'several bits': ({ reply }, random) => flipped(reply, 2 + below(random, 7), random),
  burst({ reply }, random) {
    const at = below(random, reply.length);
    const damaged = reply.slice();
    damaged.set(noise(random, Math.min(2 + below(random, 6), reply.length - at)), at);
    return damaged;
  },
  truncation: ({ reply }, random) => reply.subarray(0, below(random, reply.length)),
  'lost bytes'({ reply }, random) {
    const at = below(random, reply.length);
    return bytesOf(reply.subarray(0, at), reply.subarray(at + 1 + below(random, 3)));
  },
  'doubled bytes'({ reply }, random) {
    const at = below(random, reply.length);
    return bytesOf(reply.subarray(0, at + 1), reply.subarray(at));
  },
  'doubled frame': ({ reply }) => bytesOf(reply, reply),
  'glued frames': ({ reply, siblings }, random) =>
    bytesOf(one(siblings, random), reply, one(siblings, random)),
  'broken frame ahead': ({ reply, siblings }, random) =>
    bytesOf(one(siblings, random).subarray(0, 1 + below(random, 12)), reply),
  'late answer': ({ siblings }, random) => one(siblings, random),
  'outdated answer': ({ earlier }) => earlier,
  'other device': ({ strangers }, random) => one(strangers, random),
  'other device ahead': ({ reply, strangers }, random) => bytesOf(one(strangers, random), reply),
  'echo and one bit': ({ reply, request }, random) => bytesOf(request, flipped(reply, 1, random)),
  'random bytes': (_, random) => noise(random, below(random, 200)),
  // Right start, then chance: what a checksum alone must hold off.
  'random content'({ reply }, random) {
    const head = Math.min(reply.length, 2 + below(random, 6));
    return bytesOf(reply.subarray(0, head), noise(random, reply.length - head));
  },
};
