import type { ControlOutput, ControlRequests } from '../control/law.ts';
import type { HistoryFigures } from '../history/history.ts';
import type { BankReading } from '../model/reading.ts';
import type { BatteryKey } from './battery-key.ts';
import type { ToldValues } from './told-values.ts';
import type { Traits } from './traits.ts';

/** Everything that may be shown of one battery or bank, in canonical names; outputs only render it. */
export interface BatteryView {
  readonly identity: BatteryIdentity;
  /** Measurements to show; absent (all invalid) from 10 s after the last good sample. */
  readonly reading?: BankReading;
  /** Facts that do not age (model, cell count, capacity), from the last good sample. */
  readonly facts: BankReading;
  /** Limits and reasons; absent for a pack that only shows itself beside its bank. Another driver may tell a part of it. */
  readonly control?: Partial<ControlOutput>;
  readonly link: LinkState;
  /** What the owner asked for at run time. */
  readonly requests?: ControlRequests;
  /** The owner lets us operate the switches of this BMS for charge and for discharge. */
  readonly isSwitchable?: boolean;
  /** Smoothed current, A, positive = charging. */
  readonly averageCurrent?: number;
  /** Absent when no history is kept for this battery; other programs tell only some of its figures. */
  readonly history?: Partial<HistoryFigures>;
  /** The bank that the owner made this battery a part of. */
  readonly bank?: BankPart;
  /** Only in a view that was read back from a bus. */
  readonly told?: ToldValues;
}

export interface BankPart {
  readonly name: string;
  /** The bank is there: it steers the chargers, and this battery hands its limits to it instead of offering them. */
  readonly isLed: boolean;
}

export interface BatteryIdentity {
  /** Under which the device may keep what it remembers of this battery, the best first. */
  readonly keys: readonly BatteryKey[];
  /** What tells it from a battery that gives the same key. */
  readonly traits: Traits;
  /** All packs of a port together. */
  readonly isBank?: true;
  /** Address of a pack that shows itself beside its bank; absent for the battery or bank of a port. */
  readonly pack?: number;
  /** By what another driver may have known it; absent where it cannot have known it. */
  readonly marks?: PackMarks;
  /** "SerialBattery(JBD)". */
  readonly productName: string;
  /** "ttyUSB0". */
  readonly connection: string;
  /** Number of the battery on this device; absent until the device has given one. */
  readonly deviceInstance?: number;
  /** Given by the owner. */
  readonly customName?: string;
  /** Version of this driver. */
  readonly processVersion: string;
  /** Serial number of the battery, or the key under which the device knows it. */
  readonly serial?: string;
  /** Who makes the BMS: "JK". */
  readonly manufacturer?: string;
  /** The connection does not share a ground and a wire with the battery (Bluetooth). */
  readonly wireless?: boolean;
}

/** What another driver may know a pack by. */
export interface PackMarks {
  readonly serialNumber?: string;
  /** Versions that the BMS tells. */
  readonly versions: readonly string[];
  /** Ah; full and design capacity, as far as they are known. */
  readonly capacities: readonly number[];
  /** Ports: "ttyUSB0", for a pack at an address "ttyUSB0__0x02". */
  readonly ports: readonly string[];
  /** Several packs share the port, so that nothing but a mark of its own tells this one. */
  readonly isOneOfMany: boolean;
}

export interface LinkState {
  /** False from 10 s after the last good sample until the third good one in a row: the state and the count of packs follow it. */
  readonly online: boolean;
  /** One line for people: "answering", "last answer 00:01:23 ago". */
  readonly text: string;
  /** Seconds since the last good sample; absent where another program asks the BMS. */
  readonly silentForS?: number;
  /** Victron error code: 0 none, 32 BMS cable, 119 settings. */
  readonly errorCode: number;
}
