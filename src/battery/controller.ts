import { lawFor } from '../control/decide.ts';
import type { ControlRequests, ControlSettings, Step } from '../control/law.ts';
import type { LawState } from '../control/memory/law-state.ts';
import { restore, type Snapshot, snapshot } from '../control/memory/snapshot.ts';
import {
  accumulate,
  emptyHistory,
  figuresOf,
  type History,
  type HistoryFigures,
  restoreHistory,
} from '../history/history.ts';
import type { PackReading } from '../model/reading.ts';

/** What one battery remembers over a restart; either part may be missing, old or damaged. */
export interface BatteryMemory {
  readonly control?: unknown;
  readonly history?: unknown;
}

export interface Remembered extends BatteryMemory {
  /** How long ago it was written, by the calendar; below 0 when that lies in the future. */
  readonly ageSeconds: number;
}

/** What the first sample stands for, s: there is none before it to count from. */
const FIRST_S = 1;

/**
 * The control law of one battery and its history. It begins with the first reading, because only that tells chemistry and
 * cell count, and with them whether what is remembered belongs to this pack.
 */
export class Controller {
  readonly #settingsFor: (reading: PackReading) => ControlSettings;
  readonly #remembered: Remembered | undefined;
  #law: { readonly settings: ControlSettings; state: LawState } | undefined;
  #history: History;
  #sampledAt: number | undefined;
  #capacity: number | undefined;

  constructor(settingsFor: (reading: PackReading) => ControlSettings, remembered?: Remembered) {
    this.#settingsFor = settingsFor;
    this.#remembered = remembered;
    this.#history = restoreHistory(remembered?.history, remembered?.ageSeconds ?? 0);
  }

  /** One decision; undefined as long as there was no reading at all. `t` is monotonic, s. */
  step(t: number, reading: PackReading | undefined, requests: ControlRequests): Step<LawState> | undefined {
    const law = this.#law ?? this.#begin(reading);
    if (law === undefined) return undefined;
    const { profile } = law.settings;
    const input = { t, requests, ...(reading !== undefined && { reading }) };
    const result = lawFor(profile).step(law.settings, law.state, input);
    law.state = result.state;
    if (result.sample !== undefined) this.#remember(t, result);
    return result;
  }

  /** Figures for /History. */
  get history(): HistoryFigures {
    return figuresOf(this.#history, this.#capacity);
  }

  clearHistory(): void {
    this.#history = emptyHistory();
  }

  /** What to write down now. */
  get memory(): { readonly control?: Snapshot; readonly history: History } {
    const control = this.#law === undefined ? undefined : snapshot(this.#law.state);
    return { history: this.#history, ...(control !== undefined && { control }) };
  }

  #begin(
    reading: PackReading | undefined,
  ): { readonly settings: ControlSettings; state: LawState } | undefined {
    if (reading === undefined) return undefined;
    const settings = this.#settingsFor(reading);
    const { control, ageSeconds = 0 } = this.#remembered ?? {};
    this.#law = { settings, state: restore(settings, control, ageSeconds, reading) };
    return this.#law;
  }

  #remember(t: number, { sample = {}, output }: Step<LawState>): void {
    const dt = this.#sampledAt === undefined ? FIRST_S : t - this.#sampledAt;
    this.#sampledAt = t;
    this.#capacity = sample.capacityFull ?? sample.capacityDesign ?? this.#capacity;
    this.#history = accumulate(this.#history, {
      sample,
      alarms: output?.alarms ?? {},
      dt,
      becameFull: output?.chargeCompleted === true,
      ...(output?.soc !== undefined && { soc: output.soc }),
    });
  }
}
