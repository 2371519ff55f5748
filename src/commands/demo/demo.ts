import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { sleep } from '../../clock.ts';
import { connectBus } from '../../dbus/client.ts';
import { UsageError } from '../../errors.ts';
import { readInput } from '../../files.ts';
import { servePty } from '../../simulator/line/serve.ts';
import { buildDevice } from '../../simulator/plant/build.ts';
import type { Plant } from '../../simulator/plant/plant.ts';
import { loadScenario } from '../../simulator/trials/scenario.ts';
import { chargeOrders } from '../../simulator/venus/charge-orders.ts';
import { SettingsStandIn } from '../../simulator/venus/localsettings.ts';
import { startPrivateBus } from '../../simulator/venus/private-bus.ts';
import { BatteryReader, type SeenBattery } from '../../venus/battery-reader.ts';
import { batteryServiceName } from '../../venus/names.ts';
import { noWord, parseArguments } from '../arguments.ts';
import type { Command, Io } from '../command.ts';
import { numberOption } from '../simulate/simulate.ts';
import { demoScreen } from './demo-screen.ts';

const USAGE = `usage: dbus-bms demo [--for <seconds>] [--bms <id>] [--scenario NAME|FILE] [--speed N]
Everything at once on a private bus: a simulated battery on a pseudo-terminal, the driver as it runs on a device, and a
second client that reads back from D-Bus what the driver publishes. No hardware and no Venus OS needed.
  --for SECONDS     end by itself with exit 0
  --bms ID          which BMS to simulate; default jbd
  --scenario NAME   default demo: the last tenth of a charge
  --speed N         the battery lives N times faster; default 20
  --config FILE     settings of the driver`;

const PORT = 'demo';
const SERVICE = batteryServiceName(PORT);
/** Between two screens: in a terminal, and where nobody can wipe a screen away. */
const REFRESH_MS = { terminal: 500, pipe: 5000 };

export const demo: Command = {
  summary: 'everything at once with a simulated battery, no hardware needed',
  usage: USAGE,
  async run(args, io) {
    const { values, positionals } = parseArguments(args, {
      for: { type: 'string' },
      bms: { type: 'string', default: 'jbd' },
      scenario: { type: 'string', default: 'demo' },
      speed: { type: 'string', default: '20' },
      config: { type: 'string' },
    });
    noWord(positionals);
    const seconds = numberOption('for', values.for, 1, 1e6);
    const speed = numberOption('speed', values.speed, 0.01, 10_000) ?? 1;
    if (values.config !== undefined) await readInput(values.config);
    const folder = await mkdtemp(join(tmpdir(), 'dbus-bms-demo-'));
    const closing: (() => Promise<void> | void)[] = [() => rm(folder, { recursive: true, force: true })];
    try {
      const bus = await startPrivateBus();
      closing.push(() => bus.stop());
      const settingsBus = await connectBus({ address: bus.address });
      closing.push(() => settingsBus.disconnect());
      await SettingsStandIn.open(settingsBus);
      const device = await buildDevice(values.bms, loadScenario(values.scenario), io.clock, { speed });
      closing.push(() => device.close());
      const serving = await servePty(device, join(folder, PORT));
      closing.push(() => serving.close());
      const clientBus = await connectBus({ address: bus.address });
      closing.push(() => clientBus.disconnect());
      const reader = await BatteryReader.open({ bus: clientBus, clock: io.clock });
      closing.push(() => reader.close());
      const driver = startDriver(serving.path, values.config, { address: bus.address, folder });
      closing.push(() => driver.stop());
      await show({
        io,
        reader,
        plant: device.plant,
        driver,
        bms: values.bms,
        speed,
        ...(seconds !== undefined && { seconds }),
      });
      return driver.hasFailed ? 1 : 0;
    } finally {
      for (const close of closing.reverse()) await close();
    }
  },
};

interface Driver {
  /** The last lines of its log. */
  readonly lines: readonly string[];
  /** It left without having been asked to. */
  readonly hasFailed: boolean;
  stop(): Promise<void>;
}

function startDriver(
  port: string,
  config: string | undefined,
  bus: { address: string; folder: string },
): Driver {
  const program = process.argv[1];
  if (program === undefined) throw new UsageError('the demo can only be run from the program itself');
  const child: ChildProcess = spawn(
    process.execPath,
    [...process.execArgv, program, 'run', port, ...(config === undefined ? [] : ['--config', config])],
    {
      env: { ...process.env, DBUS_SESSION_BUS_ADDRESS: bus.address, DBUS_BMS_STATE: bus.folder },
      stdio: ['ignore', 'pipe', 'pipe'],
    },
  );
  const lines: string[] = [];
  let isEnding = false;
  let hasFailed = false;
  for (const stream of [child.stdout, child.stderr]) {
    if (stream === null) continue;
    createInterface({ input: stream }).on('line', (line) => {
      lines.push(line);
      if (lines.length > 8) lines.shift();
    });
  }
  const ended = new Promise<void>((resolve) => {
    child.once('close', () => {
      hasFailed = !isEnding;
      resolve();
    });
  });
  return {
    lines,
    get hasFailed() {
      return hasFailed;
    },
    stop() {
      isEnding = true;
      child.kill('SIGTERM');
      return ended;
    },
  };
}

interface Show {
  readonly io: Io;
  readonly reader: BatteryReader;
  readonly plant: Plant;
  readonly driver: Driver;
  readonly bms: string;
  readonly speed: number;
  readonly seconds?: number;
}

async function show({ io, reader, plant, driver, bms, speed, seconds }: Show): Promise<void> {
  const start = io.clock.now();
  const refreshMs = io.isTerminal ? REFRESH_MS.terminal : REFRESH_MS.pipe;
  let shownAt = Number.NEGATIVE_INFINITY;
  for (;;) {
    const battery = reader.batteries.get(SERVICE);
    obey(battery, plant);
    const now = io.clock.now();
    const isOver =
      io.signal.aborted || driver.hasFailed || (seconds !== undefined && now - start >= seconds * 1000);
    if (isOver || now - shownAt >= refreshMs) {
      const screen = demoScreen({
        service: SERVICE,
        plant,
        bms,
        speed,
        elapsedMs: now - start,
        log: driver.lines,
        ...(battery !== undefined && { battery }),
      });
      io.out(io.isTerminal ? `\u001b[H\u001b[J${screen}` : `${screen}\n`);
      shownAt = now;
    }
    if (isOver) return;
    await sleep(io.clock, 250, io.signal);
  }
}

/** The chargers take their orders from what stands on the bus. */
function obey(battery: SeenBattery | undefined, plant: Plant): void {
  const orders = battery === undefined ? undefined : chargeOrders(battery.view);
  if (orders !== undefined) plant.publish(orders);
}
