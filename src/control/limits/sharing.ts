/** One pack in parallel with others, as far as the sharing of the current is concerned; one direction at a time. */
export interface Carrier {
  readonly name: string;
  /** What it may carry, A >= 0. */
  readonly limit: number;
  /** What it carries, A, positive in the direction that is looked at; absent: not known now. */
  readonly current?: number;
}

/** What was learnt of how a pack shares, in one direction. */
export interface Habit {
  /** Part of the current of the bank that it takes, 0..1; falls slowly, so that the limit does not come back at once. 0: not measured. */
  readonly share: number;
  /** 1, and less once it carried more than its limit for longer than chargers need to follow. */
  readonly relief: number;
  /** How long it has carried more than its limit, s. */
  readonly overS: number;
  /** Its current without what lasts only a moment, A. */
  readonly smooth: number;
}

/** By name of the pack. */
export type Habits = Readonly<Record<string, Habit>>;

/** Below so much of what the packs may carry together, shares are mostly the errors of current sensors. */
const TELLING_PART = 0.1;
const TELLING_AMPS = 5;
/** Members tell their currents at different moments: what lasts a second or two is no share. */
const SMOOTH_S = 10;
const SHARE_RISES_S = 10;
const SHARE_FALLS_S = 300;
/** More than its limit by so much is not the error of a sensor. */
const OVER_PART = 1.02;
const OVER_AMPS = 0.5;
/** Chargers follow a limit within this time. */
const FOLLOWS_S = 5;
const RELIEF_ENDS_S = 120;
const MOST_RELIEF = 0.25;

/** Habits after `dtS` seconds in which the packs carried these currents. What is not known now stays as it was. */
export function learnHabits(before: Habits, carriers: readonly Carrier[], dtS: number): Habits {
  const dt = Math.max(0, dtS);
  const smooth = new Map(
    carriers.map(({ current, name }) => {
      const last = before[name]?.smooth ?? 0;
      return [name, current === undefined ? undefined : towards(last, current, dt, SMOOTH_S)] as const;
    }),
  );
  const told = [...smooth.values()].filter((amps) => amps !== undefined);
  const total = told.reduce((sum, amps) => sum + amps, 0);
  const may = carriers.reduce((sum, { limit }) => sum + limit, 0);
  const isTelling =
    told.length === carriers.length && told.length > 1 && total >= Math.max(TELLING_AMPS, TELLING_PART * may);
  const learnt = carriers.map((carrier): [string, Habit] => {
    const { name } = carrier;
    const last = before[name] ?? { share: 0, relief: 1, overS: 0, smooth: 0 };
    const amps = smooth.get(name);
    const seen = isTelling && amps !== undefined ? Math.min(1, Math.max(0, amps / total)) : undefined;
    // Until something was measured a pack takes its equal part.
    const known = last.share > 0 ? last.share : 1 / carriers.length;
    const share =
      seen === undefined
        ? last.share
        : towards(known, seen, dt, seen > known ? SHARE_RISES_S : SHARE_FALLS_S);
    return [name, { ...relieved(last, carrier, dt), share, smooth: amps ?? last.smooth }];
  });
  return { ...before, ...Object.fromEntries(learnt) };
}

/** Whoever carries too much for longer than chargers need is given less, in the proportion in which it is too much. */
function relieved(last: Habit, { current, limit }: Carrier, dt: number): Pick<Habit, 'relief' | 'overS'> {
  const { overS, relief } = last;
  const isOver = current !== undefined && current > OVER_PART * limit + OVER_AMPS;
  if (!isOver) return { overS: 0, relief: towards(relief, 1, dt, RELIEF_ENDS_S) };
  if (overS + dt < FOLLOWS_S) return { overS: overS + dt, relief };
  return { overS: 0, relief: Math.max(MOST_RELIEF, (relief * limit) / current) };
}

function towards(from: number, to: number, dt: number, timeConstant: number): number {
  return from + (to - from) * (1 - Math.exp(-dt / timeConstant));
}

export interface SharedLimit {
  /** What the bank may carry so that no pack carries more than its limit, A. */
  readonly amps: number;
  /** The pack that decides; undefined without packs. */
  readonly by?: string;
  /** Part of the current that it is taken to carry. */
  readonly share: number;
}

/**
 * What packs may carry together when each takes the share that it was seen to take. None is taken to carry less than its
 * equal part, so this is never more than their count times the weakest, and a pack that was never measured changes nothing.
 * `lost` are packs that fell silent: they take no share, and go on bounding the others by the limit they had.
 */
export function sharedLimit(
  taking: readonly Carrier[],
  lost: readonly Carrier[],
  habits: Habits,
): SharedLimit {
  if (taking.length === 0) return { amps: 0, share: 1 };
  const fair = 1 / taking.length;
  const sum = taking.reduce((total, { name }) => total + (habits[name]?.share ?? 0), 0);
  let found: SharedLimit = { amps: Number.POSITIVE_INFINITY, share: fair };
  for (const { limit, name } of [...taking, ...lost]) {
    const { relief = 1, share: seen = 0 } = habits[name] ?? {};
    // The current of packs that are gone is carried by those that are left.
    const share = Math.max(fair, seen, sum > 0 && sum < 1 ? Math.min(1, seen / sum) : 0);
    const amps = (limit * relief) / share;
    if (amps < found.amps) found = { amps, by: name, share };
  }
  return found;
}
