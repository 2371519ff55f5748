/**
 * Values that follow from others, as a battery that is read back from a bus tells them. It may know cells, packs and
 * capacities that it does not list, so its word goes before what the rest of the view gives. Units as in a reading.
 */
export interface ToldValues {
  /** Mean of the cells, degC. */
  readonly temperature?: number;
  /** Ah. */
  readonly remaining?: number;
  /** Ah below full, 0 or negative. */
  readonly consumed?: number;
  readonly consumedBms?: number;
  /** V of the lower half of the cells, and what it is off the middle, %. */
  readonly midVoltage?: number;
  readonly midDeviation?: number;
  readonly cellSum?: number;
  readonly cellDifference?: number;
  readonly minCellVoltage?: number;
  readonly maxCellVoltage?: number;
  /** Names of the places: "C3", "M2C3". */
  readonly minCell?: string;
  readonly maxCell?: string;
  readonly minTemperature?: number;
  readonly maxTemperature?: number;
  readonly minSensor?: string;
  readonly maxSensor?: string;
  /** CVL of one cell, V. */
  readonly maxChargeCellVoltage?: number;
  readonly packs?: number;
  readonly packsOnline?: number;
  readonly blockingCharge?: number;
  readonly blockingDischarge?: number;
  readonly deviceState?: number;
  readonly balancerStatus?: number;
  /** The program that shows the battery: "dbus-bms". */
  readonly program?: string;
  /** s to empty, from a battery monitor that gives no limits. */
  readonly timeToGo?: number;
}
