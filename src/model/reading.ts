import { type Alarms, mergeAlarms } from './alarms.ts';
import type { Chemistry } from './chemistry.ts';

/**
 * The canonical reading: what one battery says of itself, or what a part of its answers says. Units are V, A, W, Ah, degC, %
 * and s; current and power are positive while the battery is being charged. A field that was not received is absent, never 0.
 */
export interface PackReading {
  /** Pack voltage, V. */
  readonly voltage?: number;
  /** A, positive = charging. */
  readonly current?: number;
  /** W, positive = charging. */
  readonly power?: number;
  /** State of charge, 0..100 %. */
  readonly soc?: number;
  /** State of health, %. */
  readonly soh?: number;
  readonly capacityRemaining?: number;
  readonly capacityFull?: number;
  readonly capacityDesign?: number;
  readonly cycles?: number;
  /** Cells in series. */
  readonly cellCount?: number;
  /** V per cell, cell 1 first. A cell that cannot be measured is 0 here only when the wire says 0. */
  readonly cellVoltages?: readonly number[];
  readonly cellBalancing?: readonly boolean[];
  /** Cell sensors in wire order, degC; sensors that are not fitted are left out. */
  readonly temperatures?: readonly number[];
  readonly mosfetTemperature?: number;
  readonly ambientTemperature?: number;
  /** State of the charge FET (or contactor). */
  readonly chargeEnabled?: boolean;
  readonly dischargeEnabled?: boolean;
  /** Any cell is being balanced. */
  readonly balancing?: boolean;
  /** A, >= 0; whether it is an operating limit or a trip point is told by the driver (`BmsDriver.limits`). */
  readonly maxChargeCurrent?: number;
  readonly maxDischargeCurrent?: number;
  /** V for the pack. */
  readonly maxChargeVoltage?: number;
  readonly minDischargeVoltage?: number;
  readonly alarms?: Alarms;
  /** Where the BMS proves it by its cell count or its thresholds; absent says nothing. */
  readonly chemistry?: Chemistry;
  readonly model?: string;
  readonly hardwareVersion?: string;
  readonly firmwareVersion?: string;
  readonly serialNumber?: string;
  /** ISO date, as precise as the BMS tells it (YYYY-MM or YYYY-MM-DD). */
  readonly productionDate?: string;
}

/** A pack beside others. */
export interface ModuleReading extends PackReading {
  readonly address: number;
}

/** What the packs of one port are together, or the only one. */
export interface BankReading extends PackReading {
  /** The packs, when more than one answered. */
  readonly modules?: readonly ModuleReading[];
}

type KeysOf<T> = {
  [K in keyof PackReading]-?: PackReading[K] extends T | undefined ? K : never;
}[keyof PackReading];
export type NumberKey = KeysOf<number>;
export type TextKey = Exclude<KeysOf<string>, 'chemistry'>;
export type FlagKey = KeysOf<boolean>;

/** Later parts win field by field; alarms are merged name by name, the worse level wins. */
export function mergeReadings(...parts: readonly BankReading[]): BankReading {
  let merged: BankReading = {};
  for (const part of parts) {
    const alarms = merged.alarms === undefined ? part.alarms : worse(merged.alarms, part.alarms);
    merged = alarms === undefined ? { ...merged, ...part } : { ...merged, ...part, alarms };
  }
  return merged;
}

/** The named fields of `reading`, absent ones left out. */
export function pick(reading: PackReading, keys: readonly (keyof PackReading)[]): PackReading {
  return Object.fromEntries(
    keys.filter((key) => reading[key] !== undefined).map((key) => [key, reading[key]]),
  );
}

function worse(a: Alarms, b: Alarms | undefined): Alarms {
  return b === undefined ? a : mergeAlarms(a, b);
}
