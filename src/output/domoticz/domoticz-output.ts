import { type Clock, sleep } from '../../clock.ts';
import type { Log } from '../../log.ts';
import { Condition } from '../condition.ts';
import { type AskHttp, basicAuth } from '../http.ts';
import {
  type BridgedBattery,
  type BridgeOutput,
  isOnline,
  type OutputFigures,
  type Snapshot,
} from '../output.ts';
import { cellName, cellVoltages, problems, told, VALUES } from '../values.ts';

export interface DomoticzOptions {
  readonly url: string;
  readonly user?: string;
  readonly password?: string;
  /** s between two rounds. */
  readonly period: number;
  /** By "<id of the battery>.<value>". */
  readonly idx: Readonly<Record<string, number>>;
}

export interface DomoticzParts {
  readonly snapshot: Snapshot;
  readonly clock: Clock;
  readonly log: Log;
  readonly ask: AskHttp;
}

/** Domoticz is asked once in so long. */
const GAP_MS = 100;
/** Domoticz counts a sensor as lost after an hour, so an unchanged value is told well before. */
const REPEAT_MS = 600_000;
const CELL = /^cell_(\d\d)$/;

/** Sensors of Domoticz that its owner made, by their idx. What has not changed is not told, what did not arrive is not kept. */
export class DomoticzOutput implements BridgeOutput {
  readonly name = 'domoticz';
  readonly #options: DomoticzOptions;
  readonly #parts: DomoticzParts;
  readonly #condition: Condition;
  /** What each sensor was told last, and when. */
  readonly #told = new Map<number, { readonly value: string; readonly at: number }>();
  /** Sensors of which was said that they do not take what they are told. */
  readonly #refused = new Set<string>();
  #errors = 0;
  #dropped = 0;
  #lastSuccess: number | undefined;
  #isRunning = false;
  #isClosed = false;
  #cancel: () => void = () => {};

  constructor(options: DomoticzOptions, parts: DomoticzParts) {
    this.#options = options;
    this.#parts = parts;
    this.#condition = new Condition(parts.log);
  }

  get figures(): OutputFigures {
    return {
      errors: this.#errors,
      dropped: this.#dropped,
      ...(this.#lastSuccess !== undefined && { lastSuccess: this.#lastSuccess }),
      ...(this.#condition.fault !== undefined && { fault: this.#condition.fault }),
    };
  }

  start(): void {
    this.#cancel = this.#parts.clock.after(this.#options.period * 1000, () => this.start());
    this.#round();
  }

  hurry(battery: BridgedBattery): void {
    // An alarm is told at once; everything else can wait for its round.
    if (problems(battery.view).length > 0) this.#round();
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    this.#cancel();
  }

  #round(): void {
    if (this.#isRunning || this.#isClosed) return;
    this.#isRunning = true;
    void this.#tellAll().then(() => {
      this.#isRunning = false;
    });
  }

  async #tellAll(): Promise<void> {
    const { clock, snapshot } = this.#parts;
    for (const [place, idx] of Object.entries(this.#options.idx)) {
      const dot = place.lastIndexOf('.');
      const battery = snapshot.batteries.find(({ id }) => id === place.slice(0, dot));
      // What is not known now is not told: an old value would look new.
      const value =
        battery !== undefined && isOnline(battery) ? svalue(battery, place.slice(dot + 1)) : undefined;
      if (value === undefined) continue;
      const before = this.#told.get(idx);
      if (before?.value === value && clock.now() - before.at < REPEAT_MS) continue;
      const isReached = await this.#tell(place, idx, value);
      if (!isReached || this.#isClosed) return;
      await sleep(clock, GAP_MS);
    }
  }

  /** False when Domoticz could not be asked at all. */
  async #tell(place: string, idx: number, value: string): Promise<boolean> {
    const { ask, clock, log } = this.#parts;
    const { password, url: address, user } = this.#options;
    const url = new URL('json.htm', address.endsWith('/') ? address : `${address}/`);
    const query = { type: 'command', param: 'udevice', idx: String(idx), nvalue: '0', svalue: value };
    for (const [name, text] of Object.entries(query)) url.searchParams.set(name, text);
    const headers = user === undefined ? {} : basicAuth(user, password);
    try {
      const { body, status } = await ask({ method: 'GET', url, headers });
      if (status === 401 || status === 403) {
        this.#fail(
          `${address} does not let us in (${status}): user, password, or a trusted network is needed`,
        );
        return false;
      }
      if (status !== 200) {
        this.#fail(`${address} answers ${status}`);
        return false;
      }
      this.#condition.good(`values go to ${address}`);
      // An idx that it does not know is answered with 200 all the same.
      if (/"status"\s*:\s*"OK"/i.test(body)) {
        this.#lastSuccess = clock.wall() / 1000;
        this.#told.set(idx, { value, at: clock.now() });
      } else {
        this.#errors += 1;
        if (!this.#refused.has(place))
          log.warn(`Domoticz does not take idx ${idx} (${place}): is there such a sensor?`);
        this.#refused.add(place);
      }
      return true;
    } catch (error) {
      this.#fail(`${address} cannot be reached: ${error instanceof Error ? error.message : String(error)}`);
      return false;
    }
  }

  #fail(why: string): void {
    this.#errors += 1;
    this.#dropped += 1;
    this.#condition.bad(why);
  }
}

/** A value as Domoticz reads it; undefined when it is not known or there is no such value. */
export function svalue(battery: BridgedBattery, key: string): string | undefined {
  const { view } = battery;
  const cell = CELL.exec(key)?.[1];
  if (cell !== undefined) {
    const index = Number(cell) - 1;
    return cellName(index) === cell ? cellVoltages(view)[index]?.toFixed(3) : undefined;
  }
  if (key === 'energy_in' || key === 'energy_out') return counter(battery, key === 'energy_in' ? 1 : -1, key);
  const row = VALUES.find((candidate) => candidate.key === key);
  const value = row === undefined ? undefined : told(row, view);
  if (value === undefined || row === undefined) return undefined;
  if (typeof value === 'boolean') return value ? '1' : '0';
  return typeof value === 'number' ? value.toFixed(row.digits ?? 1) : value;
}

/** "W;Wh" of a counter: the power that flows that way, and what has flowed. */
function counter({ view }: BridgedBattery, sign: 1 | -1, key = 'energy_in'): string | undefined {
  const numbers = ['power', key].map((name) => {
    const row = VALUES.find((candidate) => candidate.key === name);
    const value = row === undefined ? undefined : told(row, view);
    return typeof value === 'number' ? value : undefined;
  });
  const [watts, kilowattHours] = numbers;
  if (watts === undefined || kilowattHours === undefined) return undefined;
  return `${Math.max(0, sign * watts).toFixed(0)};${(kilowattHours * 1000).toFixed(0)}`;
}
