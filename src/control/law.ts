import type { Alarms } from '../model/alarms.ts';
import type { Chemistry } from '../model/chemistry.ts';
import type { PackReading } from '../model/reading.ts';
import type { Notice } from './explain/notices.ts';

/** What the law needs to know of the battery and of its owner's wishes. Absent means: decide from the readings or the preset. */
export interface ControlSettings {
  readonly profile: 'adaptive' | 'soc-steps';
  readonly chemistry: Chemistry;
  /** Cells in series that the owner stated; a reading that differs blocks. */
  readonly cellCount?: number;
  /** Ah that the owner stated. */
  readonly capacity?: number;
  /** A; 'auto' follows the BMS (0.9 of its limit, at most 0.5 C). Absent: the default of the profile. */
  readonly maxChargeCurrent?: number | 'auto';
  readonly maxDischargeCurrent?: number | 'auto';
  /** V per cell. */
  readonly absorbCellVoltage?: number;
  readonly floatCellVoltage?: number;
  readonly minCellVoltage?: number;
  readonly rebulkSoc: number;
  /** Days between full charges, 0 = never forced. */
  readonly fullChargeDays: number;
  /** Days between top balances, 0 = off. */
  readonly topBalanceDays: number;
  /** Daily SoC ceiling, %; 100 = none. */
  readonly dailySocMax: number;
  readonly socSource: 'bms' | 'counter';
  /** V added to the published CVL for losses in cables. */
  readonly voltageDrop: number;
  /** Rows of [degC, C-rate]; absent: the curve of the law. */
  readonly temperatureTable?: readonly (readonly [number, number])[];
  readonly blockOnDisconnect: boolean;
  /** Minutes of limp mode after the last good sample. */
  readonly graceMinutes: number;
  readonly honourBmsLimits: boolean;
  /** What the reported limits of this BMS are (`BmsDriver.limits`). */
  readonly bmsLimits: 'operating' | 'trip' | 'none';
  /** Turns the sign of the measured current. */
  readonly invertCurrent: boolean;
  /** A reason that makes every limit zero until it is gone: a contradiction in the configuration. */
  readonly blocked?: string;
  /**
   * The configuration holds errors (the text says which): until they are put right CCL is at most 0.1 C and CVL at most
   * float, whatever the rest of these settings say (I21).
   */
  readonly configError?: string;
}

/** What a user asks for at run time; may only restrict, or ask for a full charge or top balance. */
export interface ControlRequests {
  readonly maxChargeCurrent?: number;
  readonly maxDischargeCurrent?: number;
  readonly chargeOff?: boolean;
  readonly dischargeOff?: boolean;
  /** Carried out by the balancer switch of the BMS; the law has no part in it. */
  readonly balancerOff?: boolean;
  readonly topBalanceNow?: boolean;
  readonly fullChargeNow?: boolean;
}

export interface ControlInput {
  /** Monotonic seconds. */
  readonly t: number;
  /** The reading of this poll; absent when the poll failed. */
  readonly reading?: PackReading;
  readonly requests?: ControlRequests;
}

export const CHARGE_STATES = ['bulk', 'absorb', 'floatDown', 'float', 'topBalance', 'hold'] as const;
export type ChargeState = (typeof CHARGE_STATES)[number];

/** How far the last good sample is away (the stale ladder R12), from near to far. */
export const FRESHNESS = ['fresh', 'late', 'stale', 'lost'] as const;
export type Freshness = (typeof FRESHNESS)[number];

/** Every number is finite from the first output on; limits fail closed. */
export interface ControlOutput {
  /** Charge voltage limit of the pack, V. */
  readonly cvl: number;
  /** Charge current limit, A >= 0. */
  readonly ccl: number;
  /** Discharge current limit, A >= 0. */
  readonly dcl: number;
  /** Battery low voltage, V. */
  readonly low: number;
  readonly allowToCharge: boolean;
  readonly allowToDischarge: boolean;
  readonly state: ChargeState;
  /** "Bulk", "Absorption", "Float Transition", "Float" ... with what is awaited. */
  readonly chargeMode: string;
  /** What limits CCL (DCL) now, and until when, in plain words. */
  readonly chargeReason: string;
  readonly dischargeReason: string;
  /** BMS alarms merged with those that the law derives. */
  readonly alarms: Alarms;
  readonly freshness: Freshness;
  /** Victron error code when the control itself has something to say: 119 settings. */
  readonly errorCode?: number;
  /** Present in the one step in which a charge ended with the pack full. */
  readonly chargeCompleted?: true;
  /** Smoothed current, A, positive = charging; absent while the last good sample is old. */
  readonly averageCurrent?: number;
  /** SoC to publish, %; absent when nobody knows. */
  readonly soc?: number;
  /** Seconds to empty while discharging. */
  readonly timeToGo?: number;
  /** Things an owner should know, each published once when it appears. */
  readonly notices: readonly string[];
  /** The same as long as they hold, with their keys; absent in a step without a good sample. */
  readonly standing?: readonly Notice[];
}

export interface Step<State> {
  readonly state: State;
  /** Absent until the first good sample: nothing may be published before. */
  readonly output?: ControlOutput;
  /** The reading as the reading filter let it through, for publication; absent when this poll brought none. */
  readonly sample?: PackReading;
  /** Why the reading of this poll was not believed. */
  readonly rejected?: string;
}

/**
 * A charge control law: pure, total, and the same for the same inputs. `step` never throws; an input that it cannot
 * use lowers limits and says why.
 */
export interface ControlLaw<State> {
  initial(settings: ControlSettings): State;
  step(settings: ControlSettings, state: State, input: ControlInput): Step<State>;
}
