export type Point = readonly [x: number, y: number];

/** The same line with fewer points: none of those left out lies further than `tolerance` from it. */
export function simplify(points: readonly Point[], tolerance: number): readonly Point[] {
  const keep = new Set<number>([0, points.length - 1]);
  const spans: [number, number][] = [[0, points.length - 1]];
  for (let span = spans.pop(); span !== undefined; span = spans.pop()) {
    const [from, to] = span;
    const far = furthest(points, from, to);
    if (far === undefined || far.distance <= tolerance) continue;
    keep.add(far.index);
    spans.push([from, far.index], [far.index, to]);
  }
  return points.filter((_, index) => keep.has(index));
}

function furthest(
  points: readonly Point[],
  from: number,
  to: number,
): { readonly index: number; readonly distance: number } | undefined {
  const [start, end] = [points[from], points[to]];
  if (start === undefined || end === undefined || to - from < 2) return undefined;
  let best = { index: from, distance: -1 };
  for (let index = from + 1; index < to; index++) {
    const point = points[index];
    if (point === undefined) continue;
    const distance = distanceTo(point, start, end);
    if (distance > best.distance) best = { index, distance };
  }
  return best;
}

/** Distance of a point from the piece of line between two others. */
function distanceTo([x, y]: Point, [ax, ay]: Point, [bx, by]: Point): number {
  const [dx, dy] = [bx - ax, by - ay];
  const length = dx * dx + dy * dy;
  const share = length === 0 ? 0 : Math.max(0, Math.min(1, ((x - ax) * dx + (y - ay) * dy) / length));
  return Math.hypot(x - ax - share * dx, y - ay - share * dy);
}
