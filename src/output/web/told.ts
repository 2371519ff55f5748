/**
 * What the server tells the page, as JSON. Volts, amperes, watts, %, degC; a current above 0 charges. Absent is absent:
 * the page shows a dash and never an older value.
 */

/** One battery, bank or pack. */
export interface ToldBattery {
  readonly id: string;
  readonly name: string;
  /** Id of the bank of which it is a pack. */
  readonly bank?: string;
  /** Its measurements are to be believed now. */
  readonly online: boolean;
  /** One line for people: "answering", "last answer 00:01:23 ago". */
  readonly link: string;
  /** s since the last good answer. */
  readonly silentS?: number;
  readonly voltage?: number;
  readonly current?: number;
  readonly power?: number;
  readonly soc?: number;
  readonly soh?: number;
  /** Ah. */
  readonly capacity?: number;
  readonly remaining?: number;
  readonly cycles?: number;
  readonly limits: ToldLimits;
  /** V, in wire order; a cell that is not told is null. */
  readonly cells: readonly (number | null)[];
  readonly balancing: readonly boolean[];
  readonly temperatures: readonly (number | null)[];
  readonly alarms: readonly ToldAlarm[];
  /** For the installer: name and value. */
  readonly facts: readonly (readonly [string, string])[];
}

export interface ToldLimits {
  readonly cvl?: number;
  readonly ccl?: number;
  readonly dcl?: number;
  /** Battery low voltage of the pack. */
  readonly low?: number;
  /** CVL and battery low voltage for one cell. */
  readonly cellHigh?: number;
  readonly cellLow?: number;
  /** "Absorption: 2 A now, done below 1.4 A". */
  readonly mode?: string;
  readonly chargeReason?: string;
  readonly dischargeReason?: string;
  readonly allowCharge?: boolean;
  readonly allowDischarge?: boolean;
}

export interface ToldAlarm {
  /** "high cell voltage". */
  readonly name: string;
  /** 1 warning, 2 alarm. */
  readonly level: 1 | 2;
  /** s since it was raised, as far as the bridge has seen it. */
  readonly forS: number;
}

/** Data of the event "batteries": those that changed, and the ids of all, in their order. */
export interface ToldChange {
  readonly ids: readonly string[];
  readonly changed: readonly ToldBattery[];
}

/** One battery over the last day: each list has one entry a step, the last one now; null where nothing was known. */
export interface ToldHistory {
  readonly id: string;
  /** s between two entries. */
  readonly stepS: number;
  readonly lowestCell: Trace;
  readonly highestCell: Trace;
  readonly current: Trace;
  readonly ccl: Trace;
  /** DCL as a negative current. */
  readonly dcl: Trace;
  readonly soc: Trace;
  /** Index into `modes`. */
  readonly mode: Trace;
  readonly modes: readonly string[];
}

export type Trace = readonly (number | null)[];

/** The answer to /api/about. */
export interface ToldAbout {
  readonly version: string;
  readonly host: string;
  /** Last lines of the logs of the services of this device, by service. */
  readonly logs: readonly { readonly service: string; readonly lines: readonly string[] }[];
}
