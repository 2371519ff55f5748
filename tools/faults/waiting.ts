import type { ClientMethods } from '../bench/client-process.ts';
import { quantile, spreadOf } from '../bench/figure.ts';
import { Helper } from '../bench/helper.ts';
import type { IdleMethods } from '../bench/idle-process.ts';

const DAEMON = 'org.freedesktop.DBus';
const IDLE = 'com.victronenergy.battery.idle';
const CALL_EVERY_MS = 5;
const ROUND_MS = 1000;
/** Rounds in which the machine lets an idle service answer in time. */
const QUIET_ROUNDS = 5;
const MOST_ROUNDS = 20;
/** Half of what the driver may take: while even an idle service needs longer, the machine is measured and not the driver. */
const QUIET_MS = 5;

/** 99th percentiles of GetValue, ms: of the driver, and of an idle service of the same kind at the same time. */
export interface Waited {
  readonly p99Ms: number;
  readonly idleP99Ms: number;
  /** Rounds that count, and all. */
  readonly quiet: number;
  readonly rounds: number;
}

/**
 * Another client of the bus that is never to be kept waiting. In rounds of a second it asks the driver and, in turn, a process
 * of the same runtime that does nothing but answer; whatever else the machine does delays both. Only rounds in which the idle
 * one was quick count, and of these the median.
 */
export class Waiting {
  readonly #client: Helper<ClientMethods>;
  readonly #idle: Helper<IdleMethods>;

  static async open(address: string): Promise<Waiting> {
    const waiting = new Waiting();
    await waiting.#idle.ask('serve', address, IDLE);
    await waiting.#client.ask('connect', address);
    // The client learns to be quick before it counts.
    await waiting.#client.ask('roundTrips', DAEMON, '', 300, 2);
    return waiting;
  }

  private constructor() {
    this.#client = new Helper<ClientMethods>('./client-process.ts');
    this.#idle = new Helper<IdleMethods>('./idle-process.ts');
  }

  /** Asks `service` for `ms` at least; longer, where the machine was too busy, unless the fault is one of exactly this time. */
  async measure(service: string, ms: number, isExact: boolean): Promise<Waited> {
    const rounds: { readonly driver: number; readonly idle: number }[] = [];
    const least = Math.min(MOST_ROUNDS, Math.floor(ms / ROUND_MS));
    const quiet = () => rounds.filter(({ idle }) => idle <= QUIET_MS);
    const calls = ROUND_MS / CALL_EVERY_MS;
    while (
      rounds.length < least ||
      (!isExact && quiet().length < QUIET_ROUNDS && rounds.length < MOST_ROUNDS)
    ) {
      const [driver, idle] = await Promise.all([
        this.#client.ask('roundTrips', service, '/Soc', calls, CALL_EVERY_MS),
        this.#client.ask('roundTrips', IDLE, '/Soc', calls, CALL_EVERY_MS),
      ]);
      rounds.push({ driver: quantile(driver, 0.99), idle: quantile(idle, 0.99) });
    }
    const counted = quiet();
    return {
      p99Ms: spreadOf(counted.map(({ driver }) => driver)).median,
      idleP99Ms: spreadOf(counted.map(({ idle }) => idle)).median,
      quiet: counted.length,
      rounds: rounds.length,
    };
  }

  async close(): Promise<void> {
    await this.#client.stop();
    await this.#idle.stop();
  }
}
