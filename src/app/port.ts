import { setImmediate } from 'node:timers/promises';
import { detect, type Hit, lineText } from '../bms/detect.ts';
import type { BmsDriver } from '../bms/driver.ts';
import { type Clock, sleep } from '../clock.ts';
import { bankOutput } from '../control/bank.ts';
import { lawFor } from '../control/decide.ts';
import type { ControlRequests, ControlSettings } from '../control/law.ts';
import { BmsError, PortLostError } from '../errors.ts';
import type { Log, LogSource } from '../log.ts';
import { mergeAlarms } from '../model/alarms.ts';
import { bankReading } from '../model/bank.ts';
import type { BatteryState } from '../publish/battery-state.ts';
import { SET_OK, SET_REFUSED } from '../publish/dbus/bus-item.ts';
import { batteryServiceName, settingsId } from '../publish/dbus/names.ts';
import { controlSettings } from '../settings/control.ts';
import type { PortSettings } from '../settings/resolve.ts';
import type { HalfDuplex } from '../transport/half-duplex.ts';
import { type PortUrl, portName, serviceSuffix } from '../transport/port-url.ts';
import { VERSION } from '../version.ts';
import { Battery } from './battery.ts';
import { batteryKey, hardwareOf, productName } from './identity.ts';
import { Journal } from './journal.ts';
import { firstLine, logExchange, openLink } from './link.ts';
import { Pack } from './pack.ts';
import { Publication } from './publication.ts';
import { Scan } from './scan.ts';
import { StateFile } from './state-file.ts';

export interface PortOptions {
  readonly port: PortUrl;
  /** Drivers to look for. */
  readonly drivers: readonly BmsDriver[];
  readonly settings: PortSettings;
  /** Where the port remembers its last hit. */
  readonly stateFolder: string;
  readonly clock: Clock;
  readonly log: LogSource;
  readonly signal: AbortSignal;
}

/** No attempt begins later: serial-starter waits to give the port to the next program, which must not take over 20 s. */
const SEARCH_MS = 17_000;
/** Failed polls of every pack in a row after which the port is opened anew. */
const REOPEN_AFTER = 10;
const REOPEN_EVERY_MS = 30_000;
const FORCE_OFF = [
  { path: '/Settings/ForceChargingOff', name: 'ForceChargingOff', request: 'chargeOff' },
  { path: '/Settings/ForceDischargingOff', name: 'ForceDischargingOff', request: 'dischargeOff' },
] as const;

/** Serves one port until the signal aborts. Rejects with the error that makes staying senseless. */
export class PortService {
  readonly #options: PortOptions;
  readonly #log: Log;
  readonly #journal: Journal;
  readonly #memory: StateFile;
  readonly #stop = new AbortController();
  #failure: BmsError | undefined;
  #link: HalfDuplex | undefined;
  #openedAt = 0;
  #hit: Hit | undefined;
  #driver: BmsDriver | undefined;
  #batteries: Battery[] = [];
  #scan: Scan | undefined;
  #requests: ControlRequests = {};
  #main: Publication | undefined;
  readonly #packs = new Map<number, Publication>();

  constructor(options: PortOptions) {
    this.#options = options;
    this.#log = options.log.scope('port');
    this.#journal = new Journal(options.log.scope('control'));
    this.#memory = new StateFile(options.stateFolder, serviceSuffix(options.port), this.#log);
    options.signal.addEventListener('abort', () => this.#stop.abort(), { once: true });
    if (options.signal.aborted) this.#stop.abort();
  }

  async run(): Promise<void> {
    try {
      await this.#find();
      await this.#poll();
    } catch (error) {
      // A port that was closed because we are leaving is no failure.
      if (!this.#stop.signal.aborted || !(error instanceof PortLostError)) throw error;
    } finally {
      this.#main?.close();
      for (const pack of this.#packs.values()) pack.close();
      await this.#link?.close();
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

  async #find(): Promise<void> {
    const { clock, drivers, log, port, settings } = this.#options;
    const detectLog = log.scope('detect');
    const { hit } = await this.#memory.load();
    const { address, baudRate } = settings.settings;
    this.#link = await this.#open();
    const close = (): void => void this.#link?.close();
    this.#stop.signal.addEventListener('abort', close, { once: true });
    const found = await detect(this.#link, {
      drivers,
      ...(hit !== undefined && { first: hit }),
      ...(address !== 'auto' && { addresses: address }),
      ...(baudRate !== 'auto' && { baudRate }),
      budgetMs: SEARCH_MS,
      now: () => clock.now(),
      signal: this.#stop.signal,
      onAttempt: ({ id, address: at, line, error, tookMs }) =>
        detectLog.debug(
          `${id} at ${at}, ${lineText(line)}: ${error?.message ?? 'yes'} (${tookMs.toFixed(0)} ms)`,
        ),
    });
    this.#stop.signal.removeEventListener('abort', close);
    const { driver, line } = found;
    this.#driver = driver;
    this.#hit = { id: driver.id, line, address: found.address };
    detectLog.info(
      `${driver.name} (${driver.id}) on ${portName(port)} at address ${found.address}, ${lineText(line)}` +
        `${found.reading.cellCount === undefined ? '' : `, ${found.reading.cellCount} cells`}`,
    );
    const remembered = hit?.id === driver.id ? (this.#memory.memory.addresses ?? []) : [];
    const wanted = address === 'auto' || driver.addresses.length === 1 ? remembered : address;
    const addresses = [...new Set([found.address, ...wanted])].filter((at) => driver.addresses.includes(at));
    this.#batteries = addresses.map((at) => this.#battery(driver, at));
    this.#scan = new Scan(driver, address === 'auto' ? driver.addresses : []);
    await this.#memory.save({ hit: this.#hit, addresses });
  }

  #battery(driver: BmsDriver, address: number): Battery {
    const control: ControlSettings = controlSettings(this.#options.settings, driver);
    return new Battery(new Pack(driver, address), lawFor(control.profile), control, this.#now);
  }

  #open(): Promise<HalfDuplex> {
    const { clock, drivers, log, port } = this.#options;
    this.#openedAt = this.#now;
    const wireLog = log.scope('wire');
    return openLink({
      port,
      clock,
      line: this.#hit?.line ?? firstLine(drivers),
      onExchange: (record) => logExchange(wireLog, record),
    });
  }

  /** Polls on a fixed grid until it is time to leave. A cycle that took too long skips grid points, it never piles up. */
  async #poll(): Promise<void> {
    const { clock, settings } = this.#options;
    const intervalMs = settings.settings.pollInterval * 1000;
    const start = this.#now;
    while (!this.#stop.signal.aborted) {
      await this.#cycle();
      const next = start + (Math.floor((this.#now - start) / intervalMs) + 1) * intervalMs;
      if (this.#stop.signal.aborted) break;
      // A bank may fill the whole interval: the bus must have its turn all the same.
      await setImmediate();
      await this.#look(next);
      await sleep(clock, next - this.#now, this.#stop.signal);
    }
  }

  async #cycle(): Promise<void> {
    if (this.#link === undefined) await this.#reopen();
    for (const battery of this.#batteries) {
      if (this.#stop.signal.aborted) return;
      await this.#ask(battery);
      if (this.#batteries.length > 1) await this.#publishPack(battery);
    }
    await this.#publish();
    if (this.#link !== undefined && this.#isSilent()) await this.#reopen();
  }

  async #ask(battery: Battery): Promise<void> {
    const { pack } = battery;
    if (this.#batteries.length === 1) pack.keepAsking();
    const link = this.#link;
    if (link === undefined || !pack.isDue(this.#now))
      return battery.take(undefined, this.#now, this.#requests);
    const before = battery.complaint;
    try {
      const result = await pack.poll(link, () => this.#now);
      battery.take(result, this.#now, this.#requests);
    } catch (error) {
      if (!(error instanceof BmsError) || this.#stop.signal.aborted) throw error;
      await this.#lostLink(error);
      battery.take({ error }, this.#now, this.#requests);
    }
    this.#tell(battery, before);
  }

  /** One line when a pack begins to fail, one when it is back. */
  #tell(battery: Battery, before: string | undefined): void {
    const { complaint, pack } = battery;
    if ((before === undefined) === (complaint === undefined)) return;
    const log = this.#options.log.scope(pack.driver.id);
    const who = this.#batteries.length > 1 ? `pack ${pack.address} ` : '';
    if (complaint === undefined) log.info(`${who}answers again`);
    else if (battery.silentForMs(this.#now) > 3000 || pack.failures > 2)
      log.warn(`${who}gives no value: ${complaint}`);
    else log.debug(`${who}gave no value: ${complaint}`);
  }

  #isSilent(): boolean {
    const tired = this.#batteries.every(({ pack }) => pack.failures >= REOPEN_AFTER);
    return tired && this.#now - this.#openedAt > REOPEN_EVERY_MS;
  }

  /** The connection ended: a tty that is gone ends the service, anything else is opened again. */
  async #lostLink(error: BmsError): Promise<void> {
    this.#log.warn(error.message);
    await this.#link?.close();
    this.#link = undefined;
    await this.#reopen();
  }

  async #reopen(): Promise<void> {
    await this.#link?.close();
    this.#link = undefined;
    try {
      this.#link = await this.#open();
    } catch (error) {
      if (!(error instanceof BmsError)) throw error;
      const isGone = this.#options.port.kind === 'serial' && error.code === 'PORT_MISSING';
      if (isGone) throw new PortLostError(`${portName(this.#options.port)} was unplugged; this service ends`);
      this.#log.debug(`cannot open again: ${error.message}`);
    }
  }

  /** Looks for one more pack on the line when there is time before the next grid point. */
  async #look(until: number): Promise<void> {
    const driver = this.#driver;
    const link = this.#link;
    if (driver === undefined || link === undefined || this.#main === undefined) return;
    const address = this.#scan?.next(
      this.#now,
      this.#batteries.map(({ pack }) => pack.address),
    );
    if (address === undefined || until <= this.#now) return;
    try {
      await driver.probe(link, address);
    } catch (error) {
      if (!(error instanceof BmsError)) throw error;
      if (error.code.startsWith('PORT_')) await this.#lostLink(error);
      return;
    }
    this.#log.info(`another pack answers at address ${address}`);
    this.#batteries.push(this.#battery(driver, address));
    this.#batteries.sort((a, b) => a.pack.address - b.pack.address);
    await this.#memory.save({ addresses: this.#batteries.map(({ pack }) => pack.address) });
  }

  /** The bank (or the only pack): everything of the last cycle in one update. */
  async #publish(): Promise<void> {
    const now = this.#now;
    const members = this.#batteries
      .map((battery) => battery.member())
      .filter((member) => member !== undefined);
    const limits = bankOutput(members);
    const best = this.#batteries.reduce((a, b) => (b.silentForMs(now) < a.silentForMs(now) ? b : a));
    if (limits === undefined) return;
    const missing = this.#batteries.filter((battery) => battery.output?.freshness !== 'fresh');
    const isPart = missing.length > 0 && missing.length < this.#batteries.length;
    const longSilent = missing.some((battery) => battery.silentForMs(now) > 60_000);
    const control =
      isPart && longSilent ? { ...limits, alarms: mergeAlarms(limits.alarms, { bmsCable: 2 }) } : limits;
    const modules = this.#batteries
      .map((battery) => battery.module(now))
      .filter((module) => module !== undefined);
    const reading = modules.length > 0 ? bankReading(modules) : undefined;
    const facts = bankReading(
      this.#batteries.map(({ facts: known, pack }) => ({ ...known, address: pack.address })),
    );
    const state = {
      facts,
      control,
      ...(reading !== undefined && { reading }),
      link: isPart
        ? { ...best.link(now), text: `${missing.length} of ${this.#batteries.length} packs silent` }
        : best.link(now),
      requests: this.#requests,
    };
    this.#journal.note(control);
    if (this.#main === undefined) await this.#appear(best, state);
    else this.#main.update(state);
  }

  async #publishPack(battery: Battery): Promise<void> {
    const now = this.#now;
    const reading = battery.shown(now);
    if (this.#main === undefined || battery.output === undefined) return;
    const state = {
      facts: battery.facts,
      link: battery.link(now),
      ...(reading !== undefined && { reading }),
    };
    const { address } = battery.pack;
    const publication = this.#packs.get(address);
    if (publication !== undefined) return publication.update(state);
    const name = batteryServiceName(serviceSuffix(this.#options.port), address);
    const id = `${this.#key(battery)}_pack_${address}`;
    this.#packs.set(address, await this.#publication(battery, name, id, state));
  }

  #key(battery: Battery): string {
    const { batteryId } = this.#options.settings.settings;
    return batteryKey({
      driver: battery.pack.driver,
      address: battery.pack.address,
      reading: battery.facts,
      ...(batteryId !== undefined && { batteryId }),
      hardware: hardwareOf(this.#options.port),
    });
  }

  /** The battery appears on the bus: only now, with the first believed values and valid limits. */
  async #appear(battery: Battery, state: Omit<BatteryState, 'identity'>): Promise<void> {
    const name = batteryServiceName(serviceSuffix(this.#options.port));
    const publication = await this.#publication(battery, name, this.#key(battery), state, true);
    this.#main = publication;
    this.#takeRequests(publication);
  }

  #publication(
    battery: Battery,
    name: string,
    key: string,
    state: Omit<BatteryState, 'identity'>,
    isMain = false,
  ): Promise<Publication> {
    const { clock, log, port, settings } = this.#options;
    const { customName, deviceInstance } = settings.settings;
    const { serialNumber } = battery.facts;
    const publication: Promise<Publication> = Publication.open({
      name,
      id: settingsId(key),
      ...(isMain && deviceInstance !== undefined && { wantedInstance: deviceInstance }),
      ...(isMain && customName !== undefined && { wantedName: customName }),
      ...(isMain && {
        settings: FORCE_OFF.map((item) => ({
          name: item.name,
          type: 'i' as const,
          default: 0,
          min: 0,
          max: 1,
        })),
        onWrite: (path, value) => this.#write(path, value),
        onSetting: () => this.#main && this.#takeRequests(this.#main),
      }),
      identity: {
        productName: productName(battery.pack.driver),
        connection: port.kind === 'serial' ? port.path.replace(/^\/dev\//, '') : portName(port),
        processVersion: VERSION,
        serial: serialNumber ?? key,
      },
      state,
      onLost: (error) => this.#fail(error),
      log: log.scope('dbus'),
      clock,
    });
    return publication;
  }

  /** What the device remembered of the owner's switches counts from the next decision on. */
  #takeRequests(publication: Publication): void {
    const on = FORCE_OFF.filter(({ name }) => publication.setting(name) === 1);
    this.#requests = Object.fromEntries(on.map(({ request }) => [request, true]));
  }

  #write(path: string, value: number | string): number {
    const item = FORCE_OFF.find((candidate) => candidate.path === path);
    if (item === undefined || this.#main === undefined) return SET_REFUSED;
    this.#main.remember(item.name, value);
    this.#takeRequests(this.#main);
    return SET_OK;
  }
}
