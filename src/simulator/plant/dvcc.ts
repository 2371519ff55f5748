import type { ChargeOrders } from './charger.ts';

/** The period in which the system controller reads a battery's limits, and after which chargers have them, s. */
const PERIOD = 3;

/** The way of the limits to the chargers: read every 3 s, there after 3 s more, without any slew limit. */
export class Dvcc {
  /** What chargers act on now. */
  orders: ChargeOrders;
  #published: ChargeOrders;
  #underway: ChargeOrders;
  #sinceTick = 0;

  constructor(start: ChargeOrders) {
    this.orders = start;
    this.#published = start;
    this.#underway = start;
  }

  /** What the battery driver publishes. */
  publish(limits: ChargeOrders): void {
    this.#published = limits;
  }

  /** Chargers that are set by hand: no way in between. */
  force(limits: ChargeOrders): void {
    this.orders = limits;
    this.#published = limits;
    this.#underway = limits;
  }

  step(dt: number): void {
    this.#sinceTick += dt;
    if (this.#sinceTick < PERIOD - 1e-9) return;
    this.#sinceTick -= PERIOD;
    this.orders = this.#underway;
    this.#underway = this.#published;
  }
}
