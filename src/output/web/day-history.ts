import { type BridgedBattery, isOnline } from '../output.ts';
import type { ToldHistory, Trace } from './told.ts';

/** One entry a minute for a day. */
export const STEP_S = 60;
const STEPS = (24 * 3600) / STEP_S;
const TRACES = ['lowestCell', 'highestCell', 'current', 'ccl', 'dcl', 'soc', 'mode'] as const;
type TraceName = (typeof TRACES)[number];
/** Modes of other drivers may be any text. */
const MOST_MODES = 24;

/**
 * The last day of one battery, in memory: about 40 kB. Steps in which nothing was told stay empty. Times are monotonic, so
 * that a clock that is set moves nothing.
 */
export class DayHistory {
  readonly #values = new Float32Array(TRACES.length * STEPS).fill(Number.NaN);
  readonly #modes: string[] = [];
  /** Number of the step of the newest entry, counted from time 0. */
  #step: number | undefined;

  /** Takes up what is known now; the last values of a step are those that stay. `now` in ms. */
  note(battery: BridgedBattery, now: number): void {
    const step = Math.floor(now / 1000 / STEP_S);
    for (let empty = Math.max((this.#step ?? step) + 1, step - STEPS + 1); empty <= step; empty += 1)
      for (const name of TRACES) this.#set(name, empty, undefined);
    this.#step = step;
    const { control, reading = {} } = battery.view;
    const online = isOnline(battery);
    const cells = online ? (reading.cellVoltages ?? []).filter(Number.isFinite) : [];
    this.#set('lowestCell', step, cells.length === 0 ? undefined : Math.min(...cells));
    this.#set('highestCell', step, cells.length === 0 ? undefined : Math.max(...cells));
    this.#set('current', step, online ? reading.current : undefined);
    this.#set('ccl', step, battery.isOnBus ? control?.ccl : undefined);
    this.#set('dcl', step, battery.isOnBus && control?.dcl !== undefined ? -control.dcl : undefined);
    this.#set('soc', step, online ? (control?.soc ?? reading.soc) : undefined);
    this.#set('mode', step, online ? this.#modeOf(control?.chargeMode) : undefined);
  }

  /** The day before `now`, as the page draws it. */
  told(id: string, now: number): ToldHistory {
    const last = Math.floor(now / 1000 / STEP_S);
    const trace = (name: TraceName, digits: number): Trace =>
      Array.from({ length: STEPS }, (_, index) => this.#get(name, last - STEPS + 1 + index, digits));
    return {
      id,
      stepS: STEP_S,
      lowestCell: trace('lowestCell', 3),
      highestCell: trace('highestCell', 3),
      current: trace('current', 1),
      ccl: trace('ccl', 1),
      dcl: trace('dcl', 1),
      soc: trace('soc', 1),
      mode: trace('mode', 0),
      modes: this.#modes,
    };
  }

  #set(name: TraceName, step: number, value: number | undefined): void {
    this.#values[this.#place(name, step)] = value ?? Number.NaN;
  }

  #get(name: TraceName, step: number, digits: number): number | null {
    if (this.#step === undefined || step > this.#step || step <= this.#step - STEPS) return null;
    const value = this.#values[this.#place(name, step)];
    return value === undefined || Number.isNaN(value) ? null : Number(value.toFixed(digits));
  }

  #place(name: TraceName, step: number): number {
    return TRACES.indexOf(name) * STEPS + (((step % STEPS) + STEPS) % STEPS);
  }

  /** The mode without what is awaited in it. */
  #modeOf(mode: string | undefined): number | undefined {
    const name = mode?.split(':')[0]?.trim();
    if (name === undefined || name === '') return undefined;
    if (!this.#modes.includes(name) && this.#modes.length < MOST_MODES) this.#modes.push(name);
    const index = this.#modes.indexOf(name);
    return index < 0 ? undefined : index;
  }
}
