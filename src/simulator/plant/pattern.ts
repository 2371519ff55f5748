import { hashed } from '../random.ts';
import type { PatternSpec } from '../trials/scenario.ts';

const DAY = 86_400;
const SUNRISE = 6 * 3600;
const SUNSET = 20 * 3600;

/** The part (0..1) that a pattern lets through at `time` s after the start, which was at `hour` o'clock. */
export function present(spec: PatternSpec, time: number, hour: number, seed: number): number {
  if (time < spec.from || time >= (spec.until ?? Number.POSITIVE_INFINITY)) return 0;
  if (spec.on !== undefined && (time - spec.from) % (spec.on + spec.off) >= spec.on) return 0;
  const light = spec.sun ? sunshine((hour * 3600 + time) % DAY) : 1;
  return spec.cloudSeconds === undefined
    ? light
    : light * (1 - spec.cloudDepth * clouds(time / spec.cloudSeconds, seed));
}

function sunshine(secondOfDay: number): number {
  const way = (secondOfDay - SUNRISE) / (SUNSET - SUNRISE);
  return way <= 0 || way >= 1 ? 0 : Math.sin(Math.PI * way);
}

/** Covers of 0..1 that follow each other smoothly; the square makes a clear sky more usual than a dark one. */
function clouds(place: number, seed: number): number {
  const index = Math.floor(place);
  const share = place - index;
  const now = hashed(seed, index) ** 2;
  const next = hashed(seed, index + 1) ** 2;
  return now + (next - now) * share * share * (3 - 2 * share);
}
