import { CELL_LIMITS } from '../../model/chemistry.ts';
import type { BankReading, PackReading } from '../../model/reading.ts';
import { round } from '../../model/round.ts';
import type { LineFaults, Scenario, StepSpec } from '../trials/scenario.ts';
import { type Bus, type ChargeOrders, Source } from './charger.ts';
import { Dvcc } from './dvcc.ts';
import { Pack } from './pack.ts';
import { present } from './pattern.ts';

/** The longest piece of time that is computed at once, s. */
const LONGEST = 1;
const UNLIMITED = 1e5;

/** What a script prescribes instead of what sources and loads want. */
interface Forced {
  current: number | null;
  power: number | null;
  load: number | null;
}

/** A battery that does not exist, with what charges and loads it. The same scenario always gives the same course. */
export class Plant {
  readonly scenario: Scenario;
  readonly packs: readonly Pack[];
  readonly sources: readonly Source[];
  readonly dvcc: Dvcc;
  /** Seconds since the start. */
  time = 0;
  /** How the line misbehaves now. */
  line: LineFaults;
  ambient: number;
  readonly #bus: Bus;
  readonly #forced: Forced = { current: null, power: null, load: null };
  #next = 0;
  #round = 0;

  constructor(scenario: Scenario) {
    this.scenario = scenario;
    this.ambient = scenario.ambient;
    this.line = scenario.line;
    this.packs = scenario.packs.map(
      (spec, index) => new Pack(spec, scenario.chemistry, scenario.ambient, scenario.seed + 1000 * index),
    );
    this.sources = scenario.sources.map(
      (spec, index) => new Source(spec, scenario.hour, scenario.seed + index + 1),
    );
    const cells = scenario.packs[0]?.cells ?? 0;
    this.dvcc = new Dvcc({
      cvl: scenario.chargeVoltage ?? cells * CELL_LIMITS[scenario.chemistry].absorb,
      ccl: scenario.chargeCurrent ?? UNLIMITED,
      dcl: UNLIMITED,
    });
    this.#bus = { emf: 0, ohm: 1, voltage: 0, load: 0, supply: 0 };
    this.#script();
    this.#feel();
    this.#bus.voltage = this.#bus.emf;
  }

  /** A into all packs together. */
  get current(): number {
    let sum = 0;
    for (const pack of this.packs) sum += pack.current;
    return sum;
  }

  /** When the script acts next, s since the start; absent when it is over. */
  get nextStep(): number | undefined {
    const { steps, repeatEvery } = this.scenario;
    const [first] = steps;
    const step = steps[this.#next];
    if (step !== undefined) return this.#round + step.at;
    return repeatEvery === undefined || first === undefined
      ? undefined
      : this.#round + repeatEvery + first.at;
  }

  advanceTo(time: number): void {
    this.step(time - this.time);
  }

  /** Lets `seconds` pass. */
  step(seconds: number): void {
    const end = this.time + seconds;
    while (end - this.time > 1e-9) {
      const until = Math.min(end, this.nextStep ?? end);
      const dt = Math.min(LONGEST, Math.max(1e-6, until - this.time));
      this.#advance(dt);
      this.time = until - this.time - dt < 1e-9 ? until : this.time + dt;
      this.#script();
    }
  }

  /** What the battery driver publishes; it reaches the chargers as it would through DVCC. */
  publish(limits: ChargeOrders): void {
    this.dvcc.publish(limits);
  }

  /** Makes `current` A flow whatever sources and loads want; null gives the battery back to them. */
  prescribe(current: number | null): void {
    this.#force({ current, power: undefined, load: undefined });
  }

  /** A that all sources could bring now beyond what the loads take; negative when the battery has to help. */
  surplus(): number {
    const volts = this.#bus.voltage;
    const supply = this.sources.reduce((sum, source) => sum + source.able(this.time, volts), 0);
    return supply - this.#load(this.dvcc.orders) / Math.max(1, volts);
  }

  /** What a write to the BMS changed. */
  apply(changes: Pick<PackReading, 'chargeEnabled' | 'dischargeEnabled' | 'balancing'>): void {
    for (const pack of this.packs) {
      pack.chargeSwitch = changes.chargeEnabled ?? pack.chargeSwitch;
      pack.dischargeSwitch = changes.dischargeEnabled ?? pack.dischargeSwitch;
      pack.balancerSwitch = changes.balancing ?? pack.balancerSwitch;
    }
  }

  /** Everything that the BMS knows, as its sensors see it; the packs stand in `modules` when there are several. */
  truth(): BankReading {
    const modules = this.packs.map((pack) => pack.reading());
    const [first] = modules;
    if (first === undefined || modules.length === 1) {
      const { address: _, ...alone } = first ?? { address: 0 };
      return alone;
    }
    const { address: _, cellVoltages: __, cellBalancing: ___, ...shared } = first;
    const sum = (value: (module: PackReading) => number | undefined): number =>
      modules.reduce((total, module) => total + (value(module) ?? 0), 0);
    const capacity = sum((module) => module.capacityFull);
    const remaining = sum((module) => module.capacityRemaining);
    const voltage = round(sum((module) => module.voltage) / modules.length, 2);
    const current = round(
      sum((module) => module.current),
      2,
    );
    return {
      ...shared,
      voltage,
      current,
      power: round(voltage * current, 1),
      soc: round((100 * remaining) / capacity, 1),
      capacityRemaining: round(remaining, 2),
      capacityFull: capacity,
      capacityDesign: capacity,
      maxChargeCurrent: sum((module) => module.maxChargeCurrent),
      maxDischargeCurrent: sum((module) => module.maxDischargeCurrent),
      chargeEnabled: modules.some((module) => module.chargeEnabled === true),
      dischargeEnabled: modules.some((module) => module.dischargeEnabled === true),
      balancing: modules.some((module) => module.balancing === true),
      modules,
    };
  }

  #advance(dt: number): void {
    this.#feel();
    this.dvcc.step(dt);
    const bus = this.#bus;
    const orders = this.dvcc.orders;
    bus.load = this.#load(orders) / Math.max(1, bus.voltage);
    bus.supply = 0;
    for (const source of this.sources) bus.supply += source.current;
    for (const source of this.sources) {
      const before = source.current;
      source.step(dt, this.time, bus, orders);
      bus.supply += source.current - before;
    }
    const wanted = this.#prescribed() ?? bus.supply - bus.load;
    const flows = this.#share(wanted);
    this.#settle(flows, wanted);
    for (const pack of this.packs) pack.step(dt, pack.current, this.ambient);
    bus.voltage = bus.emf + flows * bus.ohm;
  }

  /** Sources cannot push against an open FET, nor draw from one. */
  #settle(flows: number, wanted: number): void {
    if (Math.abs(flows - wanted) < 1e-9 || this.#prescribed() !== null) return;
    const supply = this.#bus.supply;
    const left = Math.max(0, flows + this.#bus.load);
    for (const source of this.sources) {
      if (flows > wanted) source.current = Math.max(0, source.current);
      else if (source.current > 0 && supply > 0) source.current *= Math.min(1, left / supply);
    }
  }

  #prescribed(): number | null {
    const { current, power } = this.#forced;
    return power === null ? current : power / Math.max(1, this.#bus.voltage);
  }

  #load(orders: ChargeOrders): number {
    if (orders.dcl < 0.1) return 0;
    if (this.#forced.load !== null) return this.#forced.load;
    let watts = 0;
    const { loads, hour, seed } = this.scenario;
    for (let index = 0; index < loads.length; index++) {
      const load = loads[index];
      if (load !== undefined)
        watts += load.power * present(load.pattern, this.time, hour, seed + 100 + index);
    }
    return watts;
  }

  /** What all packs are together, seen from the bus. */
  #feel(): void {
    let conductance = 0;
    let short = 0;
    for (const pack of this.packs) {
      conductance += 1 / pack.ohm;
      short += pack.emf / pack.ohm;
    }
    this.#bus.ohm = 1 / conductance;
    this.#bus.emf = short / conductance;
  }

  /** Divides `wanted` A among the packs by their resistances; those whose FET is open take no part. Returns what flows. */
  #share(wanted: number): number {
    for (const pack of this.packs) pack.isolated = false;
    // Each round isolates at least one pack, so as many rounds as packs are enough.
    for (const _ of this.packs) {
      let conductance = 0;
      let short = 0;
      for (const pack of this.packs) {
        if (pack.isolated) continue;
        conductance += 1 / pack.ohm;
        short += pack.emf / pack.ohm;
      }
      if (conductance === 0) break;
      if (this.#spread((wanted + short) / conductance)) return wanted;
    }
    return 0;
  }

  /** Gives every pack its current at a bus of `volts`; false when a FET stops one of them, which is then isolated. */
  #spread(volts: number): boolean {
    let possible = true;
    for (const pack of this.packs) {
      const flow = pack.isolated ? 0 : (volts - pack.emf) / pack.ohm;
      const blocked = (flow > 0 && !pack.chargeEnabled) || (flow < 0 && !pack.dischargeEnabled);
      pack.current = blocked ? 0 : flow;
      pack.isolated ||= blocked;
      if (blocked) possible = false;
    }
    return possible;
  }

  /** Does what the script says is due. */
  #script(): void {
    for (let at = this.nextStep; at !== undefined && at <= this.time + 1e-9; at = this.nextStep) {
      if (this.#next >= this.scenario.steps.length) {
        this.#next = 0;
        this.#round += this.scenario.repeatEvery ?? 0;
      }
      const step = this.scenario.steps[this.#next++];
      if (step !== undefined) this.#do(step);
    }
  }

  #do(step: StepSpec): void {
    this.#force(step);
    for (const pack of this.packs) changePack(pack, step);
    this.ambient = step.ambient ?? this.ambient;
    this.line = step.line ?? this.line;
    const { cvl, ccl, dcl } = this.dvcc.orders;
    if (step.chargeVoltage !== undefined || step.chargeCurrent !== undefined)
      this.dvcc.force({ cvl: step.chargeVoltage ?? cvl, ccl: step.chargeCurrent ?? ccl, dcl });
  }

  /** A current takes the place of a power and the other way round. */
  #force({ current, power, load }: Pick<StepSpec, 'current' | 'power' | 'load'>): void {
    if (current !== undefined) Object.assign(this.#forced, { current, power: null });
    if (power !== undefined) Object.assign(this.#forced, { power, current: null });
    if (load !== undefined) this.#forced.load = load;
  }
}

function changePack(pack: Pack, step: StepSpec): void {
  if (step.soc !== undefined) pack.setSoc(step.soc);
  if (step.shownSoc !== undefined) pack.setShownSoc(step.shownSoc);
  for (const [cell, points] of Object.entries(step.cellOffsets ?? {})) pack.shiftCell(Number(cell), points);
  pack.temperature = step.temperature ?? pack.temperature;
  pack.chargeSwitch = step.chargeFet ?? pack.chargeSwitch;
  pack.dischargeSwitch = step.dischargeFet ?? pack.dischargeSwitch;
  if (step.alarms !== undefined) pack.statedAlarms = step.alarms ?? undefined;
}
