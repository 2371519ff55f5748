import { setImmediate } from 'node:timers/promises';
import { detect, type Hit, hitText } from '../bms/detect.ts';
import type { BmsDriver } from '../bms/driver.ts';
import { type Clock, sleep } from '../clock.ts';
import { BmsError, PortLostError } from '../errors.ts';
import type { Log, LogSource } from '../log.ts';
import type { BatteryState } from '../publish/battery-state.ts';
import { SET_OK, SET_REFUSED } from '../publish/dbus/bus-item.ts';
import { batteryServiceName, settingsId } from '../publish/dbus/names.ts';
import { controlSettings } from '../settings/control.ts';
import type { PortSettings } from '../settings/resolve.ts';
import type { ExchangeRecord } from '../transport/exchange.ts';
import type { HalfDuplex } from '../transport/half-duplex.ts';
import { type PortUrl, portName, serviceSuffix } from '../transport/port-url.ts';
import { VERSION } from '../version.ts';
import { Bank } from './bank.ts';
import { Battery } from './battery.ts';
import { Controller } from './controller.ts';
import { batteryKey, hardwareOf, productName } from './identity.ts';
import { Journal } from './journal.ts';
import { firstLine, logExchange, openLink } from './link.ts';
import { OWNER_DECLARATIONS, Owner } from './owner.ts';
import { Pack } from './pack.ts';
import { Publication } from './publication.ts';
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
  /** Told of every exchange, for captures. */
  readonly onExchange?: (record: ExchangeRecord) => void;
}

/** serial-starter waits to give the port to the next program, which must not take over 20 s with the start of this one. */
const SEARCH_MS = 18_000;
/** So many packs that were seen before are tried before the search begins anew; each costs time when it is not there. */
const REMEMBERED_FIRST = 4;
const REOPEN_EVERY_MS = 30_000;
/** State is written down so often, and at the end: more would wear the flash. */
const SAVE_EVERY_MS = 15 * 60_000;

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
  /** Under which this bank was known before. */
  #knownKey: string | undefined;
  #bank: Bank | undefined;
  readonly #owner: Owner;
  #savedAt = 0;
  #main: Publication | undefined;
  readonly #packs = new Map<number, Publication>();

  constructor(options: PortOptions) {
    this.#options = options;
    this.#log = options.log.scope('port');
    this.#owner = new Owner(options.settings.settings.allowSwitches, options.log.scope('switch'));
    this.#journal = new Journal(options.log.scope('control'));
    this.#memory = new StateFile(options.stateFolder, serviceSuffix(options.port), this.#log);
    options.signal.addEventListener('abort', () => this.#stop.abort(), { once: true });
    if (options.signal.aborted) this.#stop.abort();
  }

  async run(): Promise<void> {
    try {
      const bank = await this.#find();
      this.#bank = bank;
      await this.#poll(bank);
    } catch (error) {
      // A port that was closed because we are leaving is no failure.
      if (!this.#stop.signal.aborted || !(error instanceof PortLostError)) throw error;
    } finally {
      this.#main?.close();
      for (const pack of this.#packs.values()) pack.close();
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

  async #find(): Promise<Bank> {
    const { clock, drivers, log, port, settings } = this.#options;
    const detectLog = log.scope('detect');
    const { hit, addresses: seen = [], key } = await this.#memory.load();
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
      budgetMs: SEARCH_MS,
      clock,
      signal: this.#stop.signal,
      onAttempt({ error, tookMs, ...attempt }) {
        if (detectLog.debugging)
          detectLog.debug(`${hitText(attempt)}: ${error?.message ?? 'yes'} (${tookMs.toFixed(0)} ms)`);
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
    if (isSame) this.#knownKey = key;
    const wanted = address !== 'auto' && driver.addresses.length > 1 ? address : isSame ? seen : [];
    const addresses = [...new Set([found.address, ...wanted])].filter((at) => driver.addresses.includes(at));
    await this.#memory.save({ hit: this.#hit, addresses });
    return new Bank({
      driver,
      addresses,
      scanned: address === 'auto' ? driver.addresses : [],
      battery: (at) => this.#battery(driver, at),
      intervalMs: settings.settings.pollInterval * 1000,
      clock,
      log,
      onTurn: (battery) => this.#publishPack(battery),
      onPacks: (now) => this.#changed(now),
    });
  }

  #battery(driver: BmsDriver, address: number): Battery {
    const { settings } = this.#options;
    const controller = new Controller(
      ({ chemistry = driver.chemistry }) =>
        controlSettings(settings, { limits: driver.limits, ...(chemistry !== undefined && { chemistry }) }),
      this.#memory.ofBattery(address, this.#options.clock.wall()),
    );
    return new Battery(new Pack(driver, address), controller, this.#now);
  }

  #open(): Promise<HalfDuplex> {
    const { clock, drivers, log, onExchange, port } = this.#options;
    this.#openedAt = this.#now;
    const wireLog = log.scope('wire');
    return openLink({
      port,
      clock,
      line: this.#hit?.line ?? firstLine(drivers),
      onExchange: (record) => {
        logExchange(wireLog, record);
        onExchange?.(record);
      },
    });
  }

  /** Polls on a fixed grid until it is time to leave. A cycle that took too long begins a new grid, it never piles up. */
  async #poll(bank: Bank): Promise<void> {
    const { clock, settings } = this.#options;
    let due = this.#now;
    while (!this.#stop.signal.aborted) {
      if (this.#link === undefined) await this.#reopen();
      await this.#unlessLost(() => bank.cycle(this.#link, this.#owner.requests, this.#stop.signal));
      await this.#publish(bank);
      if (bank.isSilent && this.#now - this.#openedAt > REOPEN_EVERY_MS) await this.#reopen();
      // A bank may fill the whole interval: the bus must have its turn all the same.
      await setImmediate();
      const link = this.#link;
      if (link !== undefined && this.#main !== undefined) {
        await this.#unlessLost(() => this.#owner.operate(link, bank.batteries));
        await this.#unlessLost(() => bank.look(link));
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
      if (!(error instanceof BmsError) || !error.code.startsWith('PORT_') || this.#stop.signal.aborted)
        throw error;
      this.#log.warn(error.message);
      await this.#reopen();
    }
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

  /** Packs came, or one moved: its old service must not go on showing a pack that is elsewhere now. */
  async #changed(addresses: readonly number[]): Promise<void> {
    for (const [address, publication] of this.#packs) {
      if (addresses.includes(address)) continue;
      publication.close();
      this.#packs.delete(address);
    }
    await this.#memory.save({ addresses });
  }

  /** The bank (or the only pack): everything of the last cycle in one update. */
  async #publish(bank: Bank): Promise<void> {
    const { best } = bank;
    const state = bank.state();
    if (best === undefined || state === undefined) return;
    this.#journal.note(state.control);
    const history = bank.isBank ? {} : { history: best.history };
    const { averageCurrent } = state.control;
    const shown = {
      ...state,
      ...history,
      ...(averageCurrent !== undefined && { averageCurrent }),
      requests: this.#owner.requests,
    };
    if (state.control.state === 'topBalance' && this.#main !== undefined)
      this.#owner.balanceBegan(this.#main);
    if (this.#main === undefined) await this.#appear(best, shown);
    else this.#main.update(shown);
  }

  async #publishPack(battery: Battery): Promise<void> {
    const now = this.#now;
    const reading = battery.shown(now);
    if (this.#main === undefined || this.#bank?.isBank !== true || battery.output === undefined) return;
    const state = {
      facts: battery.facts,
      history: battery.history,
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

  /**
   * The battery appears on the bus: only now, with the first believed values and valid limits. A bank keeps the key of the pack
   * with which it first appeared, whichever of its packs is the first to answer this time.
   */
  async #appear(battery: Battery, state: Omit<BatteryState, 'identity'>): Promise<void> {
    const name = batteryServiceName(serviceSuffix(this.#options.port));
    const key = (this.#bank?.isBank ? this.#knownKey : undefined) ?? this.#key(battery);
    const publication = await this.#publication(battery, name, key, state, true);
    this.#main = publication;
    this.#savedAt = this.#now;
    await this.#memory.save({ key });
    this.#owner.take(publication);
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
        settings: OWNER_DECLARATIONS,
        onWrite: (path, value) => this.#write(path, value),
        onSetting: () => this.#main && this.#owner.take(this.#main),
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

  #write(path: string, value: number | string): number {
    if (path === '/History/Clear') {
      for (const battery of this.#bank?.batteries ?? []) battery.clearHistory();
      return SET_OK;
    }
    return this.#main === undefined ? SET_REFUSED : this.#owner.write(path, value, this.#main);
  }

  /** Writes down control and history of every battery, for the next start. */
  async #save(): Promise<void> {
    this.#savedAt = this.#now;
    const batteries = this.#bank?.batteries ?? [];
    const known = batteries.filter(({ output }) => output !== undefined);
    if (known.length === 0) return;
    const control = Object.fromEntries(known.map((battery) => [battery.pack.address, battery.memory]));
    const before = this.#memory.memory.control;
    await this.#memory.save({ control: { ...before, ...control }, savedAt: this.#options.clock.wall() });
  }
}

/** Where the batteries of this port answered before, the one that was found last first. */
function remembered(hit: Hit, addresses: readonly number[]): Hit[] {
  const others = addresses.filter((address) => address !== hit.address);
  return [hit, ...others.map((address) => ({ ...hit, address }))].slice(0, REMEMBERED_FIRST);
}
