import type { BusReader } from '../../src/dbus/item-reader.ts';

const MEASURED =
  /^\/(Dc\/0\/(Voltage|Current|Temperature)|Soc|Capacity|ConsumedAmphours|Voltages\/Cell\d+|System\/(Min|Max)Cell(Voltage|Temperature)|System\/NrOfCellsPerBattery|Alarms\/(High|Low)(Voltage|CellVoltage|ChargeCurrent|DischargeCurrent|Temperature))$/;
const LIMITS = ['/Info/MaxChargeVoltage', '/Info/MaxChargeCurrent', '/Info/MaxDischargeCurrent'] as const;
const CURRENTS = LIMITS.filter((path) => path.endsWith('Current'));
/** One step of what is published, and the slow cooling of a simulated pack. */
const TOLERANCE: readonly (readonly [RegExp, number])[] = [
  [/Temperature/, 1],
  [/Voltages|Cell/, 0.002],
  [/./, 0.051],
];

/** Looks at everything that is published while a fault is on the line: every value must have been true, no limit may rise. */
export class Watch {
  readonly wrong: string[] = [];
  readonly raised: string[] = [];
  readonly #reader: BusReader;
  #truths: ReadonlyMap<string, number>[];
  readonly #before: ReadonlyMap<string, number>;
  readonly #limits: ReadonlyMap<string, number>;

  /**
   * What is published now is true. `ceilings` are what the limits of this battery settle at by themselves, by path: after a start
   * they rise to them, fault or not.
   */
  constructor(reader: BusReader, ceilings: Readonly<Record<string, number>>) {
    this.#reader = reader;
    this.#truths = [measured(reader)];
    this.#before = new Map(CURRENTS.map((path) => [path, reader.number(path) ?? 0]));
    this.#limits = new Map(Object.entries(ceilings));

    reader.onChange = () => this.#look();
  }

  /** The battery is changed: what was true stays allowed, and so is what a fresh look will show. */
  allow(truth: ReadonlyMap<string, number>): void {
    this.#truths.push(truth);
  }

  get isReduced(): boolean {
    return CURRENTS.some((path) => (this.#reader.number(path) ?? 0) < (this.#before.get(path) ?? 0) - 0.051);
  }

  end(): void {
    this.#reader.onChange = () => {};
  }

  #look(): void {
    for (const [path, value] of measured(this.#reader)) {
      const step = TOLERANCE.find(([pattern]) => pattern.test(path))?.[1] ?? 0;
      const isTrue = this.#truths.some((truth) => Math.abs((truth.get(path) ?? Number.NaN) - value) <= step);
      if (!isTrue) this.wrong.push(`${path} ${value}`);
    }
    for (const [path, most] of this.#limits) {
      const limit = this.#reader.number(path);
      if (limit !== undefined && limit > most + 0.051)
        this.raised.push(`${path} ${limit} instead of ${most}`);
    }
  }
}

/** Numbers that are measured, as they are published now. */
export function measured(reader: BusReader): Map<string, number> {
  const values = new Map<string, number>();
  for (const path of reader.items.keys()) {
    const value = MEASURED.test(path) ? reader.number(path) : undefined;
    if (value !== undefined) values.set(path, value);
  }
  return values;
}
