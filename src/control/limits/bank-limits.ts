import { type Alarms, mergeAlarms } from '../../model/alarms.ts';
import { round } from '../../model/round.ts';
import { type ChargeState, type ControlOutput, FRESHNESS } from '../law.ts';
import type { Direction } from './limit.ts';

/** One pack of a bank: what its own law says, and whether its FETs isolate it from the others. */
export interface Member {
  readonly name: string;
  readonly output: ControlOutput;
  /** Its limits while it last answered in time. */
  readonly lastFresh?: Pick<ControlOutput, 'ccl' | 'dcl'>;
  /** Ah, for the weighted SoC. */
  readonly capacity?: number;
  /** The charge (discharge) FET is open: this pack takes no part and forbids nothing. */
  readonly chargeIsolated: boolean;
  readonly dischargeIsolated: boolean;
}

/** A bank is as far as its most backward pack: it floats only when all packs float. */
const BACKWARD: readonly ChargeState[] = ['hold', 'bulk', 'absorb', 'topBalance', 'floatDown', 'float'];

/**
 * Limits of packs in parallel (rules R10 and I17): CVL is the lowest; CCL and DCL are what the weakest pack may carry
 * times the number of packs that take part, never more than their sum, and 0 when one that is not isolated by its own FET
 * forbids it. A pack that fell silent while others answer takes no share, and its last limit keeps bounding that of the
 * others: its loss never raises the limit of the bank.
 */
export function bankOutput(members: readonly Member[]): ControlOutput | undefined {
  const [first, ...others] = members;
  if (first === undefined) return undefined;
  if (others.length === 0) return first.output;
  const outputs = members.map((member) => member.output);
  const charge = shared(members, (member) => ({
    amps: member.output.ccl,
    before: member.lastFresh?.ccl,
    isolated: member.chargeIsolated,
  }));
  const discharge = shared(members, (member) => ({
    amps: member.output.dcl,
    before: member.lastFresh?.dcl,
    isolated: member.dischargeIsolated,
  }));
  const lowest = outputs.reduce((low, output) => (output.cvl < low.cvl ? output : low));
  // A pack that its own FET keeps from being charged is not waited for.
  const charged = members.filter(({ chargeIsolated }) => !chargeIsolated).map(({ output }) => output);
  const awaited = charged.length > 0 ? charged : outputs;
  const state = BACKWARD.find((candidate) => awaited.some((output) => output.state === candidate)) ?? 'hold';
  const leading = awaited.find((output) => output.state === state) ?? lowest;
  const soc = weightedSoc(members);
  const isWhole = outputs.every(({ freshness }) => freshness === 'fresh');
  const timeToGo = outputs.map((output) => output.timeToGo).filter((seconds) => seconds !== undefined);
  return {
    cvl: lowest.cvl,
    ccl: charge.amps,
    dcl: discharge.amps,
    low: Math.max(...outputs.map((output) => output.low)),
    allowToCharge: charge.amps > 0,
    allowToDischarge: discharge.amps > 0,
    state,
    chargeMode: leading.chargeMode,
    chargeReason: reason(members, charge, 'charge'),
    dischargeReason: reason(members, discharge, 'discharge'),
    alarms: outputs.reduce<Alarms>((worst, output) => mergeAlarms(worst, output.alarms), {}),
    freshness: FRESHNESS.findLast((level) => outputs.some((output) => output.freshness === level)) ?? 'lost',
    ...(soc !== undefined && { soc }),
    // Without the pack that would be empty first the shortest of the others would be a longer time.
    ...(timeToGo.length > 0 && isWhole && { timeToGo: Math.min(...timeToGo) }),
    notices: members.flatMap((member) => member.output.notices.map((text) => `${member.name}: ${text}`)),
  };
}

/** The limits of a bank from which packs have been missing for long: an alarm. */
export function withSilentPacks(limits: ControlOutput): ControlOutput {
  return { ...limits, alarms: mergeAlarms(limits.alarms, { bmsCable: 2 }) };
}

interface Share {
  readonly amps: number;
  /** Index of the pack that decides. */
  readonly by: number;
  /** Packs that take part. */
  readonly taking: number;
}

interface Part {
  readonly amps: number;
  /** The limit when the pack last answered in time. */
  readonly before: number | undefined;
  readonly isolated: boolean;
}

function shared(members: readonly Member[], of: (member: Member) => Part): Share {
  const someFresh = members.some((member) => member.output.freshness === 'fresh');
  let taking = 0;
  let sum = 0;
  let by = 0;
  let weakest = Number.POSITIVE_INFINITY;
  members.forEach((member, index) => {
    const { amps, before, isolated } = of(member);
    if (isolated) return;
    const silent = someFresh && member.output.freshness !== 'fresh';
    const limit = silent ? (before ?? amps) : amps;
    if (!silent) {
      taking += 1;
      sum += amps;
    }
    if (limit < weakest) {
      weakest = limit;
      by = index;
    }
  });
  if (taking === 0) return { amps: 0, by, taking };
  // Down to the tenth of an ampere: rounding never raises a limit.
  return { amps: Math.floor(Math.min(sum, taking * weakest) * 10 + 1e-6) / 10, by, taking };
}

/** The current of the bank, and the pack that decides with its own. */
function reason(members: readonly Member[], share: Share, direction: Direction): string {
  const member = members[share.by];
  if (member === undefined) return '';
  const { output, name } = member;
  const said = direction === 'charge' ? output.chargeReason : output.dischargeReason;
  if (share.amps === 0) return `${name}: ${said}`;
  const bank = `${direction === 'charge' ? 'Charge' : 'Discharge'} limited to ${share.amps} A for ${share.taking} ${share.taking === 1 ? 'pack' : 'packs'}`;
  return `${bank}; ${name}: ${said}`;
}

function weightedSoc(members: readonly Member[]): number | undefined {
  const known = members.filter((member) => member.output.soc !== undefined);
  if (known.length === 0) return undefined;
  const even = known.some((member) => member.capacity === undefined || member.capacity <= 0);
  let weights = 0;
  let sum = 0;
  for (const { output, capacity } of known) {
    const weight = even ? 1 : (capacity ?? 1);
    weights += weight;
    sum += weight * (output.soc ?? 0);
  }
  return round(sum / weights, 2);
}
