import type { Chemistry } from '../../model/chemistry.ts';

/** A SoC that is counted from the current, %. */
export interface SocCounter {
  /** Undefined until something told where to begin. */
  readonly soc: number | undefined;
  /** Where a sync is leading, %. */
  readonly target: number | undefined;
  /** The pack was full, and has not been used since. */
  readonly full: boolean;
  /** Seconds for which the lowest cell was empty at a small current. */
  readonly empty: number;
}

export interface CounterInput {
  readonly chemistry: Chemistry;
  /** Ah; without it nothing can be counted. */
  readonly capacity: number | undefined;
  /** SoC of the BMS, %, where the count begins. */
  readonly told: number | undefined;
  readonly current: number;
  readonly vmin: number;
  readonly softMin: number;
  readonly dt: number;
  /** A charge has just ended with the pack full. */
  readonly becameFull: boolean;
}

const EFFICIENCY: Readonly<Record<Chemistry, number>> = { lfp: 0.995, nmc: 0.995, lto: 0.995, naion: 0.99 };
const SYNC_RATE = 1;
const EMPTY_S = 60;
const EMPTY_RATE = 0.2;
/** While it is not known to be full a counted pack shows at most this, so that nothing stops charging it. */
const NOT_FULL = 99;

export function initialCounter(): SocCounter {
  return { soc: undefined, target: undefined, full: false, empty: 0 };
}

/** Counts one step. Syncs are approached at 1 % per second, so that nothing jumps. */
export function count(state: SocCounter, input: CounterInput): SocCounter {
  const { chemistry, capacity, told, current, vmin, softMin, dt, becameFull } = input;
  const calm = capacity !== undefined && Math.abs(current) <= EMPTY_RATE * capacity;
  const empty = vmin <= softMin && calm ? state.empty + dt : 0;
  let target = becameFull ? 100 : state.target;
  if (!becameFull && empty >= EMPTY_S && state.empty < EMPTY_S) target = 0;
  let soc = state.soc ?? told ?? (target === undefined ? undefined : target);
  const full = becameFull || (state.full && (target === 100 || (soc ?? 0) >= NOT_FULL));
  if (soc === undefined || capacity === undefined) return { soc, target, full, empty };
  const flowed = current > 0 ? current * EFFICIENCY[chemistry] : current;
  soc += (flowed * dt) / 36 / capacity;
  if (target !== undefined) {
    const gap = target - soc;
    soc += Math.sign(gap) * Math.min(Math.abs(gap), SYNC_RATE * dt);
    if (Math.abs(target - soc) < 0.05) target = undefined;
  }
  return { soc: Math.min(full ? 100 : NOT_FULL, Math.max(0, soc)), target, full, empty };
}
