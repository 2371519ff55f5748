import type { ControlOutput, ControlRequests } from '../control/law.ts';
import type { Reading } from '../model/reading.ts';

/** Everything one battery service shows; `battery-paths.ts` says where and how. */
export interface BatteryState {
  readonly identity: BatteryIdentity;
  /** Measurements to show; absent (all invalid) from 10 s after the last good sample. */
  readonly reading?: Reading;
  /** Facts that do not age (model, cell count, capacity), from the last good sample. */
  readonly facts: Reading;
  /** Absent on monitor-only pack services: the limit paths are then not exported at all. */
  readonly control?: ControlOutput;
  readonly link: LinkState;
  /** What the user asked for at run time; shown at /Settings/Force*Off. */
  readonly requests?: ControlRequests;
  /** The owner lets us operate the switches of this BMS for charge and for discharge. */
  readonly isSwitchable?: boolean;
  /** Smoothed current, A, positive = charging. */
  readonly averageCurrent?: number;
  /** Absent when no history is kept for this battery. */
  readonly history?: HistoryValues;
}

export interface BatteryIdentity {
  /** "SerialBattery(JBD)". */
  readonly productName: string;
  /** "ttyUSB0". */
  readonly connection: string;
  readonly deviceInstance: number;
  readonly customName: string;
  /** Version of this driver. */
  readonly processVersion: string;
  /** Stable key of the battery; `/Serial`. */
  readonly serial?: string;
  /** Who makes the BMS: "JK". */
  readonly manufacturer?: string;
  /** The connection does not share a ground and a wire with the battery (Bluetooth). */
  readonly wireless?: boolean;
}

export interface LinkState {
  /** False from 10 s after the last good sample until the third good one in a row: /State and the module counts follow it. */
  readonly online: boolean;
  /** One line for people: "answering", "last answer 00:01:23 ago". */
  readonly text: string;
  /** Seconds since the last good sample. */
  readonly silentForS: number;
  /** Victron error code: 0 none, 32 BMS cable, 119 settings. */
  readonly errorCode: number;
}

/** What is remembered of a battery's life. Ah of discharge are negative; energies are kWh, times s. */
export interface HistoryValues {
  readonly deepestDischarge?: number;
  readonly lastDischarge?: number;
  readonly averageDischarge?: number;
  readonly totalAhDrawn?: number;
  /** Shown where the BMS tells no count of its own now. */
  readonly chargeCycles?: number;
  readonly fullDischarges?: number;
  readonly minimumVoltage?: number;
  readonly maximumVoltage?: number;
  readonly minimumCellVoltage?: number;
  readonly maximumCellVoltage?: number;
  readonly timeSinceLastFullCharge?: number;
  readonly automaticSyncs?: number;
  readonly lowVoltageAlarms?: number;
  readonly highVoltageAlarms?: number;
  readonly minimumTemperature?: number;
  readonly maximumTemperature?: number;
  readonly dischargedEnergy?: number;
  readonly chargedEnergy?: number;
}
