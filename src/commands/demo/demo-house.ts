import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { servePage } from '../../app/bridge-page.ts';
import { runBridge } from '../../app/bridge-service.ts';
import { PortService } from '../../app/port-service.ts';
import { systemClock } from '../../clock.ts';
import type { Bus } from '../../dbus/bus.ts';
import { connectBus } from '../../dbus/client.ts';
import { BmsError } from '../../errors.ts';
import type { Log, LogSource } from '../../log.ts';
import type { BridgeOutput } from '../../output/output.ts';
import { loadSettings } from '../../settings/load.ts';
import { DeviceWire } from '../../simulator/line/device-wire.ts';
import { buildDevice } from '../../simulator/plant/build.ts';
import type { Plant } from '../../simulator/plant/plant.ts';
import type { Scenario } from '../../simulator/trials/scenario.ts';
import { chargeOrders } from '../../simulator/venus/charge-orders.ts';
import { SettingsStandIn } from '../../simulator/venus/localsettings.ts';
import { type PrivateBus, startPrivateBus } from '../../simulator/venus/private-bus.ts';
import { VirtualClock } from '../../simulator/virtual-clock.ts';
import { HalfDuplex } from '../../transport/half-duplex.ts';
import { parsePort } from '../../transport/port-url.ts';
import { BatteryReader, type SeenBattery } from '../../venus/battery-reader.ts';
import { batteryServiceName } from '../../venus/names.ts';
import { VenusOutput } from '../../venus/venus-output.ts';
import { chooseDrivers } from '../choose.ts';

const PORT = 'demo';
/** Where no settings file says anything else: at many times the speed each poll costs. */
const POLL_INTERVAL_S = 2;
const CLOSING_STEP_MS = 100;
/** More of the log than any screen shows is not kept. */
const LOG_LINES = 100;
/** Absent settings file: nothing but defaults, whatever this computer has. */
const NO_FILE = '/nonexistent/dbus-bms.toml';

export interface HouseOptions {
  readonly bms: string;
  readonly scenario: Scenario;
  /** Settings file of the driver; absent: the defaults. */
  readonly config?: string;
}

/**
 * A house with a battery on a bus of its own. Battery, line and driver live by one virtual clock, so that every waiting
 * time of the driver has its true length however fast the clock is driven; only the bus is real. What is shown of it
 * comes back from the bus through a second client, and the chargers take their orders from there.
 */
export class DemoHouse {
  readonly service = batteryServiceName(PORT);
  readonly clock = new VirtualClock();
  /** Lines of the driver's log, the last one last. */
  readonly log: string[] = [];
  #plant: Plant | undefined;
  #reader: BatteryReader | undefined;
  #client: Bus | undefined;
  #bus: PrivateBus | undefined;
  #failure: string | undefined;
  readonly #closing: (() => Promise<void> | void)[] = [];

  /** Rejects with a MissingProgramError without dbus-daemon, and with a UsageError for a BMS that is not known. */
  static async open(options: HouseOptions): Promise<DemoHouse> {
    const house = new DemoHouse();
    try {
      await house.#open(options);
    } catch (error) {
      await house.close();
      throw error;
    }
    return house;
  }

  /** The battery itself, as nobody but the simulator sees it. */
  get plant(): Plant {
    if (this.#plant === undefined) throw new Error('the house is not open');
    return this.#plant;
  }

  /** As the second client sees it; absent until the driver has put it on the bus. */
  get battery(): SeenBattery | undefined {
    return this.#reader?.batteries.get(this.service);
  }

  /** "unix:path=...". */
  get busAddress(): string {
    return this.#bus?.address ?? '';
  }

  /** Serves the page of the bridge on this house. Rejects with a ConfigError when nobody can listen there. */
  async servePage(port: number): Promise<void> {
    const stop = new AbortController();
    const scope = (): Log => logInto(this.log).scope('page');
    let opened: (page: BridgeOutput) => void = () => {};
    const isOpen = new Promise<BridgeOutput>((resolve) => {
      opened = resolve;
    });
    const ended = runBridge({
      clock: systemClock,
      log: { scope, setLevel: () => {} },
      signal: stop.signal,
      alias: {},
      connect: () => connectBus({ address: this.busAddress }),
      openOutputs: async (parts) => {
        const page = await servePage({ address: '127.0.0.1', port, names: [] }, parts);
        opened(page);
        return [page];
      },
    });
    let isServing = false;
    const over = ended.catch((error: unknown) => {
      if (!isServing) throw error;
      this.#failure ??= `the page ended: ${error instanceof Error ? error.message : String(error)}`;
    });
    this.#closing.push(async () => {
      stop.abort();
      if (isServing) await over;
    });
    await Promise.race([isOpen, over]);
    isServing = true;
  }

  /** What ended by itself, and why. */
  get failure(): string | undefined {
    return this.#failure;
  }

  /** Lets `ms` pass for battery and driver, and waits until the second client has seen what the driver published. */
  async advance(ms: number): Promise<void> {
    await this.clock.run(this.clock.now() + ms);
    await this.#client?.ownerOf(this.service);
  }

  async close(): Promise<void> {
    for (const close of this.#closing.reverse()) await close();
    this.#closing.length = 0;
  }

  async #open({ bms, scenario, config }: HouseOptions): Promise<void> {
    const { clock } = this;
    const folder = await mkdtemp(join(tmpdir(), 'dbus-bms-demo-'));
    this.#closing.push(() => rm(folder, { recursive: true, force: true }));
    const device = await buildDevice(bms, scenario, clock);
    this.#plant = device.plant;
    this.#closing.push(() => device.close());
    const bus = await startPrivateBus();
    this.#bus = bus;
    this.#closing.push(() => bus.stop());
    await this.#standIn(bus.address);
    await this.#watch(bus.address);
    const { settings: stated, ...rest } = (await loadSettings(config ?? NO_FILE)).forPort(PORT);
    const settings = config === undefined ? { ...stated, pollInterval: POLL_INTERVAL_S } : stated;
    const stop = new AbortController();
    const service = new PortService({
      port: parsePort(join(folder, PORT)),
      drivers: chooseDrivers(settings.bms === 'auto' ? bms : settings.bms),
      settings: { settings, ...rest },
      stateFolder: folder,
      clock,
      log: logInto(this.log),
      signal: stop.signal,
      openLink: async ({ line, ...link }) => new HalfDuplex(new DeviceWire(device, line), { line, ...link }),
      // The bus is real, and so are its waiting times.
      openOutput: (output) => new VenusOutput({ ...output, clock: systemClock, busAddress: bus.address }),
    });
    let isOver = false;
    const ended = service
      .run()
      .catch((error: unknown) => {
        if (!(error instanceof BmsError)) throw error;
        this.#failure = `the driver ended: ${error.code}: ${error.message}`;
      })
      .finally(() => {
        isOver = true;
      });
    this.#closing.push(async () => {
      stop.abort();
      // A request on the line ends by its own waiting time.
      while (!isOver) await clock.run(clock.now() + CLOSING_STEP_MS);
      await ended;
    });
  }

  async #standIn(address: string): Promise<void> {
    const bus = await connectBus({ address });
    this.#closing.push(() => bus.disconnect());
    await SettingsStandIn.open(bus);
  }

  async #watch(address: string): Promise<void> {
    const bus = await connectBus({ address });
    this.#client = bus;
    this.#closing.push(() => bus.disconnect());
    const reader = await BatteryReader.open({ bus, onBattery: (battery) => this.#obey(battery) });
    this.#reader = reader;
    this.#closing.push(() => reader.close());
  }

  /** The chargers take their orders from what stands on the bus. */
  #obey({ service, view }: SeenBattery): void {
    const orders = service === this.service ? chargeOrders(view) : undefined;
    if (orders !== undefined) this.plant.publish(orders);
  }
}

function logInto(lines: string[]): LogSource {
  const scope = (name: string): Log => {
    const say = (level: string) => (text: string) => {
      lines.push(`${level} ${name}: ${text.replaceAll(/[\r\n]+\s*/g, ' | ')}`);
      if (lines.length > LOG_LINES) lines.shift();
    };
    return { error: say('error'), warn: say('warn'), info: say('info'), debug: () => {}, debugging: false };
  };
  return { scope, setLevel: () => {} };
}
