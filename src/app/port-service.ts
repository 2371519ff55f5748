import { setImmediate } from 'node:timers/promises';
import type { BankPlan } from '../battery/bank-members.ts';
import type { Battery } from '../battery/battery.ts';
import type { BatteryKey } from '../battery/battery-key.ts';
import { Conditions } from '../battery/conditions.ts';
import { Controller } from '../battery/controller.ts';
import { Identities } from '../battery/identities.ts';
import { LimitLog } from '../battery/limit-log.ts';
import { LineQuality } from '../battery/line-quality.ts';
import type { Output } from '../battery/output.ts';
import { Poller } from '../battery/poller.ts';
import { calibrated } from '../bms/calibrated.ts';
import { detect } from '../bms/detect/detect.ts';
import { type Hit, hitText } from '../bms/detect/hit.ts';
import type { BmsDriver } from '../bms/driver.ts';
import { namingExchanges } from '../bms/naming-exchanges.ts';
import { type Clock, sleep } from '../clock.ts';
import { BmsError, PortError, PortLostError } from '../errors.ts';
import type { Log, LogSource } from '../log.ts';
import { controlSettings } from '../settings/control.ts';
import type { PortSettings } from '../settings/resolve.ts';
import type { ExchangeRecord } from '../transport/exchange.ts';
import type { HalfDuplex } from '../transport/half-duplex.ts';
import { kindOf } from '../transport/port-kinds.ts';
import { type PortUrl, portName, serviceSuffix } from '../transport/port-url.ts';
import { RecentExchanges } from '../transport/recent-exchanges.ts';
import { VenusOutput, type VenusOutputOptions } from '../venus/venus-output.ts';
import { firstLine, logExchange, openLink } from './link.ts';
import { Requests } from './requests.ts';
import { SerialCheck } from './serial-check.ts';
import { StateFile } from './state-file.ts';
import { Switches } from './switches.ts';

export interface PortOptions {
  readonly port: PortUrl;
  /** Drivers to look for. */
  readonly drivers: readonly BmsDriver[];
  readonly settings: PortSettings;
  /** What the owner chose that leaves out other BMS types, addresses or speeds. */
  readonly narrowedBy?: readonly string[];
  /** Banks that this battery may be a member of. */
  readonly banks?: readonly BankPlan[];
  /** Where the port remembers its last hit. */
  readonly stateFolder: string;
  readonly clock: Clock;
  readonly log: LogSource;
  readonly signal: AbortSignal;
  /** Told of every exchange, for captures. */
  readonly onExchange?: (record: ExchangeRecord) => void;
  /** Asked after every poll, with the time of the last good sample: whether the port is left to others for a while. */
  readonly rests?: (goodAt: number | undefined) => boolean;
  /** How the port is opened, and on what the batteries are shown; default the real port and the bus. */
  readonly openLink?: typeof openLink;
  readonly openOutput?: (options: VenusOutputOptions) => Output;
}

/** serial-starter waits to give the port to the next program, which must not take over 20 s with the start of this one. */
const SEARCH_MS = 15_000;
/** So many packs that were seen before are tried before the search begins anew; each costs time when it is not there. */
const REMEMBERED_FIRST = 4;
const REOPEN_EVERY_MS = 30_000;
/** State is written down so often, and at the end: more would wear the flash. */
const SAVE_EVERY_MS = 15 * 60_000;

/** Serves one port until the signal aborts. Rejects with the error that makes staying senseless. */
export class PortService {
  readonly #options: PortOptions;
  /** As the owner has put their current right. */
  readonly #drivers: readonly BmsDriver[];
  readonly #log: Log;
  readonly #limitLog: LimitLog;
  readonly #memory: StateFile;
  readonly #conditions: Conditions;
  /** Watched once the battery is found: a search provokes answers that nobody understands. */
  #quality: LineQuality | undefined;
  readonly #stop = new AbortController();
  #failure: BmsError | undefined;
  #link: HalfDuplex | undefined;
  #openedAt = 0;
  #hit: Hit | undefined;
  #poller: Poller | undefined;
  readonly #recent: RecentExchanges;
  readonly #requests: Requests;
  readonly #switches: Switches;
  #savedAt = 0;
  #output: Output | undefined;
  /** The battery or bank is on the bus. */
  #isUp = false;
  #identities: Identities | undefined;
  #serialCheck: SerialCheck | undefined;
  /** The serial number of the battery reads differently from time to time. */
  #isSerialDoubtful = false;

  constructor(options: PortOptions) {
    this.#options = options;
    const { currentGain: gain, currentOffset: offset } = options.settings.settings;
    this.#drivers = options.drivers.map((driver) => calibrated(driver, { gain, offset }));
    this.#log = options.log.scope('port');
    this.#conditions = new Conditions(options.log, options.clock);
    this.#switches = new Switches(options.settings.settings.allowSwitches, options.log.scope('switch'));
    this.#requests = new Requests({
      mayWrite: this.#switches.isAllowed,
      canStandBy: () => this.#poller !== undefined && this.#switches.canStandBy(this.#poller.driver),
      onChange: (before, now) => this.#switches.follow(before, now),
      onClearHistory: () => {
        for (const battery of this.#poller?.bank.batteries ?? []) battery.clearHistory();
      },
    });
    this.#recent = new RecentExchanges(options.clock);
    this.#limitLog = new LimitLog({
      log: options.log.scope('control'),
      conditions: this.#conditions,
      now: () => this.#now,
    });
    this.#memory = new StateFile(options.stateFolder, serviceSuffix(options.port), this.#log);
    options.signal.addEventListener('abort', () => this.#stop.abort(), { once: true });
    if (options.signal.aborted) this.#stop.abort();
  }

  async run(): Promise<void> {
    try {
      const poller = await this.#find();
      this.#poller = poller;
      await this.#poll(poller);
    } catch (error) {
      // A port that was closed, or a search that was broken off, because we are leaving is no failure.
      if (!this.#stop.signal.aborted || !(error instanceof BmsError)) throw error;
    } finally {
      this.#output?.close();
      await this.#link?.close();
      await this.#save();
    }
    if (this.#failure !== undefined) throw this.#failure;
  }

  /** Ends the service with an error from outside of the loop (the bus went away). */
  #fail(error: BmsError): void {
    this.#failure ??= error;
    this.#stop.abort();
  }

  get #now(): number {
    return this.#options.clock.now();
  }

  async #find(): Promise<Poller> {
    const { clock, log, port, settings } = this.#options;
    const drivers = this.#drivers;
    const detectLog = log.scope('detect');
    const { hit, search, addresses: seen = [], isSerialDoubtful = false, key } = await this.#memory.load();
    const { address, baudRate } = settings.settings;
    this.#hit = hit;
    this.#link = await this.#open();
    const close = (): void => void this.#link?.close();
    this.#stop.signal.addEventListener('abort', close, { once: true });
    const found = await detect(this.#link, {
      drivers,
      ...(hit !== undefined && { first: remembered(hit, seen) }),
      ...(address !== 'auto' && { addresses: address }),
      ...(baudRate !== 'auto' && { baudRate }),
      ...(search !== undefined && { from: search }),
      budgetMs: SEARCH_MS,
      clock,
      narrowedBy: this.#options.narrowedBy ?? [],
      signal: this.#stop.signal,
      onEnd: (place) => this.#memory.save({ search: place }),
      onAttempt({ error, tookMs, ...attempt }) {
        if (detectLog.debugging)
          detectLog.debug(
            `${hitText(attempt)}${attempt.patience === 'short' ? ' short' : ''}: ${error?.message ?? 'yes'} (${tookMs.toFixed(0)} ms)`,
          );
      },
    });
    this.#stop.signal.removeEventListener('abort', close);
    const { driver, line } = found;
    this.#hit = { id: driver.id, line, address: found.address };
    detectLog.info(
      `${driver.name} on ${portName(port)}: ${hitText(this.#hit)}` +
        `${found.reading.cellCount === undefined ? '' : `, ${found.reading.cellCount} cells`}`,
    );
    if (hit !== undefined && hit.id !== driver.id)
      detectLog.info(`this port had ${hit.id} before; what was remembered of it is forgotten`);
    const isSame = hit?.id === driver.id;
    this.#identities = new Identities({
      driver,
      port,
      batteryId: settings.settings.batteryId,
      memory: isSame ? { known: key, isSerialDoubtful } : {},
    });
    this.#isSerialDoubtful = isSame && isSerialDoubtful;
    this.#output = this.#openOutput();
    const wanted =
      address !== 'auto' && driver.reach.serial.addresses.length > 1 ? address : isSame ? seen : [];
    const addresses = [...new Set([found.address, ...wanted])].filter((at) =>
      driver.reach.serial.addresses.includes(at),
    );
    await this.#memory.save({
      hit: this.#hit,
      search: undefined,
      addresses,
      ...(isSerialDoubtful && !isSame && { isSerialDoubtful: false }),
    });
    return new Poller({
      driver,
      addresses,
      scanned: address === 'auto' ? driver.reach.serial.addresses : [],
      controller: (at) => this.#controller(driver, at),
      intervalMs: settings.settings.pollInterval * 1000,
      clock,
      log,
      conditions: this.#conditions,
      onTurn: (battery) => {
        if (this.#poller?.bank.isBank) this.#showPack(battery);
      },
      onPacks: async (now) => {
        this.#keepPacks(now);
        await this.#memory.save({ addresses: now });
      },
    });
  }

  #controller(driver: BmsDriver, address: number): Controller {
    const { settings } = this.#options;
    return new Controller(
      ({ chemistry = driver.chemistry }) =>
        controlSettings(settings, { limits: driver.limits, ...(chemistry !== undefined && { chemistry }) }),
      this.#memory.ofBattery(address, this.#options.clock.wall()),
    );
  }

  #open(): Promise<HalfDuplex> {
    const { clock, drivers, log, onExchange, openLink: open = openLink, port } = this.#options;
    this.#openedAt = this.#now;
    const wireLog = log.scope('wire');
    return open({
      port,
      clock,
      line: this.#hit?.line ?? firstLine(drivers),
      onExchange: (record) => {
        logExchange(wireLog, record);
        this.#quality?.note(record);
        this.#recent.note(record);
        onExchange?.(record);
      },
    });
  }

  /** Polls on a fixed grid until it is time to leave. A cycle that took too long begins a new grid, it never piles up. */
  async #poll(poller: Poller): Promise<void> {
    const { clock, settings } = this.#options;
    let due = this.#now;
    this.#quality = new LineQuality(this.#now);
    while (!this.#stop.signal.aborted) {
      if (this.#link === undefined) await this.#reopen();
      await this.#unlessLost(() => poller.cycle(this.#link, this.#requests.current, this.#stop.signal));
      this.#publish(poller);
      this.#judgeLine();
      if (this.#options.rests?.(poller.bank.best(this.#now)?.goodAt)) await this.#closeLink();
      if (poller.isSilent && this.#now - this.#openedAt > REOPEN_EVERY_MS) await this.#reopen();
      // A bank may fill the whole interval: the bus must have its turn all the same.
      await setImmediate();
      const link = this.#link;
      if (link !== undefined) await this.#unlessLost(async () => this.#serialCheck?.run(link));
      if (link !== undefined && this.#isUp) {
        await this.#unlessLost(() => this.#switches.operate(link, poller.packs));
        await this.#unlessLost(() => poller.discoverNext(link));
      }
      if (this.#now - this.#savedAt > SAVE_EVERY_MS) await this.#save();
      due = Math.max(due + settings.settings.pollInterval * 1000, this.#now);
      await sleep(clock, due - this.#now, this.#stop.signal);
    }
  }

  /** The connection ended: a tty that is gone ends the service, anything else is opened again. */
  async #unlessLost(action: () => Promise<void>): Promise<void> {
    try {
      await action();
    } catch (error) {
      if (!(error instanceof PortError) || this.#stop.signal.aborted) throw error;
      await this.#reopen(error);
    }
  }

  #judgeLine(): void {
    if (this.#link !== undefined) this.#conditions.clear(this.#lossName);
    const cause = this.#quality?.judge(this.#now);
    if (cause === false) this.#conditions.clear('noisyLine');
    else if (cause !== undefined) this.#conditions.meet('noisyLine', 'wire', { cause });
  }

  /** `lost` is why, where the connection ended by itself. */
  async #reopen(lost?: BmsError): Promise<void> {
    await this.#closeLink();
    let cause = lost?.message;
    try {
      this.#link = await this.#open();
    } catch (error) {
      if (!(error instanceof BmsError)) throw error;
      const isGone = kindOf(this.#options.port).endsWhenMissing && error.code === 'PORT_MISSING';
      if (isGone) throw new PortLostError(`${portName(this.#options.port)} was unplugged; this service ends`);
      if (error.code !== 'PORT_RESTING') cause ??= error.message;
    }
    if (cause !== undefined) this.#conditions.meet(this.#lossName, 'port', { cause });
  }

  async #closeLink(): Promise<void> {
    await this.#link?.close();
    this.#link = undefined;
  }

  get #lossName(): 'portLost' | 'radioLost' {
    return kindOf(this.#options.port).comesAndGoes ? 'radioLost' : 'portLost';
  }

  /** The bank (or the only pack): everything of the last cycle in one update. */
  #publish({ bank, driver }: Poller): void {
    const best = bank.best(this.#now);
    const state = bank.state(this.#now);
    const identities = this.#identities;
    if (best === undefined || state === undefined || identities === undefined) return;
    this.#limitLog.note(state.control, this.#isUp);
    const requests = this.#requests.current;
    if (this.#isUp && state.control.state === 'topBalance') this.#requests.balanceBegan();
    const { averageCurrent } = state.control;
    this.#output?.show({
      ...state,
      identity: identities.main(best, bank.batteries),
      ...(!bank.isBank && { history: best.history }),
      ...(averageCurrent !== undefined && { averageCurrent }),
      requests,
      isSwitchable: this.#switches.canStandBy(driver),
    });
  }

  /** One pack of a bank, without limits: it only shows itself, and not before the bank does. */
  #showPack(battery: Battery): void {
    const identities = this.#identities;
    if (!this.#isUp || battery.output === undefined || identities === undefined) return;
    const { facts, history } = battery;
    const reading = battery.shown(this.#now);
    this.#output?.show({
      identity: identities.pack(battery),
      facts,
      history,
      link: battery.link(this.#now),
      ...(reading !== undefined && { reading }),
    });
  }

  /** Packs came, or one moved: its old service must not go on showing a pack that is elsewhere now. */
  #keepPacks(addresses: readonly number[]): void {
    this.#output?.keepPacks(addresses);
    this.#identities?.keepPacks(addresses);
  }

  /** The keys of a battery that is new to the device, after its serial number was read again. */
  async #confirmKeys(): Promise<readonly BatteryKey[]> {
    const { bank, driver } = this.#poller ?? {};
    const battery = bank?.best(this.#now);
    const identities = this.#identities;
    if (battery === undefined || driver === undefined || identities === undefined) return [];
    const { serialNumber } = battery.facts;
    if (serialNumber === undefined || this.#isSerialDoubtful)
      return identities.keysOf(battery, this.#isSerialDoubtful);
    this.#serialCheck = new SerialCheck({ address: battery.address, driver }, serialNumber);
    const other = await this.#serialCheck.outcome;
    this.#serialCheck = undefined;
    if (other === undefined) return identities.keysOf(battery, false);
    this.#options.log
      .scope('dbus')
      .warn(
        `the serial number reads as ${JSON.stringify(serialNumber)} and as ${JSON.stringify(other)}: it is not used, ` +
          'the battery is known by its adapter; connection.batteryId can name it',
      );
    this.#isSerialDoubtful = true;
    void this.#memory.save({ isSerialDoubtful: true }); // Its own failures are said by the state file.
    return identities.keysOf(battery, true);
  }

  #openOutput(): Output {
    const {
      banks = [],
      clock,
      log,
      openOutput = (options) => new VenusOutput(options),
      port,
      settings,
    } = this.#options;
    const { customName, deviceInstance } = settings.settings;
    return openOutput({
      port: serviceSuffix(port),
      ...(deviceInstance !== undefined && { wantedInstance: deviceInstance }),
      ...(customName !== undefined && { wantedName: customName }),
      banks,
      clock,
      log: log.scope('dbus'),
      onStore: (store) => this.#requests.takeOver(store),
      onCommand: (command) => this.#requests.decide(command),
      onNew: () => this.#confirmKeys(),
      recentExchanges: () => this.#recent.text(namingExchanges(this.#poller?.driver)),
      onUp: (key) => {
        this.#isUp = true;
        this.#savedAt = this.#now;
        void this.#memory.save({ key }); // Its own failures are said by the state file.
      },
      onLost: (error) => this.#fail(error),
    });
  }

  /** Writes down control and history of every battery, for the next start. */
  async #save(): Promise<void> {
    this.#savedAt = this.#now;
    const batteries = this.#poller?.bank.batteries ?? [];
    const known = batteries.filter(({ output }) => output !== undefined);
    if (known.length === 0) return;
    const control = Object.fromEntries(known.map((battery) => [battery.address, battery.memory]));
    const before = this.#memory.memory.control;
    await this.#memory.save({ control: { ...before, ...control }, savedAt: this.#options.clock.wall() });
  }
}

/** Where the batteries of this port answered before, the one that was found last first. */
function remembered(hit: Hit, addresses: readonly number[]): Hit[] {
  const others = addresses.filter((address) => address !== hit.address);
  return [hit, ...others.map((address) => ({ ...hit, address }))].slice(0, REMEMBERED_FIRST);
}
