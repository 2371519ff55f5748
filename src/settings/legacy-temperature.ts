import type { Lookup, Refusal } from './legacy.ts';

type Row = readonly [celsius: number, rate: number];

/** What the old driver takes where only one of the two lists is written; of several versions the one of that length. */
const SHIPPED: readonly { readonly degrees: readonly number[]; readonly fractions: readonly number[] }[] = [
  { degrees: [0, 2, 5, 10, 15, 20, 35, 40, 55], fractions: [0, 0.1, 0.2, 0.4, 0.8, 1, 1, 0.4, 0] },
  { degrees: [0, 2, 5, 10, 40, 45, 50, 55], fractions: [0, 0.25, 0.5, 1, 1, 0.5, 0.25, 0] },
];
/** A, of every version. */
const SHIPPED_CHARGE_CURRENT = '50.0';

const DEGREES = 'TEMPERATURES_WHILE_CHARGING';
const FRACTIONS = 'MAX_CHARGE_CURRENT_T_FRACTION';
/** In amperes; of the time before the fractions. */
const AMPERES = 'MAX_CHARGE_CURRENT_T';

/** The old table counts in fractions of the charge current setting, or in A; ours in fractions of the capacity. */
export function temperatureTable(other: Lookup, capacity: number | undefined): readonly Row[] | Refusal {
  if (capacity === undefined || !(capacity > 0)) {
    return { because: 'its rows become fractions of the capacity, and BATTERY_CAPACITY is not stated' };
  }
  const isAmperes = other(FRACTIONS) === undefined && other(AMPERES) !== undefined;
  const most = Number(other('MAX_BATTERY_CHARGE_CURRENT') ?? SHIPPED_CHARGE_CURRENT);
  if (!isAmperes && !(most > 0)) {
    return { because: 'its rows are fractions of MAX_BATTERY_CHARGE_CURRENT, which is no current' };
  }
  const currents = isAmperes ? AMPERES : FRACTIONS;
  const x = listOf(other(DEGREES));
  const y = listOf(other(currents));
  for (const [name, list] of [
    [DEGREES, x],
    [currents, y],
  ] as const) {
    if (list?.some(Number.isNaN)) return { because: `${name} is not a list of numbers` };
  }
  const degrees = x ?? SHIPPED.find(({ fractions }) => fractions.length === y?.length)?.degrees;
  const values = y ?? SHIPPED.find((shipped) => shipped.degrees.length === x?.length)?.fractions;
  if (degrees === undefined || values === undefined) {
    const [missing, there, length] = x === undefined ? [DEGREES, currents, y] : [currents, DEGREES, x];
    return {
      because: `${there} has ${length?.length ?? 0} values, and ${missing} is not in the file to go with them`,
    };
  }
  if (degrees.length !== values.length) {
    return {
      because: `${DEGREES} has ${degrees.length} values and ${currents} has ${values.length}; they must go in pairs`,
    };
  }
  // Rounding down keeps the table on the careful side.
  const rate = (value: number): number =>
    Math.floor(((isAmperes ? value : value * most) / capacity) * 1000 + 1e-6) / 1000;
  const rows = degrees.map((celsius, row): Row => [celsius, rate(values[row] ?? 0)]);
  return rows.toSorted((a, b) => a[0] - b[0]);
}

function listOf(text: string | undefined): readonly number[] | undefined {
  return text?.split(',').map((part) => (part.trim() === '' ? Number.NaN : Number(part)));
}
