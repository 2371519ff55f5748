/**
 * The one place where golden recordings know how the program is built. A new structure of the program changes this file and
 * nothing else of the recordings; what it must keep to are the interfaces below.
 */
import { PortService } from '../../src/app/port-service.ts';
import { lineText } from '../../src/bms/detect/hit.ts';
import { BMSES } from '../../src/bms/index.ts';
import type { Clock } from '../../src/clock.ts';
import { chooseDrivers } from '../../src/commands/choose.ts';
import { BmsError, PortBusyError, PortLostError, PortMissingError } from '../../src/errors.ts';
import type { Log, LogSource } from '../../src/log.ts';
import { loadSettings } from '../../src/settings/load.ts';
import { distort } from '../../src/simulator/line/line-faults.ts';
import { Plant } from '../../src/simulator/plant/plant.ts';
import { seeded } from '../../src/simulator/random.ts';
import { parseScenario } from '../../src/simulator/trials/scenario.ts';
import type { LineSettings } from '../../src/transport/exchange.ts';
import { HalfDuplex } from '../../src/transport/half-duplex.ts';
import { parsePort } from '../../src/transport/port-url.ts';
import type { Intake, Wire } from '../../src/transport/wire.ts';
import { FIRST_TYPES } from '../support/first-types.ts';
import type { Answer } from './conversation.ts';
import type { GoldenLine, NearEnd } from './line.ts';

/**
 * The BMS types that recordings are made of, and among which a recorded search looks: those there were at the time. A type that is
 * added later has contract tests of its own, and must not change what was recorded.
 */
const isRecorded = ({ id }: { readonly id: string }): boolean => FIRST_TYPES.includes(id);

/** One start of the program. The bus is the one that DBUS_SESSION_BUS_ADDRESS names. */
export interface Life {
  /** "ttyUSB0" or "tcp://host:port". */
  readonly port: string;
  readonly settingsFile: string;
  readonly stateFolder: string;
  readonly clock: Clock;
  readonly line: GoldenLine;
  readonly signal: AbortSignal;
  /** A line of the log, debug lines included. */
  readonly say: (level: string, scope: string, text: string) => void;
}

/** Runs the service of a port to its end; resolves with "stopped", or with the error that ended it. */
export async function live(life: Life): Promise<string> {
  const port = parsePort(life.port);
  const settings = (await loadSettings(life.settingsFile)).forPort(life.port);
  const service = new PortService({
    port,
    drivers: chooseDrivers(settings.settings.bms).filter(isRecorded),
    settings,
    stateFolder: life.stateFolder,
    clock: life.clock,
    log: logInto(life.say),
    signal: life.signal,
    openLink: async ({ line, ...options }) =>
      new HalfDuplex(openWire(life.line, life.port, line), { line, ...options }),
  });
  try {
    await service.run();
    return 'stopped';
  } catch (error) {
    if (error instanceof BmsError) return `${error.code}: ${error.message}`;
    throw error;
  }
}

function logInto(say: Life['say']): LogSource {
  const scoped = (scope: string): Log => ({
    error: (text) => say('error', scope, text),
    warn: (text) => say('warn', scope, text),
    info: (text) => say('info', scope, text),
    debug: (text) => say('debug', scope, text),
    debugging: true,
  });
  return { scope: scoped, setLevel: () => {} };
}

function openWire(line: GoldenLine, port: string, settings: LineSettings): Wire {
  const end = line.open(lineText(settings));
  if (end === 'busy') throw new PortBusyError(`${port} is in use`);
  if (end === 'missing') throw new PortMissingError(`there is no ${port}`);
  return new GoldenWire(port, end, parsePort(port).kind === 'serial');
}

class GoldenWire implements Wire {
  readonly name: string;
  onBytes: (bytes: Uint8Array) => void = () => {};
  onLost: (error: BmsError) => void = () => {};
  /** Serial ports gather bytes in the system, network bridges do not. */
  readonly intake?: Intake;
  readonly #end: NearEnd;

  constructor(name: string, end: NearEnd, isSerial: boolean) {
    this.name = name;
    if (isSerial) this.intake = { hold: () => end.hold(), resume: () => end.resume() };
    this.#end = end;
    end.onBytes = (bytes) => this.onBytes(bytes);
    end.onLost = () => this.onLost(this.#lost());
  }

  async write(bytes: Uint8Array): Promise<void> {
    if (this.#end.isLost) throw this.#lost();
    this.#end.write(bytes);
  }

  async configure(line: LineSettings): Promise<void> {
    this.#end.set(lineText(line));
  }

  async flush(): Promise<void> {
    this.#end.flush();
  }

  async close(): Promise<void> {
    this.#end.close();
  }

  #lost(): PortLostError {
    return new PortLostError(`${this.name} was unplugged`);
  }
}

/** Ids of the recorded drivers, and what recordings are made of them. */
export function drivers(): readonly {
  readonly id: string;
  readonly addresses: readonly number[];
  readonly hasSwitches: boolean;
}[] {
  return BMSES.map(({ driver }) => driver)
    .filter(isRecorded)
    .toSorted((a, b) => FIRST_TYPES.indexOf(a.id) - FIRST_TYPES.indexOf(b.id))
    .map(({ id, reach, switches }) => ({
      id,
      addresses: reach.serial.addresses,
      hasSwitches: switches.length > 0,
    }));
}

/** A battery that does not exist, to make recordings of. */
export interface Simulated {
  /** At which line settings it answers, "9600 8N1". */
  readonly line: string;
  /** What it answers to a request in hex, faults of the line included; undefined is silence. `t` in s. */
  answer(request: string, t: number): Answer | undefined;
  /** What the chargers are told. */
  limit(limits: { readonly cvl: number; readonly ccl: number; readonly dcl: number }, t: number): void;
  /** Makes one pack silent, or ends that. */
  silence(address: number, isSilent: boolean): void;
}

/**
 * `speed` is how much faster than real the battery lives; times of `scenario` are its own; `lineIndex` names one of the line
 * settings of the driver.
 */
export async function simulate(
  bms: string,
  scenario: unknown,
  speed: number,
  lineIndex = 0,
): Promise<Simulated> {
  const entry = BMSES.find(({ driver }) => driver.id === bms);
  const line = entry?.driver.reach.serial.lines[lineIndex];
  if (entry === undefined || line === undefined) throw new Error(`there is no driver ${bms}`);
  const { driver } = entry;
  const responder = await entry.responder();
  const plant = new Plant(parseScenario(scenario));
  const random = seeded(plant.scenario.seed + 77);
  return {
    line: lineText(line),
    answer(hex, t) {
      plant.advanceTo(t * speed);
      const request = new Uint8Array(Buffer.from(hex, 'hex'));
      if (responder.accept(request) !== request.length) return undefined;
      const answer = responder.reply(request, plant.truth());
      if (answer?.changes !== undefined) plant.apply(answer.changes);
      const address = driver.addressOf?.(request);
      const faults = plant.packs.find(({ spec }) => spec.address === address)?.line ?? plant.line;
      const bytes = distort(request, answer?.bytes ?? new Uint8Array(), faults, random);
      if (bytes.length === 0) return undefined;
      const delayMs = (answer?.afterMs ?? driver.reach.serial.answerMs) + faults.delayMs;
      return { delayMs, bytes: Buffer.from(bytes).toString('hex') };
    },
    limit(limits, t) {
      plant.advanceTo(t * speed);
      plant.publish(limits);
    },
    silence(address, isSilent) {
      const pack = plant.packs.find(({ spec }) => spec.address === address);
      if (pack === undefined) throw new Error(`there is no pack at ${address}`);
      pack.line = isSilent ? { ...plant.scenario.line, silent: 1 } : undefined;
    },
  };
}
