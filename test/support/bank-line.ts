import type { Bank, BankState } from '../../src/battery/bank.ts';
import { Conditions } from '../../src/battery/conditions.ts';
import { Controller } from '../../src/battery/controller.ts';
import { Poller } from '../../src/battery/poller.ts';
import type { BmsDriver } from '../../src/bms/driver.ts';
import { BMSES } from '../../src/bms/index.ts';
import type { LogSource } from '../../src/log.ts';
import { controlSettings } from '../../src/settings/control.ts';
import { loadSettings } from '../../src/settings/load.ts';
import type { Attachment, Device, Session } from '../../src/simulator/line/device.ts';
import type { WiredDevice } from '../../src/simulator/line/device-wire.ts';
import { buildDevice } from '../../src/simulator/plant/build.ts';
import type { LineFaults } from '../../src/simulator/trials/scenario.ts';
import { parseScenario } from '../../src/simulator/trials/scenario.ts';
import { VirtualClock } from '../../src/simulator/virtual-clock.ts';
import { withReads } from './sessions.ts';
import { VirtualLine } from './virtual-line.ts';

const INTERVAL_MS = 1000;

/** What `PortService` does with a bank, without the bus: the same packs on the same line, in virtual time. */
export class BankLine {
  readonly clock: VirtualClock;
  readonly line: VirtualLine;
  readonly poller: Poller;
  /** Lines of the log, "warn jk-pb: pack 3 gives no value". */
  readonly log: string[];
  /** Good polls of each pack so far, by address. */
  readonly polls = new Map<number, number>();
  /** Polls that were begun, of all packs together. */
  begun = 0;
  /** Told when the service begins a cycle. */
  onCycle: () => void = () => {};
  /** What `onPacks` was told last. */
  remembered: readonly number[] | undefined;
  readonly #stop = new AbortController();
  readonly #id: string;
  readonly #swappable: SwappableDevice;
  #due = 0;

  static async open(
    id: string,
    options: {
      readonly packs: readonly Readonly<Record<string, unknown>>[];
      /** Addresses known from the start; default all packs. */
      readonly known?: readonly number[];
      readonly scan?: boolean;
      /** What stands between the driver and the device; default nothing. */
      readonly through?: (device: WiredDevice) => WiredDevice;
    },
  ): Promise<BankLine> {
    const entry = BMSES.find(({ driver }) => driver.id === id);
    if (entry === undefined) throw new Error(`no driver ${id}`);
    const clock = new VirtualClock();
    const scenario = parseScenario({ packs: options.packs });
    const device = new SwappableDevice(await buildDevice(id, scenario, clock));
    const known = options.known ?? scenario.packs.map(({ address }) => address);
    const { scan = false, through = (far) => far } = options;
    return new BankLine(entry.driver, clock, device, through(device), known, scan, await settingsOf());
  }

  private constructor(
    driver: BmsDriver,
    clock: VirtualClock,
    device: SwappableDevice,
    near: WiredDevice,
    known: readonly number[],
    scan: boolean,
    settings: Awaited<ReturnType<typeof settingsOf>>,
  ) {
    this.clock = clock;
    this.#id = driver.id;
    this.#swappable = device;
    this.line = new VirtualLine(clock, near, driver.reach.serial.lines[0]);
    const log: string[] = [];
    this.log = log;
    const control = controlSettings(settings, driver);
    this.poller = new Poller({
      driver: this.#counted(driver),
      addresses: known,
      scanned: scan ? driver.reach.serial.addresses : [],
      controller: () => new Controller(() => control),
      intervalMs: INTERVAL_MS,
      clock,
      log: logInto(log),
      conditions: new Conditions(logInto(log), clock),
      onPacks: async (addresses) => {
        this.remembered = addresses;
      },
    });
  }

  get bank(): Bank {
    return this.poller.bank;
  }

  /** What the packs are together now. */
  get state(): BankState | undefined {
    return this.bank.state(this.clock.now());
  }

  get device(): Device {
    return this.#swappable.device;
  }

  /** Puts other packs on the line. */
  async swap(packs: readonly Readonly<Record<string, unknown>>[]): Promise<void> {
    this.device.close();
    this.#swappable.swap(await buildDevice(this.#id, parseScenario({ packs }), this.clock));
  }

  /** Gives a pack faults of its own, or takes them away. */
  fault(address: number, faults: Partial<LineFaults> | undefined): void {
    const pack = this.device.plant.packs.find(({ spec }) => spec.address === address);
    if (pack === undefined) throw new Error(`no pack at ${address}`);
    pack.line = faults && { ...this.device.plant.scenario.line, ...faults };
  }

  /** Lets the bank live for `ms` as the service lets it. */
  async run(ms: number): Promise<void> {
    const until = this.clock.now() + ms;
    this.#due = Math.max(this.#due, this.clock.now());
    while (this.#due < until) {
      await this.clock.run(this.#due);
      await this.line.until(this.#turn());
      this.#due = Math.max(this.#due + INTERVAL_MS, this.clock.now());
    }
  }

  async #turn(): Promise<void> {
    this.onCycle();
    await this.poller.cycle(this.line.link, {}, this.#stop.signal);
    await this.poller.discoverNext(this.line.link);
  }

  #counted(driver: BmsDriver): BmsDriver {
    return withReads(driver, async (read, address) => {
      this.begun += 1;
      const reading = await read();
      this.polls.set(address, (this.polls.get(address) ?? 0) + 1);
      return reading;
    });
  }
}

async function settingsOf() {
  return (await loadSettings('/nonexistent/dbus-bms.toml')).forPort('ttyUSB0');
}

function logInto(lines: string[]): LogSource {
  return {
    scope: (scope) => ({
      error: (text) => void lines.push(`error ${scope}: ${text}`),
      warn: (text) => void lines.push(`warn ${scope}: ${text}`),
      info: (text) => void lines.push(`info ${scope}: ${text}`),
      debug: (text) => void lines.push(`debug ${scope}: ${text}`),
      debugging: true,
    }),
    setLevel: () => {},
  };
}

/** A line whose far end can be exchanged while it is in use. */
class SwappableDevice implements WiredDevice {
  device: Device;
  #attachment: Attachment | undefined;
  #session: Session | undefined;

  constructor(device: Device) {
    this.device = device;
  }

  get baudRate(): number {
    return this.device.baudRate;
  }

  swap(device: Device): void {
    this.#session?.detach();
    this.device = device;
    this.#session = this.#attachment && device.attach(this.#attachment);
  }

  attach(attachment: Attachment): Pick<Session, 'receive' | 'detach'> {
    this.#attachment = attachment;
    this.#session = this.device.attach(attachment);
    return {
      receive: (bytes) => this.#session?.receive(bytes),
      detach: () => this.#session?.detach(),
    };
  }
}
