import type { ControlOutput } from '../control/law.ts';
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
}

export interface LinkState {
  /** Polls succeed. */
  readonly online: boolean;
  /** One line for people: "answering", "last answer 00:01:23 ago". */
  readonly text: string;
  /** Seconds since the last good sample. */
  readonly silentForS: number;
  /** Victron error code: 0 none, 32 BMS cable, 119 settings. */
  readonly errorCode: number;
}
