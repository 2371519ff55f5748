import type { Alarms } from '../../model/alarms.ts';
import { CELL_LIMITS, type CellLimits, type Chemistry } from '../../model/chemistry.ts';
import type { ModuleReading, PackReading } from '../../model/reading.ts';
import { round } from '../../model/round.ts';
import { type Random, seeded } from '../random.ts';
import type { LineFaults, PackSpec } from '../trials/scenario.ts';
import { type CellSpec, CellString } from './cell.ts';
import { openCircuit } from './open-circuit.ts';
import { type Measured, Protections } from './protection.ts';

/** Resistance at once and of the 90 s and 1200 s pairs of a 280 Ah LFP cell, ohm; it falls with the capacity. */
const OHM = 0.00022;
const FAST = { ohm: 0.00025, seconds: 90 };
const SLOW = { ohm: 0.0002, seconds: 1200 };
const REFERENCE_AH = 280;
const RESISTANCE: Readonly<Record<Chemistry, number>> = { lfp: 1, nmc: 0.9, lto: 0.5, naion: 1.3 };

/** Heat capacity of a cell per Ah, J/K, and what a pack of 16 cells of 280 Ah gives to its surroundings, W/K. */
const HEAT_PER_AH = 19;
const COOLING = 4;
const COOLING_CELL_AH = 16 * REFERENCE_AH;
/** The board: W/K, J/K and ohm of the FETs. */
const BOARD = { cooling: 1.5, heat: 400, ohm: 0.0004 };

const HOURS_PER_MONTH = 730;
const MAX_CURRENT = 200;

/** One battery with its BMS: the truth inside, and a reading of it with the errors of its sensors. */
export class Pack {
  readonly spec: PackSpec;
  readonly limits: CellLimits;
  readonly string: CellString;
  readonly protections: Protections;
  /** A that flow, > 0 charges. */
  current = 0;
  /** An open FET keeps it from taking part in what flows. */
  isolated = false;
  /** degC inside. */
  temperature: number;
  mosfetTemperature: number;
  chargeSwitch = true;
  dischargeSwitch = true;
  balancerSwitch = true;
  /** Levels to report instead of what the protections see. */
  statedAlarms: Alarms | undefined;
  /** How its answers misbehave where they do otherwise than those of all packs. */
  line: LineFaults | undefined;
  readonly maxCurrent: number;
  readonly #random: Random;
  readonly #startVoltage: number;
  readonly #measured: Measured;
  readonly #cooling: number;
  readonly #heatCapacity: number;
  /** Ah that the BMS believes in. */
  #counter: number;
  #dischargedAh = 0;
  #bleeding = false;

  constructor(spec: PackSpec, chemistry: Chemistry, ambient: number, seed: number) {
    this.spec = spec;
    this.line = spec.line;
    this.limits = CELL_LIMITS[chemistry];
    this.#random = seeded(seed);
    this.string = new CellString({
      cells: Array.from({ length: spec.cells }, (_, index) => cellOf(spec, index, chemistry, this.#random)),
      curve: openCircuit(chemistry),
      hysteresis: spec.hysteresis,
    });
    this.maxCurrent = spec.maxCurrent ?? Math.min(MAX_CURRENT, spec.capacity);
    this.protections = new Protections(chemistry, this.maxCurrent);
    this.temperature = spec.temperature ?? ambient;
    this.mosfetTemperature = this.temperature;
    this.#startVoltage = spec.balancer?.startVoltage ?? this.limits.chargeKnee;
    const cellAh = spec.cells * spec.capacity;
    this.#heatCapacity = HEAT_PER_AH * cellAh;
    this.#cooling = COOLING * (cellAh / COOLING_CELL_AH) ** (2 / 3);
    this.#measured = {
      highestCell: 0,
      lowestCell: 0,
      warmest: this.temperature,
      coldest: this.temperature,
      current: 0,
    };
    this.#counter = this.#counted(this.trueSoc() + spec.socError);
    this.#look();
  }

  /** Voltage without current at the end of the cables, V, and the resistance from there, ohm. */
  get emf(): number {
    return this.string.emf;
  }
  get ohm(): number {
    return this.string.ohm + this.spec.wiring;
  }
  get chargeEnabled(): boolean {
    return this.chargeSwitch && this.protections.allows('charge');
  }
  get dischargeEnabled(): boolean {
    return this.dischargeSwitch && this.protections.allows('discharge');
  }
  /** True voltage of the highest and lowest cell, V. */
  get highestCell(): number {
    return this.#measured.highestCell;
  }
  get lowestCell(): number {
    return this.#measured.lowestCell;
  }

  /** What can really be taken out and put in decides: mean of all cells, %. */
  trueSoc(): number {
    let sum = 0;
    for (let cell = 0; cell < this.string.count; cell++) sum += this.string.soc(cell);
    return sum / this.string.count;
  }

  /** Brings the cells to `soc` % on average, keeping their differences. */
  setSoc(soc: number): void {
    const shift = soc - this.trueSoc();
    for (let cell = 0; cell < this.string.count; cell++) {
      this.string.setSoc(cell, this.string.soc(cell) + shift);
    }
    this.string.step(0, this.current, this.temperature);
    this.#counter = this.#counted(soc);
  }

  /** Makes the BMS believe in `soc` %. */
  setShownSoc(soc: number): void {
    this.#counter = this.#counted(soc);
  }

  /** Moves one cell (1 = first) by `points` of %. */
  shiftCell(cell: number, points: number): void {
    this.string.setSoc(cell - 1, this.string.soc(cell - 1) + points);
  }

  step(dt: number, current: number, ambient: number): void {
    this.current = current;
    this.#balance();
    this.string.step(dt, current, this.temperature);
    this.#count(dt, current);
    this.#warm(dt, current, ambient);
    this.#look();
    this.protections.step(dt, this.#measured);
  }

  #look(): void {
    const { voltage, count } = this.string;
    let highest = Number.NEGATIVE_INFINITY;
    let lowest = Number.POSITIVE_INFINITY;
    for (let cell = 0; cell < count; cell++) {
      const volts = voltage[cell] ?? 0;
      if (volts > highest) highest = volts;
      if (volts < lowest) lowest = volts;
    }
    this.#measured.highestCell = highest;
    this.#measured.lowestCell = lowest;
    this.#measured.current = this.current;
    this.#measured.warmest = this.temperature;
    this.#measured.coldest = this.temperature;
  }

  #balance(): void {
    const { balancer, capacity } = this.spec;
    const { voltage, bleed, count } = this.string;
    const active = balancer !== null && this.balancerSwitch && this.current > -0.02 * capacity;
    const above = active
      ? Math.max(this.#startVoltage, this.lowestCell + balancer.difference)
      : Number.POSITIVE_INFINITY;
    this.#bleeding = false;
    for (let cell = 0; cell < count; cell++) {
      const bleeds = (voltage[cell] ?? 0) > above;
      bleed[cell] = bleeds ? (balancer?.current ?? 0) : 0;
      if (bleeds) this.#bleeding = true;
    }
  }

  #count(dt: number, current: number): void {
    const { capacity, counterGain, currentOffset, fullCellVoltage } = this.spec;
    const seen = current * counterGain + currentOffset;
    const next = this.#counter + (seen * dt) / 3600;
    const full = fullCellVoltage !== undefined && this.highestCell >= fullCellVoltage;
    this.#counter = full ? capacity : Math.min(capacity, Math.max(0, next));
    if (current < 0) this.#dischargedAh -= (current * dt) / 3600;
  }

  #counted(soc: number): number {
    return (Math.min(100, Math.max(0, soc)) / 100) * this.spec.capacity;
  }

  #warm(dt: number, current: number, ambient: number): void {
    this.temperature = settle(
      this.temperature,
      ambient + this.string.heat / this.#cooling,
      (dt * this.#cooling) / this.#heatCapacity,
    );
    this.mosfetTemperature = settle(
      this.mosfetTemperature,
      this.temperature + 1 + (current * current * BOARD.ohm) / BOARD.cooling,
      (dt * BOARD.cooling) / BOARD.heat,
    );
  }

  /** What the BMS tells, sensors and rounding included. */
  reading(): ModuleReading {
    const { spec, string } = this;
    const cellVoltages = Array.from(string.voltage, (volts) =>
      round(Math.max(0, volts + spec.noise * this.#random.gauss()), 3),
    );
    const voltage = round(
      string.voltage.reduce((sum, volts) => sum + volts, 0),
      2,
    );
    const current = round(this.current + spec.currentOffset, 2);
    return {
      address: spec.address,
      voltage,
      current,
      power: round(voltage * current, 1),
      soc: round((100 * this.#counter) / spec.capacity, 1),
      soh: 100,
      capacityRemaining: round(this.#counter, 2),
      capacityFull: spec.capacity,
      capacityDesign: spec.capacity,
      cycles: spec.cycles + Math.floor(this.#dischargedAh / spec.capacity),
      cellCount: spec.cells,
      cellVoltages,
      cellBalancing: Array.from(string.bleed, (amps) => amps > 0),
      balancing: this.#bleeding,
      temperatures: Array.from({ length: spec.sensors }, (_, index) =>
        round(this.temperature + 0.4 * index, 1),
      ),
      mosfetTemperature: round(this.mosfetTemperature, 1),
      chargeEnabled: this.chargeEnabled,
      dischargeEnabled: this.dischargeEnabled,
      maxChargeCurrent: this.maxCurrent,
      maxDischargeCurrent: this.maxCurrent,
      maxChargeVoltage: round(spec.cells * this.limits.topBalance, 2),
      minDischargeVoltage: round(spec.cells * this.limits.softMin, 2),
      alarms: this.#alarms(),
      ...this.#identity(),
    };
  }

  #alarms(): Alarms {
    const { limits, spec } = this;
    const spread = this.highestCell - this.lowestCell;
    const mean = this.string.emf / this.string.count;
    const seen: Alarms = {
      ...this.protections.alarms(),
      highVoltage: mean > limits.hardMax ? 2 : mean > limits.ceiling ? 1 : 0,
      lowVoltage: mean < limits.hardMin ? 2 : mean < limits.softMin ? 1 : 0,
      lowSoc: this.#counter < 0.1 * spec.capacity ? 1 : 0,
      cellImbalance: spread > 0.3 ? 1 : 0,
      internalFailure: 0,
      highInternalTemperature: this.mosfetTemperature > 95 ? 2 : this.mosfetTemperature > 85 ? 1 : 0,
      shortCircuit: 0,
      contactor: 0,
    };
    return { ...seen, ...this.statedAlarms };
  }

  #identity(): Pick<
    PackReading,
    'model' | 'hardwareVersion' | 'firmwareVersion' | 'serialNumber' | 'productionDate'
  > {
    const { spec } = this;
    return {
      model: `SIM-${spec.cells}S${Math.round(spec.capacity)}`,
      hardwareVersion: '1.0',
      firmwareVersion: '2.3',
      serialNumber: spec.serialNumber ?? `SIM${String(spec.address).padStart(6, '0')}`,
      productionDate: '2024-06-01',
    };
  }
}

/** Moves to `goal` by `steps` time constants; exact for any step. */
function settle(value: number, goal: number, steps: number): number {
  return goal + (value - goal) * Math.exp(-steps);
}

function cellOf(spec: PackSpec, index: number, chemistry: Chemistry, random: Random): CellSpec {
  const key = String(index + 1);
  const capacity =
    spec.capacity * (1 + (spec.capacitySpread / 100) * random.gauss()) * (spec.cellCapacities[key] ?? 1);
  const factor =
    (RESISTANCE[chemistry] *
      spec.resistance *
      REFERENCE_AH *
      (1 + (spec.resistanceSpread / 100) * random.gauss())) /
    capacity;
  return {
    capacity,
    soc: spec.soc + spec.spread * random.gauss() + (spec.cellOffsets[key] ?? 0),
    ohm: OHM * factor,
    pairs: [
      { ohm: FAST.ohm * factor, seconds: FAST.seconds },
      { ohm: spec.slowPolarisation ? SLOW.ohm * factor : 0, seconds: SLOW.seconds },
    ],
    leak: (capacity * spec.selfDischarge) / 100 / HOURS_PER_MONTH,
  };
}
