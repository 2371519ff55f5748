import type { BatteryView } from '../battery/battery-view.ts';
import type { Command } from '../battery/command.ts';

/** One battery as the bridge knows it. */
export interface BridgedBattery {
  /** Stable and safe in a topic, a tag and a path: letters, digits, `_` and `-`. */
  readonly id: string;
  /** The owner's name for it, else that of the product; only a label. */
  readonly name: string;
  /** False once its service has left the bus; its last view stays. */
  readonly isOnBus: boolean;
  readonly view: BatteryView;
  /** Id of the bank of which it is a pack: its energy is counted there. */
  readonly bank?: string;
  /** Wishes of an owner that its driver takes, by name. */
  readonly wishes: ReadonlySet<string>;
}

/** The newest of every battery. An output reads it on its own clock: a slow one sees the newest values, never a backlog. */
export interface Snapshot {
  /** In the order of their ids. */
  readonly batteries: readonly BridgedBattery[];
}

/** How an output fares, for whoever watches it. */
export interface OutputFigures {
  /** Messages, batches or answers that did not get through. */
  readonly errors: number;
  /** What was left out because the receiver was away or slow. */
  readonly dropped: number;
  /** Calendar time of the last success, s since 1970. */
  readonly lastSuccess?: number;
  /** What is wrong now, in one line. */
  readonly fault?: string;
}

/** Where the batteries of a device are told beyond D-Bus. It never waits, never keeps a backlog beyond its bound, and never ends the process. */
export interface BridgeOutput {
  readonly name: string;
  /** Something of this battery should be told at once: an alarm, a switch, a charge mode, a jump of the load. */
  hurry(battery: BridgedBattery): void;
  readonly figures: OutputFigures;
  /** Says goodbye where that is the custom; resolves within a few seconds whatever the receiver does. */
  close(): Promise<void>;
}

/** Gives a wish to the driver of a battery; rejects with one line when it does not take it. */
export type SendCommand = (id: string, command: Command) => Promise<void>;

/** Whether its measurements are to be believed now. */
export function isOnline({ isOnBus, view }: BridgedBattery): boolean {
  return isOnBus && view.link.online;
}
