import { initialPhases, type Phases } from './charge/charge-phases.ts';
import type { DailyCeiling } from './charge/daily-ceiling.ts';
import type { Notice } from './explain/notices.ts';
import type { CellPlan } from './input/cells.ts';
import type { Measured } from './input/measure.ts';
import type { ChargeState, ControlRequests, ControlSettings } from './law.ts';
import type { Limit } from './limits/limit.ts';

/** What a profile remembers of the charge. */
export interface Charging {
  readonly phases: Phases;
  /** V at the pack; undefined before the first sample. */
  readonly cvl: number | undefined;
  readonly ceiling: DailyCeiling;
  /** Seconds of float with the highest cell above the absorption voltage. */
  readonly parked: number;
  /** Seconds for which a charger has held less than is asked. */
  readonly short: number;
}

export function initialCharging(): Charging {
  return { phases: initialPhases(), cvl: undefined, ceiling: { volts: undefined }, parked: 0, short: 0 };
}

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
  /** V in force at the pack when the battery was silent or blocked until this sample. */
  readonly resumedAt: number | undefined;
  /** Chargers keep to the charge current limit. */
  readonly obeyed: boolean;
}

/** What a profile wants; bans, BMS limits and ramps come on top. */
export interface Proposal {
  readonly charging: Charging;
  readonly charge: Limit;
  readonly discharge: Limit;
  /** V at the pack. */
  readonly cvl: number;
  /** Battery low voltage, V. */
  readonly low: number;
  readonly state: ChargeState;
  readonly mode: string;
  /** The charge has just ended with the pack full. */
  readonly becameFull: boolean;
  readonly notices: readonly Notice[];
}

export interface Profile {
  decide(context: Context, charging: Charging): Proposal;
}
