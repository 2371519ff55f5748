import type { PackMarks } from '../battery/battery-view.ts';
import { type Clock, systemClock } from '../clock.ts';
import { type Bus, CallError, type Signal } from '../dbus/bus.ts';
import { BUS_ITEM } from '../dbus/names.ts';
import { entriesOf, fromVariant, toVariant } from '../dbus/wire-values.ts';
import { BusError } from '../errors.ts';
import { type Log, SETTINGS_INTERFACE, SETTINGS_SERVICE } from './names.ts';
import { provisionalInstance } from './provisional-instance.ts';
import {
  CUSTOM_NAME_SETTING,
  declaration,
  fits,
  INSTANCE_SETTING,
  instanceOf,
  type SettingDeclaration,
  type SettingValue,
  stored,
  TRANSIENT,
} from './setting-values.ts';
import { takeOver } from './take-over.ts';

export { CUSTOM_NAME_SETTING, INSTANCE_SETTING, type SettingDeclaration } from './setting-values.ts';

export interface DeviceSettingsOptions {
  /** Any connection; that of the battery service may be used. */
  readonly bus: Bus;
  /** Group of the battery, from `settingsId`: stays the same for this battery. */
  readonly id: string;
  /** Finds the group once localsettings is there; undefined when it could not answer now. Without it the group is `id`. */
  readonly find?: () => Promise<string | undefined>;
  /** Asked for when the battery is new; localsettings gives the next free number. */
  readonly wantedInstance?: number;
  /** Name for a new battery. */
  readonly wantedName?: string;
  /** By what dbus-serialbattery may have known this battery: a new one takes over instance and name from there. */
  readonly marks?: PackMarks;
  /** Further settings beside instance and name. */
  readonly settings?: readonly SettingDeclaration[];
  /** How long localsettings may take to appear and answer. */
  readonly waitMs?: number;
  readonly log: Log;
  readonly clock?: Clock;
}

const WAIT_MS = 60_000;
/** An owner who looks at the log by then must read what the battery waits for. */
const SAY_AFTER_MS = 3000;
const RETRY_MS = 1000;

/** What a Venus device remembers of one battery. */
export class DeviceSettings {
  /** A setting was changed by somebody else; `name` is without the path. */
  onChange: (name: string) => void = () => {};
  readonly #bus: Bus;
  #id: string;
  #isFound: boolean;
  readonly #log: Log;
  readonly #clock: Clock;
  readonly #options: DeviceSettingsOptions;
  readonly #declared = new Map<string, SettingDeclaration>();
  readonly #values = new Map<string, SettingValue>();
  /** Written while localsettings was away. */
  readonly #unsaved = new Set<string>();
  /** Writes under way by name: the signals that they cause are our own. */
  readonly #writing = new Map<string, number>();
  #instance: number | undefined;
  #owner: string | undefined;
  /** Wakes whoever waits for localsettings. */
  #ownerChanged: () => void = () => {};
  #tookOver = false;
  #opened = false;
  #closed = false;
  readonly #unwatch: (() => void)[] = [];

  /**
   * Resolves with what localsettings has stored. Rejects with a BusError when it does not answer within `waitMs`; answers
   * that make no sense give one warning, a provisional instance and the defaults.
   */
  static async open(options: DeviceSettingsOptions): Promise<DeviceSettings> {
    const settings = new DeviceSettings(options);
    try {
      await settings.#open(options.waitMs ?? WAIT_MS);
    } catch (error) {
      settings.close();
      throw error;
    }
    return settings;
  }

  private constructor(options: DeviceSettingsOptions) {
    const { bus, id, settings = [], log, clock = systemClock } = options;
    this.#options = options;
    this.#bus = bus;
    this.#id = id;
    this.#isFound = options.find === undefined;
    this.#log = log;
    this.#clock = clock;
    this.#declare({ name: INSTANCE_SETTING, type: 's', default: `battery:${options.wantedInstance ?? 1}` });
    this.#declare({ name: CUSTOM_NAME_SETTING, type: 's', default: options.wantedName ?? '' });
    for (const setting of settings) this.#declare(setting);
  }

  #declare(setting: SettingDeclaration): void {
    this.#declared.set(setting.name, setting);
    this.#values.set(setting.name, setting.default);
  }

  /** Group of the battery. */
  get id(): string {
    return this.#id;
  }

  get #root(): string {
    return `/Settings/Devices/${this.#id}`;
  }

  /** Device instance of the battery; unique among batteries. */
  get instance(): number {
    if (this.#instance === undefined) throw new Error('settings are read only after open');
    return this.#instance;
  }

  get customName(): string {
    return String(this.#values.get(CUSTOM_NAME_SETTING) ?? '');
  }

  /** The stored value; undefined for a name that was not declared. */
  get(name: string): SettingValue | undefined {
    return this.#values.get(name);
  }

  /**
   * Stores a value; while localsettings is away it is kept and written when it returns. Rejects with a BusError when
   * localsettings refuses it.
   */
  async set(name: string, value: SettingValue): Promise<void> {
    const setting = this.#declared.get(name);
    if (setting === undefined) throw new Error(`setting ${name} was not declared`);
    this.#values.set(name, value);
    this.#unsaved.add(name);
    if (this.#owner !== undefined) await this.#save(setting);
  }

  close(): void {
    this.#closed = true;
    for (const unwatch of this.#unwatch) unwatch();
    this.#unwatch.length = 0;
    this.#ownerChanged();
  }

  async #open(waitMs: number): Promise<void> {
    let over = false;
    const began = this.#clock.now();
    const cancel = this.#clock.after(waitMs, () => {
      over = true;
      this.#ownerChanged();
    });
    let isSaid = false;
    const cancelSaying = this.#clock.after(SAY_AFTER_MS, () => {
      // The group is being looked for: localsettings is there, and the wait is for other drivers to choose theirs.
      if (this.#owner !== undefined && !this.#isFound) return;
      isSaid = true;
      this.#log.warn(
        `${this.#absence}; the battery waits for it, up to ${Math.round(waitMs / 1000)} s in all, ` +
          'because its device instance is stored there',
      );
    });
    try {
      if (this.#isFound) await this.#follow();
      this.#unwatch.push(await this.#bus.watchOwner(SETTINGS_SERVICE, (owner) => this.#onOwner(owner)));
      while (!(await this.#register())) {
        if (over) throw this.#absent(waitMs);
        await this.#pause();
        if (over && this.#owner === undefined) throw this.#absent(waitMs);
      }
      this.#opened = true;
      if (isSaid) {
        const seconds = Math.round((this.#clock.now() - began) / 1000);
        this.#log.info(`${SETTINGS_SERVICE} answers after ${seconds} s`);
      }
    } finally {
      cancel();
      cancelSaying();
    }
  }

  /** Hears what others change in the group. */
  async #follow(): Promise<void> {
    const changed = {
      sender: SETTINGS_SERVICE,
      pathNamespace: this.#root,
      interface: BUS_ITEM,
      member: 'PropertiesChanged',
    };
    this.#unwatch.push(await this.#bus.watch(changed, (signal) => this.#onSignal(signal)));
  }

  /** False when localsettings could not answer now. */
  async #find(): Promise<boolean> {
    if (this.#isFound) return true;
    const id = await this.#options.find?.();
    if (id === undefined) return false;
    this.#id = id;
    this.#isFound = true;
    await this.#follow();
    return true;
  }

  get #absence(): string {
    return `${SETTINGS_SERVICE} ${this.#owner === undefined ? 'is not on the bus' : 'does not answer'}`;
  }

  #absent(waitMs: number): BusError {
    return new BusError(
      `${this.#absence} since ${Math.round(waitMs / 1000)} s: without it the battery has no device instance`,
    );
  }

  /** Until localsettings comes or goes; while it is there but did not answer, a second at most. */
  #pause(): Promise<void> {
    return new Promise((resolve) => {
      const cancel =
        this.#owner === undefined ? () => {} : this.#clock.after(RETRY_MS, () => this.#ownerChanged());
      this.#ownerChanged = () => {
        cancel();
        this.#ownerChanged = () => {};
        resolve();
      };
    });
  }

  #onOwner(owner: string | undefined): void {
    const before = this.#owner;
    this.#owner = owner;
    this.#ownerChanged();
    if (!this.#opened || owner === before) return;
    if (owner === undefined) this.#log.debug('localsettings left the bus');
    else this.#returned().catch((error: unknown) => this.#log.warn(`settings not renewed: ${String(error)}`));
  }

  /** Localsettings was restarted: declare again and hand over what was written meanwhile. */
  async #returned(): Promise<void> {
    const owner = this.#owner;
    while (!(await this.#register())) {
      await this.#pause();
      if (this.#closed || this.#owner !== owner) return;
    }
  }

  /** What a new battery brings along becomes its defaults. False when localsettings could not answer now. */
  async #takeOver(): Promise<boolean> {
    const { marks, wantedInstance, wantedName } = this.#options;
    if (marks === undefined || this.#tookOver) return true;
    try {
      const { instance, name } = await takeOver({
        bus: this.#bus,
        id: this.#id,
        marks,
        log: this.#log,
        instanceIsChosen: wantedInstance !== undefined,
        nameIsChosen: wantedName !== undefined,
      });
      if (instance !== undefined)
        this.#declare({ name: INSTANCE_SETTING, type: 's', default: `battery:${instance}` });
      if (name !== undefined) this.#declare({ name: CUSTOM_NAME_SETTING, type: 's', default: name });
    } catch (error) {
      if (!(error instanceof CallError)) throw error;
      return false;
    }
    this.#tookOver = true;
    return true;
  }

  /** One AddSettings. False when localsettings could not answer now. */
  async #register(): Promise<boolean> {
    if (this.#owner === undefined || !(await this.#find()) || !(await this.#takeOver())) return false;
    const declared = [...this.#declared.values()];
    let reply: unknown;
    try {
      [reply] = await this.#bus.call({
        destination: SETTINGS_SERVICE,
        path: '/',
        interface: SETTINGS_INTERFACE,
        member: 'AddSettings',
        signature: 'aa{sv}',
        body: [declared.map((setting) => declaration(`${this.#root}/${setting.name}`, setting))],
      });
    } catch (error) {
      if (!(error instanceof CallError)) throw error;
      if (TRANSIENT.has(error.errorName)) return false;
      await this.#accept(new Map(), error.message);
      return true;
    }
    await this.#accept(stored(reply), 'its answer was not usable');
    return true;
  }

  /** Takes over the values of a reply, by path; what is missing in it or of the wrong type keeps its value, with a warning. */
  async #accept(values: ReadonlyMap<string, SettingValue>, why: string): Promise<void> {
    const missing: string[] = [];
    for (const setting of this.#declared.values()) {
      const value = values.get(`${this.#root}/${setting.name}`);
      if (!fits(setting, value)) missing.push(setting.name);
      else if (!this.#unsaved.has(setting.name)) this.#take(setting.name, value);
    }
    if (this.#instance === undefined) {
      this.#instance = await provisionalInstance(this.#bus, this.#id);
    }
    if (missing.length > 0) {
      this.#log.warn(
        `localsettings did not store ${missing.join(', ')} of ${this.#id} (${why}); ` +
          `the battery runs as device instance ${this.#instance}, and these settings are forgotten at a restart`,
      );
    }
    for (const name of [...this.#unsaved]) {
      const setting = this.#declared.get(name);
      if (setting !== undefined && !missing.includes(name)) await this.#save(setting);
    }
  }

  async #save({ name, type }: SettingDeclaration): Promise<void> {
    const value = this.#values.get(name);
    const path = `${this.#root}/${name}`;
    this.#writing.set(name, (this.#writing.get(name) ?? 0) + 1);
    try {
      const [result] = await this.#bus.call({
        destination: SETTINGS_SERVICE,
        path,
        interface: BUS_ITEM,
        member: 'SetValue',
        signature: 'v',
        body: [toVariant(type, value)],
      });
      if (this.#values.get(name) === value) this.#unsaved.delete(name);
      if (result !== 0) throw new BusError(`localsettings refused ${JSON.stringify(value)} for ${path}`);
    } catch (error) {
      if (error instanceof CallError && TRANSIENT.has(error.errorName)) return;
      throw error;
    } finally {
      this.#writing.set(name, (this.#writing.get(name) ?? 1) - 1);
    }
  }

  #onSignal({ sender, path, body }: Signal): void {
    if (sender !== this.#owner) return;
    const name = path.slice(this.#root.length + 1);
    const setting = this.#declared.get(name);
    if (setting === undefined || (this.#writing.get(name) ?? 0) > 0) return;
    const value = fromVariant(new Map(entriesOf(body[0])).get('Value'));
    if (fits(setting, value)) this.#take(name, value);
    else this.#log.warn(`localsettings announced ${JSON.stringify(value)} for ${path}; it is ignored`);
  }

  #take(name: string, value: SettingValue): void {
    const before = name === INSTANCE_SETTING ? this.#instance : this.#values.get(name);
    this.#values.set(name, value);
    if (name === INSTANCE_SETTING) this.#instance = instanceOf(value);
    const after = name === INSTANCE_SETTING ? this.#instance : value;
    if (this.#opened && before !== after) this.onChange(name);
  }
}
