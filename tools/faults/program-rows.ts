import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Reading } from '../../src/model/reading.ts';
import { openSerial } from '../../src/transport/serial.ts';
import { BankLine } from '../../test/support/bank-line.ts';
import { eventually } from '../../test/support/bus.ts';
import { House } from '../../test/support/house.ts';
import type { Program } from '../../test/support/program.ts';
import type { ClientMethods } from '../bench/client-process.ts';
import { quantile, spreadOf } from '../bench/figure.ts';
import { Helper } from '../bench/helper.ts';
import { MEDDLINGS, MeddledPort } from './meddler.ts';
import type { Row } from './row.ts';
import { Watch } from './watch.ts';

/** Nothing moves but what a fault moves; the BMS allows little, so that limits are below their most and could be raised. */
const PACK = { address: 1, soc: 60, noise: 0, selfDischarge: 0, balancer: null, maxCurrent: 45 };
const BATTERY = { packs: [PACK] };
/** Until every limit of this battery has risen as far as it does, in virtual time. */
const RISING_MS = 600_000;
const CALL_EVERY_MS = 5;
const DAEMON = 'org.freedesktop.DBus';
const ROUND_MS = 1000;
const MOST_CALLING_MS = 15_000;
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
  /** Whether another client is there to be kept waiting; it needs a process that can run TypeScript. */
  readonly measuresWaiting?: boolean;
  /** When after the start TERM and KILL come, ms; and whether every phase is tried. */
  readonly endAfterMs: readonly number[];
}

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** What the limits of the undisturbed battery come to, by path. */
async function ceilings(): Promise<Record<string, number>> {
  const line = await BankLine.open('jbd', { packs: [PACK] });
  await line.run(RISING_MS);
  const { ccl = 0, cvl = 0, dcl = 0 } = line.bank.state()?.control ?? {};
  return { '/Info/MaxChargeVoltage': cvl, '/Info/MaxChargeCurrent': ccl, '/Info/MaxDischargeCurrent': dcl };
}

/** A house with somebody on its line, and another client of the bus. */
class Scene {
  readonly house: House;
  readonly port: MeddledPort;
  readonly client: Helper<ClientMethods> | undefined;
  readonly #most: Readonly<Record<string, number>>;

  static async open(measuresWaiting: boolean): Promise<Scene> {
    const house = await House.open('jbd', BATTERY);
    await house.serving.close();
    const port = await MeddledPort.open(house.device, house.file('ttyUSB1'));
    house.serving = port;
    const client = measuresWaiting ? new Helper<ClientMethods>('./client-process.ts') : undefined;
    await client?.ask('connect', house.bus.address);
    return new Scene(house, port, client, await ceilings());
  }

  private constructor(
    house: House,
    port: MeddledPort,
    client: Helper<ClientMethods> | undefined,
    most: Readonly<Record<string, number>>,
  ) {
    this.#most = most;
    this.house = house;
    this.port = port;
    this.client = client;
  }

  async close(): Promise<void> {
    await this.client?.stop();
    await this.house.close();
  }

  /** Resolves when the limits stand still. */
  async settled(): Promise<void> {
    const { reader } = this.house;
    const limits = (): string =>
      `${reader.number('/Info/MaxChargeCurrent')} ${reader.number('/Info/MaxDischargeCurrent')}`;
    let seen = limits();
    let since = performance.now();
    await eventually(() => {
      const now = limits();
      if (now !== seen) since = performance.now();
      seen = now;
      return this.isFresh && performance.now() - since > SETTLED_MS;
    }, PATIENCE_MS);
  }

  get isFresh(): boolean {
    const { reader } = this.house;
    return (
      reader.text('/ConnectionInformation') === 'answering' && reader.number('/Dc/0/Voltage') !== undefined
    );
  }

  /**
   * The usual 99th percentile of GetValue over rounds of calls. The same client asks the bus daemon itself meanwhile, and only
   * the half of the rounds counts in which that was quicker: the others tell what else the machine does.
   */
  async #p99(ms: number): Promise<number | undefined> {
    const { client, house } = this;
    if (client === undefined) return undefined;
    const rounds: { readonly daemon: number; readonly driver: number }[] = [];
    for (let left = Math.min(ms, MOST_CALLING_MS); left >= ROUND_MS; left -= ROUND_MS) {
      const calls = ROUND_MS / CALL_EVERY_MS;
      const [driver, daemon] = await Promise.all([
        client.ask('roundTrips', house.service, '/Soc', calls, CALL_EVERY_MS),
        client.ask('roundTrips', DAEMON, '', calls, CALL_EVERY_MS),
      ]);
      rounds.push({ daemon: quantile(daemon, 0.99), driver: quantile(driver, 0.99) });
    }
    const quiet = rounds.toSorted((a, b) => a.daemon - b.daemon).slice(0, Math.ceil(rounds.length / 2));
    return spreadOf(quiet.map(({ driver }) => driver)).median;
  }

  /** Lets a fault last for `ms` and looks at everything meanwhile. */
  async endure(
    fault: string,
    ms: number,
    { begin, end }: { readonly begin: () => void; readonly end: () => void },
    struck: () => number,
    change?: (watch: Watch) => void,
  ): Promise<Row> {
    const { house } = this;
    await this.settled();
    const watch = new Watch(house.reader, this.#most);
    const program = house.programs.at(-1);
    const began = performance.now();
    let reducedS: number | undefined;
    const eye = setInterval(() => {
      if (watch.isReduced) reducedS ??= (performance.now() - began) / 1000;
    }, 50);
    begin();
    const [p99Ms] = await Promise.all([this.#p99(ms), pause(ms)]);
    change?.(watch);
    end();
    const ended = performance.now();
    await eventually(() => this.isFresh || program?.isRunning === false, PATIENCE_MS);
    const recoveryS = (performance.now() - ended) / 1000;
    await pause(2 * POLL_MS);
    clearInterval(eye);
    watch.end();
    return {
      fault,
      injected: struck(),
      wrong: new Set(watch.wrong).size,
      raised: new Set(watch.raised).size,
      ...(reducedS !== undefined && { reducedS }),
      recoveryS,
      restarts: program?.isRunning === false ? 1 : 0,
      ...(p99Ms !== undefined && { p99Ms }),
      missed: [...new Set([...watch.wrong, ...watch.raised])].slice(0, 3),
    };
  }
}

/** What a line does to the service, one after the other on the same process. */
export async function lineRows({
  faultMs,
  meddlings,
  measuresWaiting = true,
  silencesMs,
}: Effort): Promise<Row[]> {
  const scene = await Scene.open(measuresWaiting);
  const { house, port } = scene;
  const rows: Row[] = [];
  try {
    house.run('--bms', 'jbd');
    await house.isUp();
    for (const [fault, meddling] of Object.entries(MEDDLINGS)) {
      if (meddlings !== undefined && !meddlings.includes(fault)) continue;
      const before = port.struck;
      const begin = (): void => {
        port.meddling = meddling;
      };
      const end = (): void => {
        port.meddling = undefined;
      };
      rows.push(await scene.endure(fault, faultMs, { begin, end }, () => port.struck - before));
    }
    const { plant } = house.device;
    const silent = (chance: number): void => {
      plant.line = { ...plant.line, silent: chance };
    };
    const silence = { begin: () => silent(1), end: () => silent(0) };
    let requests = 0;
    port.onRequest = () => {
      requests += 1;
    };
    const lost = (): number => requests;
    for (const ms of silencesMs) {
      requests = 0;
      rows.push(await scene.endure(`silence of ${ms / 1000} s`, ms, silence, lost));
    }
    requests = 0;
    rows.push(
      await scene.endure('BMS reboots with other values', 2500, silence, lost, (watch) => {
        for (const pack of plant.packs) pack.setSoc(52);
        house.device.live();
        watch.allow(published(plant.truth()));
      }),
    );
    rows.push(
      await scene.endure(
        'localsettings gone',
        faultMs,
        { begin: () => house.loseSettings(), end: () => {} },
        () => 1,
      ),
    );
  } finally {
    await scene.close();
  }
  return rows;
}

/** The paths that a reading determines. */
function published(truth: Reading): Map<string, number> {
  const {
    capacityFull = 0,
    capacityRemaining = 0,
    cellVoltages = [],
    current,
    soc,
    temperatures = [],
    voltage,
  } = truth;
  const values: [string, number | undefined][] = [
    ['/Dc/0/Voltage', voltage],
    ['/Dc/0/Current', current],
    ['/Soc', soc],
    ['/Capacity', capacityRemaining],
    ['/ConsumedAmphours', capacityRemaining - capacityFull],
    ['/Dc/0/Temperature', temperatures.reduce((sum, one) => sum + one, 0) / temperatures.length],
    ['/System/MaxCellTemperature', Math.max(...temperatures)],
    ['/System/MinCellTemperature', Math.min(...temperatures)],
    ['/System/MaxCellVoltage', Math.max(...cellVoltages)],
    ['/System/MinCellVoltage', Math.min(...cellVoltages)],
    ...cellVoltages.map((cell, index): [string, number] => [`/Voltages/Cell${index + 1}`, cell]),
  ];
  return new Map(values.flatMap(([path, value]) => (value === undefined ? [] : [[path, value]])));
}

/** What ends the process: each phase with a process of its own. `wanted` are the ways in which it may end. */
async function ending(
  fault: string,
  phases: readonly ((house: House, program: Program) => Promise<void>)[],
  wanted: readonly (number | string)[],
  mayRestart: boolean,
): Promise<Row> {
  const missed: string[] = [];
  for (const phase of phases) {
    const house = await House.open('jbd', BATTERY);
    try {
      const program = house.run('--bms', 'jbd');
      await phase(house, program);
      const end = await Promise.race([program.ended, pause(20_000).then(() => 'still there')]);
      if (!wanted.includes(end)) missed.push(`ended with ${end}: ${program.err.join(' ')}`);
      if (program.err.length > 1) missed.push(`said ${program.err.length} lines`);
      const damaged = stateFiles(house).filter((file) => !isJson(file));
      if (damaged.length > 0) missed.push(`${damaged.length} state files damaged`);
    } finally {
      await house.close();
    }
  }
  const restarts = mayRestart ? phases.length : 0;
  return { fault, injected: phases.length, wrong: 0, raised: 0, restarts, mayRestart: restarts, missed };
}

function stateFiles(house: House): string[] {
  const folder = house.file('');
  if (!existsSync(folder)) return [];
  return readdirSync(folder)
    .filter((name) => name.endsWith('.json'))
    .map((name) => join(folder, name));
}

function isJson(file: string): boolean {
  try {
    JSON.parse(readFileSync(file, 'utf8'));
    return true;
  } catch (error) {
    if (error instanceof SyntaxError) return false;
    throw error;
  }
}

/** Resolves with the `count`th request of the program. */
function request(house: House, count: number): Promise<void> {
  return new Promise((resolve) => {
    let left = count;
    const { plant } = house.device;
    const truth = plant.truth.bind(plant);
    plant.truth = () => {
      left -= 1;
      if (left === 0) resolve();
      return truth();
    };
  });
}

/** Ends of the process, each with the restarts that it costs. */
export async function endRows({ endAfterMs }: Effort): Promise<Row[]> {
  const unplugged = (house: House): Promise<void> => house.serving.close();
  const kill = (signal: NodeJS.Signals) => (program: Program) => void program.process.kill(signal);
  const signalled = (signal: NodeJS.Signals) => [
    ...endAfterMs.map((ms) => async (_: House, program: Program) => {
      await pause(ms);
      kill(signal)(program);
    }),
    async (house: House, program: Program) => {
      await request(house, 3);
      kill(signal)(program);
    },
    async (house: House, program: Program) => {
      await house.isUp();
      kill(signal)(program);
    },
  ];
  return [
    await ending(
      'unplugged: while searching, while asked, between polls',
      [
        async (house) => {
          await request(house, 1);
          await unplugged(house);
        },
        async (house) => {
          await house.isUp();
          await request(house, 1);
          await unplugged(house);
        },
        async (house) => {
          await house.isUp();
          await unplugged(house);
        },
      ],
      [1],
      true,
    ),
    await ending(
      'bus daemon killed',
      [
        async (house) => {
          await house.isUp();
          await house.bus.kill();
        },
      ],
      [1],
      true,
    ),
    // Before the program has taken over the signal, its default ends the process just as well.
    await ending('TERM at every phase', signalled('SIGTERM'), [0, 'SIGTERM'], false),
    await ending('KILL at every phase', signalled('SIGKILL'), ['SIGKILL'], true),
    await busy(),
  ];
}

async function busy(): Promise<Row> {
  const house = await House.open('jbd', BATTERY);
  try {
    const holder = await openSerial(house.port, { baudRate: 9600 });
    const program = house.run('--bms', 'jbd');
    const end = await program.ended;
    await holder.close();
    const isSaid = program.err.length === 1 && program.err[0]?.includes('PORT_BUSY') === true;
    const missed = end === 1 && isSaid ? [] : [`ended with ${end}: ${program.err.join(' ')}`];
    return { fault: 'port busy', injected: 1, wrong: 0, raised: 0, restarts: 1, mayRestart: 1, missed };
  } finally {
    await house.close();
  }
}
