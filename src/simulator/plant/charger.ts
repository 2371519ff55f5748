import type { SourceSpec } from '../trials/scenario.ts';
import { present } from './pattern.ts';

/** The bus that all sources stand on, as they feel it. */
export interface Bus {
  /** Voltage that the batteries would have without current, V, and the resistance behind it, ohm. */
  emf: number;
  ohm: number;
  /** V at the last step. */
  voltage: number;
  /** A that loads take. */
  load: number;
  /** A of all sources together at the last step. */
  supply: number;
}

/** What chargers were told. V, A. */
export interface ChargeOrders {
  readonly cvl: number;
  readonly ccl: number;
  readonly dcl: number;
}

/** How fast a charger moves to the current that it wants, per s. */
const RATE = 0.4;
/** Inverters take less than this for zero, A. */
const NO_DISCHARGE = 0.1;

/**
 * A charger, a solar charger or an ESS inverter: holds its own terminal at the charge voltage limit plus its error,
 * within its power, the current limit (whole amps, rounded up) and what it may draw from the battery.
 */
export class Source {
  readonly spec: SourceSpec;
  /** A onto the bus, < 0 draws from the battery. */
  current = 0;
  readonly #hour: number;
  readonly #seed: number;

  constructor(spec: SourceSpec, hour: number, seed: number) {
    this.spec = spec;
    this.#hour = hour;
    this.#seed = seed;
  }

  /** A that its power allows at `time` s and a bus of `volts`. */
  able(time: number, volts: number): number {
    return (this.spec.power * present(this.spec.pattern, time, this.#hour, this.#seed)) / Math.max(1, volts);
  }

  step(dt: number, time: number, bus: Bus, orders: ChargeOrders): void {
    const { spec } = this;
    const others = bus.supply - this.current;
    const wanted = (orders.cvl + spec.offset - bus.emf) / bus.ohm + bus.load - others;
    const able = this.able(time, bus.voltage);
    const allowed = Math.max(0, Math.ceil(orders.ccl - 1e-6) + bus.load - Math.max(0, others));
    const most = spec.obeysCurrentLimit ? Math.min(able, allowed) : able;
    const least = orders.dcl < NO_DISCHARGE ? 0 : -spec.pullsDown;
    const goal = Math.max(least, Math.min(most, wanted));
    this.current += (goal - this.current) * (1 - Math.exp(-RATE * dt));
  }
}
