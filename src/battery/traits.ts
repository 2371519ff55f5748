/**
 * What may tell one battery from another that gives the same serial number. Nothing of it is proof: adapters are moved,
 * firmware is updated, and batteries bought together may agree in everything.
 */
export interface Traits {
  /** Where it is connected: the adapter or its socket, and the address on the line. */
  readonly place: string;
  readonly serialNumber?: string;
  readonly model?: string;
  readonly productionDate?: string;
  readonly hardwareVersion?: string;
  readonly firmwareVersion?: string;
  /** Ah. */
  readonly capacityFull?: number;
  readonly capacityDesign?: number;
  /** Charge cycles that the BMS counts; they only grow. */
  readonly cycles?: number;
}

/** Traits as they were written down. */
export interface SeenTraits extends Traits {
  /** Unix time, s. */
  readonly seenAt: number;
}

/** How well a battery fits what was written down of one. */
export interface Likeness {
  /** Traits that speak against it. */
  readonly against: number;
  /** 0 the same place, 1 not known, 2 another place. */
  readonly place: 0 | 1 | 2;
  /** Something that differs between two batteries of a kind was compared, and agrees. */
  readonly isTold: boolean;
  /** Cycles since then; the nearest of several that fit is the best guess. */
  readonly cycles: number;
}

const TEXTS = ['serialNumber', 'model', 'productionDate', 'hardwareVersion', 'firmwareVersion'] as const;
const CAPACITIES = ['capacityFull', 'capacityDesign'] as const;
const NUMBERS = [...CAPACITIES, 'cycles'] as const;
/** A full capacity that the BMS learns moves by less than this between two starts. */
const SAME_CAPACITY = 0.05;
/** No pack does more full cycles than this in a day; two of them may have been counted around the last look. */
const CYCLES_A_DAY = 3;
const CYCLES_AT_ONCE = 2;
const DAY_S = 86_400;

/** Compares a battery with what was written down at `seen.seenAt`; undefined: nothing was. `now` is Unix time, s. */
export function likeness(seen: SeenTraits | undefined, traits: Traits, now: number): Likeness {
  if (seen === undefined) return { against: 0, place: 1, isTold: false, cycles: 0 };
  const texts = TEXTS.filter((key) => differs(seen[key], traits[key], (a, b) => a !== b));
  const sizes = CAPACITIES.filter((key) =>
    differs(seen[key], traits[key], (a, b) => Math.abs(a - b) > SAME_CAPACITY * Math.max(a, b)),
  );
  const counted = differs(seen.cycles, traits.cycles, (a, b) => !canGrow(a, b, now - seen.seenAt));
  const grown = (traits.cycles ?? 0) - (seen.cycles ?? 0);
  return {
    against: texts.length + sizes.length + Number(counted),
    place: seen.place === traits.place ? 0 : 2,
    isTold: !counted && (seen.cycles ?? 0) > 0 && (traits.cycles ?? 0) > 0,
    cycles: Math.abs(grown),
  };
}

function differs<T>(a: T | undefined, b: T | undefined, differ: (a: T, b: T) => boolean): boolean {
  return a !== undefined && b !== undefined && differ(a, b);
}

/** A clock that went back says nothing of how long it was. */
function canGrow(from: number, to: number, seconds: number): boolean {
  if (to < from) return false;
  return seconds < 0 || to - from <= CYCLES_AT_ONCE + (CYCLES_A_DAY * seconds) / DAY_S;
}

/** Orders what fits best first. */
export function byLikeness(a: Likeness, b: Likeness): number {
  return a.against - b.against || a.place - b.place || a.cycles - b.cycles;
}

/** Whether what was written down should be written anew: something moved, or it is a day old. */
export function isOutdated(seen: SeenTraits | undefined, traits: Traits, now: number): boolean {
  if (seen === undefined || Math.abs(now - seen.seenAt) > DAY_S || seen.cycles !== traits.cycles) return true;
  const { against, place } = likeness(seen, traits, now);
  const isMore = [...TEXTS, ...NUMBERS].some((key) => seen[key] === undefined && traits[key] !== undefined);
  return against > 0 || place !== 0 || isMore;
}

export function writeTraits(traits: Traits, now: number): string {
  return JSON.stringify({ ...traits, seenAt: Math.round(now) });
}

/** Undefined for a text that is not of our writing. */
export function readTraits(text: unknown): SeenTraits | undefined {
  if (typeof text !== 'string') return undefined;
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    // Empty before the first look; anything else was written by somebody else, and says nothing.
    return undefined;
  }
  const fields = new Map(Object.entries(typeof value === 'object' && value !== null ? value : {}));
  const place = fields.get('place');
  const seenAt = fields.get('seenAt');
  if (typeof place !== 'string' || typeof seenAt !== 'number') return undefined;
  const kept = [
    ...TEXTS.map((key) => [key, fields.get(key), 'string'] as const),
    ...NUMBERS.map((key) => [key, fields.get(key), 'number'] as const),
  ].filter(([, kept, type]) => typeof kept === type);
  return { place, seenAt, ...Object.fromEntries(kept) };
}
