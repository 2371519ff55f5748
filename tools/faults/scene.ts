import { systemClock } from '../../src/clock.ts';
import { connectBus } from '../../src/dbus/client.ts';
import { BusReader } from '../../src/dbus/item-reader.ts';
import { parsePort, serviceSuffix } from '../../src/transport/port-url.ts';
import { batteryServiceName } from '../../src/venus/names.ts';
import { BankLine } from '../../test/support/bank-line.ts';
import { eventually } from '../../test/support/bus.ts';
import { House } from '../../test/support/house.ts';
import type { Program } from '../../test/support/program.ts';
import { MeddledPort } from './meddler.ts';
import type { Row } from './row.ts';
import { Waiting } from './waiting.ts';
import { Watch } from './watch.ts';

/** Nothing moves but what a fault moves; the BMS allows little, so that limits are below their most and could be raised. */
const PACK = { address: 1, soc: 60, noise: 0, selfDischarge: 0, balancer: null, maxCurrent: 45 };
export const BATTERY = { packs: [PACK] };
/** Until every limit of this battery has risen as far as it does, in virtual time. */
const RISING_MS = 600_000;
const POLL_MS = 1000;
const PATIENCE_MS = 60_000;
/** Limits that did not move for so long have settled. */
const SETTLED_MS = 3000;

/** How thorough the run is. */
export interface Effort {
  /** Faults of a line, ms each. */
  readonly faultMs: number;
  /** Silences, ms. */
  readonly silencesMs: readonly number[];
  /** Which kinds of meddling; default all. */
  readonly meddlings?: readonly string[];
  /** Whether every fault waits until limits have settled, and another client is there to be kept waiting; default yes. */
  readonly isThorough?: boolean;
  /** When after the start TERM and KILL come, ms. */
  readonly endAfterMs: readonly number[];
}

export type Line = 'serial' | 'network';

/** One fault that lasts. */
export interface Fault {
  readonly name: string;
  readonly ms: number;
  /** It must not last any longer. */
  readonly isExact?: boolean;
  /** The battery stays readable: nothing may be reduced, and values are fresh to the end. */
  readonly isBearable?: boolean;
  /** Limits must be reduced by then, s. */
  readonly reducedWithinS?: number;
  begin(): void;
  end(): void;
  /** How often it struck. */
  struck(): number;
  /** What else becomes true with its end. */
  change?(watch: Watch): void;
}

export const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** What the limits of the undisturbed battery come to, by path. */
async function ceilings(): Promise<Record<string, number>> {
  const line = await BankLine.open('jbd', { packs: [PACK] });
  await line.run(RISING_MS);
  const { ccl = 0, cvl = 0, dcl = 0 } = line.state?.control ?? {};
  return { '/Info/MaxChargeVoltage': cvl, '/Info/MaxChargeCurrent': ccl, '/Info/MaxDischargeCurrent': dcl };
}

/** A house with somebody on its line, and another client of the bus. */
export class Scene {
  readonly house: House;
  readonly port: MeddledPort;
  readonly #line: Line;
  readonly #reader: BusReader;
  readonly #waiting: Waiting | undefined;
  readonly #most: Readonly<Record<string, number>>;
  readonly #close: () => Promise<void>;

  static async open(line: Line, isThorough: boolean): Promise<Scene> {
    const house = await House.open('jbd', BATTERY);
    await house.serving.close();
    const port =
      line === 'serial'
        ? await MeddledPort.serial(house.device, house.file('ttyUSB1'))
        : await MeddledPort.network(house.device);
    house.serving = port;
    const bus = await connectBus({ address: house.bus.address });
    const reader = await BusReader.open(bus, batteryServiceName(serviceSuffix(parsePort(port.path))));
    const waiting = isThorough ? await Waiting.open(house.bus.address) : undefined;
    const close = async (): Promise<void> => {
      await waiting?.close();
      bus.disconnect();
      await house.close();
    };
    return new Scene({ line, house, port, reader, waiting, most: await ceilings(), close });
  }

  private constructor(parts: {
    line: Line;
    house: House;
    port: MeddledPort;
    reader: BusReader;
    waiting: Waiting | undefined;
    most: Readonly<Record<string, number>>;
    close: () => Promise<void>;
  }) {
    this.#line = parts.line;
    this.house = parts.house;
    this.port = parts.port;
    this.#reader = parts.reader;
    this.#waiting = parts.waiting;
    this.#most = parts.most;
    this.#close = parts.close;
  }

  close(): Promise<void> {
    return this.#close();
  }

  /** Starts the program and waits for its first values. */
  async start(): Promise<void> {
    this.house.run('--bms', 'jbd');
    await eventually(() => this.isFresh, PATIENCE_MS);
  }

  get #program(): Program | undefined {
    return this.house.programs.at(-1);
  }

  /** Resolves when the limits stand still. */
  async #settled(): Promise<void> {
    const limits = (): string =>
      `${this.#reader.number('/Info/MaxChargeCurrent')} ${this.#reader.number('/Info/MaxDischargeCurrent')}`;
    let seen = limits();
    let since = systemClock.now();
    await eventually(() => {
      const now = limits();
      if (now !== seen) since = systemClock.now();
      seen = now;
      return this.isFresh && systemClock.now() - since > SETTLED_MS;
    }, PATIENCE_MS);
  }

  get isFresh(): boolean {
    return (
      this.#reader.text('/ConnectionInformation') === 'answering' &&
      this.#reader.number('/Dc/0/Voltage') !== undefined
    );
  }

  /** Lets a fault last and looks at everything meanwhile. */
  async endure(fault: Fault): Promise<Row> {
    const { isBearable = false, isExact = false, ms, reducedWithinS = Number.POSITIVE_INFINITY } = fault;
    // Watching others wait and waiting for the limits are what takes time.
    if (this.#waiting !== undefined) await this.#settled();
    const watch = new Watch(this.#reader, this.#most);
    const program = this.#program;
    const began = systemClock.now();
    const sinceS = (from: number): number => (systemClock.now() - from) / 1000;
    let reducedS: number | undefined;
    const eye = setInterval(() => {
      if (watch.isReduced) reducedS ??= sinceS(began);
    }, 50);
    fault.begin();
    const [waited] = await Promise.all([
      this.#waiting?.measure(this.#reader.service, ms, isExact),
      pause(ms),
    ]);
    const isBorne = this.isFresh && reducedS === undefined;
    fault.change?.(watch);
    fault.end();
    const ended = systemClock.now();
    await eventually(() => this.isFresh || program?.isRunning === false, PATIENCE_MS);
    const recoveryS = sinceS(ended);
    await pause(this.#waiting === undefined ? POLL_MS : 2 * POLL_MS);
    clearInterval(eye);
    watch.end();
    const missed = [
      ...new Set([...watch.wrong, ...watch.raised].slice(0, 3)),
      ...((reducedS ?? ms / 1000) > reducedWithinS ? [`limits reduced after ${reducedS} s`] : []),
      ...(isBearable && !isBorne ? ['the battery was not read any more'] : []),
      ...(waited?.quiet === 0 ? [`the machine was busy in all ${waited.rounds} rounds of GetValue`] : []),
    ];
    return {
      fault: `${fault.name} (${this.#line})`,
      injected: fault.struck(),
      wrong: new Set(watch.wrong).size,
      raised: new Set(watch.raised).size,
      ...(reducedS !== undefined && { reducedS }),
      recoveryS,
      restarts: program?.isRunning === false ? 1 : 0,
      ...(waited !== undefined &&
        waited.quiet > 0 && {
          p99Ms: waited.p99Ms,
          idleP99Ms: waited.idleP99Ms,
          note: `${waited.quiet} of ${waited.rounds} rounds quiet`,
        }),
      missed,
    };
  }
}
