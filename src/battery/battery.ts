import type { ControlOutput, ControlRequests } from '../control/law.ts';
import type { Member } from '../control/limits/bank-limits.ts';
import type { BmsError } from '../errors.ts';
import type { HistoryFigures } from '../history/history.ts';
import type { ModuleReading, PackReading } from '../model/reading.ts';
import type { LinkState } from './battery-view.ts';
import type { BatteryMemory, Controller } from './controller.ts';
import type { Outcome } from './poll-quality.ts';

/** Measurements are shown for this long after the last good sample. */
export const SHOWN_FOR_MS = 10_000;

/** What came of asking a pack once. */
export type PollResult = { readonly reading: PackReading } | { readonly error: BmsError };

/** One pack with its own control: what it measured last, what its law says, how long it has been silent. */
export class Battery {
  readonly address: number;
  readonly #controller: Controller;
  #output: ControlOutput | undefined;
  #fresh: Pick<ControlOutput, 'ccl' | 'dcl'> | undefined;
  #facts: PackReading = {};
  #goodAt: number | undefined;
  #bornAt: number;
  #complaint: string | undefined;
  #outcome: Outcome = 'good';
  #told: PackReading | undefined;

  constructor(address: number, controller: Controller, now: number) {
    this.address = address;
    this.#controller = controller;
    this.#bornAt = now;
  }

  /** Its life so far, for /History. */
  get history(): HistoryFigures {
    return this.#controller.history;
  }

  clearHistory(): void {
    this.#controller.clearHistory();
  }

  /** What to write down for the next start. */
  get memory(): BatteryMemory {
    return this.#controller.memory;
  }

  /** The limits of this pack; absent until its first good sample. */
  get output(): ControlOutput | undefined {
    return this.#output;
  }

  /** The last good sample, however old. */
  get facts(): PackReading {
    return this.#facts;
  }

  /** The last reading as the BMS told it. */
  get told(): PackReading | undefined {
    return this.#told;
  }

  /** Why the last poll brought nothing that could be believed. */
  get complaint(): string | undefined {
    return this.#complaint;
  }

  /** How the last poll came out; before the first as if it were good. */
  get outcome(): Outcome {
    return this.#outcome;
  }

  /** Takes the result of a poll into the control; without one (the pack is not being asked now) only time passes. */
  take(result: PollResult | undefined, now: number, requests: ControlRequests): void {
    const reading = result !== undefined && 'reading' in result ? result.reading : undefined;
    const { output, sample, rejected } = this.#controller.step(now / 1000, reading, requests) ?? {};
    this.#output = output;
    this.#told = reading ?? this.#told;
    if (output?.freshness === 'fresh') this.#fresh = output;
    if (sample !== undefined) {
      this.#facts = sample;
      this.#goodAt = now;
      this.#complaint = undefined;
      this.#outcome = 'good';
    } else if (rejected !== undefined) {
      this.#complaint = rejected;
      this.#outcome = 'refused';
    } else if (result !== undefined && 'error' in result) {
      this.#complaint = result.error.message;
      this.#outcome = 'failed';
    }
  }

  /** Measurements to show; absent when they are too old. */
  shown(now: number): PackReading | undefined {
    return this.#goodAt !== undefined && now - this.#goodAt <= SHOWN_FOR_MS ? this.#facts : undefined;
  }

  /** The pack as part of a bank; absent until its first good sample. */
  member(): Member | undefined {
    const { address } = this;
    const output = this.#output;
    if (output === undefined) return undefined;
    const capacity = this.#facts.capacityFull ?? this.#facts.capacityDesign;
    return {
      name: `pack ${address}`,
      output,
      ...(this.#fresh !== undefined && { lastFresh: this.#fresh }),
      ...(capacity !== undefined && { capacity }),
      chargeIsolated: this.#facts.chargeEnabled === false,
      dischargeIsolated: this.#facts.dischargeEnabled === false,
    };
  }

  /** When the last good sample came, monotonic ms; undefined before the first. */
  get goodAt(): number | undefined {
    return this.#goodAt;
  }

  /** The last good sample as a part of a bank; absent before the first. */
  module(): ModuleReading | undefined {
    return this.#goodAt === undefined ? undefined : { ...this.#facts, address: this.address };
  }

  /** It answers, and has done so for a few polls. */
  get isOnline(): boolean {
    return this.#output?.freshness === 'fresh';
  }

  silentForMs(now: number): number {
    return now - (this.#goodAt ?? this.#bornAt);
  }

  link(now: number): LinkState {
    const silentForS = Math.floor(this.silentForMs(now) / 1000);
    const online = this.isOnline;
    const lost = silentForS >= 60;
    const text = online
      ? 'answering'
      : `last answer ${clockText(silentForS)} ago: ${this.#complaint ?? 'not asked'}`;
    return { online, text, silentForS, errorCode: this.#output?.errorCode ?? (lost ? 32 : 0) };
  }
}

/** "00:01:23". */
export function clockText(seconds: number): string {
  const parts = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60, seconds % 60];
  return parts.map((part) => String(part).padStart(2, '0')).join(':');
}
