/** Letters and digits only, lower case: `max_charge-current` and `MaxChargeCurrent` are the same. */
export function plainName(name: string): string {
  return name.toLowerCase().replace(/[^\p{L}\p{N}]/gu, '');
}

/** Single-character insertions, deletions, replacements and swaps of neighbours that turn `a` into `b`. */
export function editDistance(a: string, b: string): number {
  let before: number[] = [];
  let row = Array.from({ length: b.length + 1 }, (_, column) => column);
  for (let i = 1; i <= a.length; i += 1) {
    const next = [i];
    for (let j = 1; j <= b.length; j += 1) {
      const same = a[i - 1] === b[j - 1];
      const replace = (row[j - 1] ?? 0) + (same ? 0 : 1);
      let best = Math.min(replace, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1);
      const swapped = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1];
      if (swapped) best = Math.min(best, (before[j - 2] ?? 0) + 1);
      next.push(best);
    }
    before = row;
    row = next;
  }
  return row[b.length] ?? 0;
}

/** Letters of a name of which one may be wrong. */
const LETTERS_A_SLIP = 3;
/** A piece of a name that is shorter says nothing. */
const SHORTEST_PIECE = 4;

/** The candidate that `name` is most likely a slip of, or a piece of; the first of equals. Undefined when none is near. */
export function nearest(name: string, candidates: Iterable<string>): string | undefined {
  // Longer names cannot be typing mistakes; the cut keeps the cost of a garbled file small.
  const typed = plainName(name).slice(0, 60);
  let best: string | undefined;
  let least = Number.POSITIVE_INFINITY;
  for (const candidate of candidates) {
    const known = plainName(candidate);
    const distance = editDistance(typed, known);
    const isSlip = distance <= Math.max(1, Math.floor(Math.min(typed.length, known.length) / LETTERS_A_SLIP));
    const isPiece = typed.length >= SHORTEST_PIECE && known.includes(typed);
    if ((isSlip || isPiece) && distance < least) {
      least = distance;
      best = candidate;
    }
  }
  return best;
}
