import { BmsError, FRAME_FAULTS, FrameError, hex, TimeoutError, UsageError } from '../errors.ts';
import type { BankReading, ModuleReading } from '../model/reading.ts';
import { Reception } from '../transport/reception.ts';
import { assemble, type BmsDriver } from './driver.ts';

/** One question of a log and everything that came back, echo and noise included; an empty reply is silence. */
export interface Exchanged {
  readonly request: Uint8Array;
  readonly reply: Uint8Array;
}

/** A log as one driver understands it. */
export interface Decoded {
  readonly driver: BmsDriver;
  readonly reading: BankReading;
}

/**
 * What a recorded conversation says, without a port: the first of `candidates` (variants of one family) that takes every
 * exchange. When none does, throws the BmsError of the candidate that came furthest: REPLY_TIMEOUT for silence, else
 * the most telling refusal.
 */
export function decodeLog(candidates: readonly BmsDriver[], exchanges: readonly Exchanged[]): Decoded {
  if (candidates.length === 0) throw new UsageError('no BMS to decode with');
  if (exchanges.length === 0) throw new UsageError('nothing to decode: the log has no exchange');
  let furthest: Failure | undefined;
  for (const driver of candidates) {
    const outcome = attempt(driver, exchanges);
    if ('reading' in outcome) return { driver, reading: outcome.reading };
    if (furthest === undefined || further(outcome, furthest)) furthest = outcome;
  }
  throw furthest?.error ?? new UsageError('no BMS to decode with');
}

/**
 * The frame that the live exchange would have found in `reply`; one that equals the request is its echo only when an
 * answer follows. Throws TimeoutError for silence, else FrameError.
 */
export function findFrame(driver: Pick<BmsDriver, 'accept'>, { request, reply }: Exchanged): Uint8Array {
  if (reply.length === 0) throw new TimeoutError(`no reply to ${hex(request)}`);
  const accept = driver.accept(request);
  const receptions = [false, true].map(
    (replyEqualsRequest) =>
      new Reception(new Uint8Array(reply.length), { request, accept, replyEqualsRequest }),
  );
  for (const reception of receptions) {
    const frame = reception.add(reply) ?? reception.lastLook();
    if (frame !== undefined) return frame;
  }
  const failure = receptions[0]?.failure(0);
  throw failure instanceof FrameError
    ? failure
    : new FrameError('start', `nothing in ${hex(reply)} begins like a reply to ${hex(request)}`, reply);
}

interface Failure {
  /** Exchanges that were understood before it. */
  readonly understood: number;
  readonly error: BmsError;
}

function attempt(driver: BmsDriver, exchanges: readonly Exchanged[]): { reading: BankReading } | Failure {
  const byAddress = new Map<number | undefined, BankReading[]>();
  let understood = 0;
  try {
    for (const exchange of exchanges) {
      const part = driver.decode(exchange.request, findFrame(driver, exchange));
      const address = driver.addressOf?.(exchange.request);
      byAddress.set(address, [...(byAddress.get(address) ?? []), part]);
      understood += 1;
    }
    const batteries = [...byAddress].map(([address, parts]) => ({ address, ...assemble(driver, parts) }));
    return { reading: single(batteries) ?? { modules: batteries.flatMap(modulesOf) } };
  } catch (error) {
    if (error instanceof BmsError) return { understood, error };
    throw error;
  }
}

type Battery = BankReading & { readonly address: number | undefined };

/** One battery is the reading itself; several become modules. */
function single(batteries: readonly Battery[]): BankReading | undefined {
  const [only, ...others] = batteries;
  if (only === undefined || others.length > 0) return undefined;
  const { address: _, ...reading } = only;
  return reading;
}

/** One battery as a module of several; where an answer told of several packs, what else was told is of the pack at its address. */
function modulesOf({ address = 0, modules = [], ...own }: Battery): readonly ModuleReading[] {
  const others = modules.filter((module) => module.address !== address);
  const itself = modules.filter((module) => module.address === address);
  const alone = { ...own, ...itself[0] };
  return Object.keys(alone).length > 0 ? [{ ...alone, address }, ...others] : others;
}

function further(a: Failure, b: Failure): boolean {
  return a.understood !== b.understood ? a.understood > b.understood : rank(a.error) > rank(b.error);
}

/** A content that was refused is more telling than any damaged frame, and that more than silence. */
function rank(error: BmsError): number {
  if (error instanceof TimeoutError) return -1;
  return error instanceof FrameError ? FRAME_FAULTS.indexOf(error.fault) : FRAME_FAULTS.length;
}
