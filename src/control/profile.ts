import type { Bound } from './bound.ts';
import type { CellPlan } from './cells.ts';
import type { ChargeState, ControlRequests, ControlSettings } from './law.ts';
import type { Measured } from './measure.ts';
import type { Notice } from './notices.ts';

/** What a profile decides from: one good sample of a battery that is neither silent nor blocked. */
export interface Context {
  readonly settings: ControlSettings;
  readonly plan: CellPlan;
  readonly seen: Measured;
  readonly requests: ControlRequests;
  readonly t: number;
  /** Seconds since the previous good sample, at most 10. */
  readonly dt: number;
  /** SoC that limits may use, %. */
  readonly soc: number | undefined;
  /** A that the owner allows at most. */
  readonly maxCharge: number;
  readonly maxDischarge: number;
  /** The battery was silent or blocked until this sample. */
  readonly resumed: boolean;
}

/** What a profile wants; bans, BMS limits and ramps come on top. */
export interface Wish<Machine> {
  readonly machine: Machine;
  readonly charge: Bound;
  readonly discharge: Bound;
  /** V at the pack. */
  readonly cvl: number;
  /** Battery low voltage, V. */
  readonly low: number;
  readonly state: ChargeState;
  readonly mode: string;
  readonly notices: readonly Notice[];
}

export interface Profile<Machine> {
  initial(settings: ControlSettings): Machine;
  decide(context: Context, machine: Machine): Wish<Machine>;
}
