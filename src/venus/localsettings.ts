import type { PackMarks } from '../battery/battery-view.ts';
import { type Clock, systemClock } from '../clock.ts';
import { type Bus, CallError, type Signal } from '../dbus/bus.ts';
import { entriesOf, fromVariant } from '../dbus/wire-values.ts';
import { BusError } from '../errors.ts';
import { type Log, SETTINGS_SERVICE } from './names.ts';
import { provisionalInstance } from './provisional-instance.ts';
import { SettingGroup } from './setting-group.ts';
import {
  CUSTOM_NAME_SETTING,
  fits,
  INSTANCE_SETTING,
  instanceOf,
  instanceSetting,
  nameSetting,
  type SettingDeclaration,
  type SettingValue,
  stored,
  TRANSIENT,
} from './setting-values.ts';
import { SettingsService } from './settings-service.ts';
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
  readonly #service: SettingsService;
  readonly #group = new SettingGroup();
  #instance: number | undefined;
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
    this.#service = new SettingsService(bus, clock);
    this.#group.declare(instanceSetting(options.wantedInstance ?? 1));
    this.#group.declare(nameSetting(options.wantedName ?? ''));
    for (const setting of settings) this.#group.declare(setting);
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
    return String(this.#group.get(CUSTOM_NAME_SETTING) ?? '');
  }

  /** The stored value; undefined for a name that was not declared. */
  get(name: string): SettingValue | undefined {
    return this.#group.get(name);
  }

  /**
   * Stores a value; while localsettings is away it is kept and written when it returns. Rejects with a BusError when
   * localsettings refuses it.
   */
  async set(name: string, value: SettingValue): Promise<void> {
    const setting = this.#group.declaration(name);
    if (setting === undefined) throw new Error(`setting ${name} was not declared`);
    this.#group.write(name, value);
    if (this.#service.owner !== undefined) await this.#save(setting);
  }

  close(): void {
    this.#closed = true;
    for (const unwatch of this.#unwatch) unwatch();
    this.#unwatch.length = 0;
    this.#service.wake();
  }

  async #open(waitMs: number): Promise<void> {
    let over = false;
    const began = this.#clock.now();
    const cancel = this.#clock.after(waitMs, () => {
      over = true;
      this.#service.wake();
    });
    let isSaid = false;
    const cancelSaying = this.#clock.after(SAY_AFTER_MS, () => {
      // The group is being looked for: localsettings is there, and the wait is for other drivers to choose theirs.
      if (this.#service.owner !== undefined && !this.#isFound) return;
      isSaid = true;
      this.#log.warn(
        `${this.#service.absence}; the battery waits for it, up to ${Math.round(waitMs / 1000)} s in all, ` +
          'because its device instance is stored there',
      );
    });
    try {
      if (this.#isFound) await this.#follow();
      this.#unwatch.push(await this.#service.watch((owner, before) => this.#onOwner(owner, before)));
      while (!(await this.#register())) {
        if (over) throw this.#service.absent(waitMs);
        await this.#service.pause();
        if (over && this.#service.owner === undefined) throw this.#service.absent(waitMs);
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
    this.#unwatch.push(await this.#service.follow(this.#root, (signal) => this.#onSignal(signal)));
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

  #onOwner(owner: string | undefined, before: string | undefined): void {
    if (!this.#opened || owner === before) return;
    if (owner === undefined) this.#log.debug('localsettings left the bus');
    else this.#returned().catch((error: unknown) => this.#log.warn(`settings not renewed: ${String(error)}`));
  }

  /** Localsettings was restarted: declare again and hand over what was written meanwhile. */
  async #returned(): Promise<void> {
    const { owner } = this.#service;
    while (!(await this.#register())) {
      await this.#service.pause();
      if (this.#closed || this.#service.owner !== owner) return;
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
      if (instance !== undefined) this.#group.declare(instanceSetting(instance));
      if (name !== undefined) this.#group.declare(nameSetting(name));
    } catch (error) {
      if (!(error instanceof CallError)) throw error;
      return false;
    }
    this.#tookOver = true;
    return true;
  }

  /** One AddSettings. False when localsettings could not answer now. */
  async #register(): Promise<boolean> {
    if (this.#service.owner === undefined || !(await this.#find()) || !(await this.#takeOver())) return false;
    let reply: unknown;
    try {
      reply = await this.#service.add(this.#root, this.#group.declared);
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
    for (const setting of this.#group.declared) {
      const value = values.get(`${this.#root}/${setting.name}`);
      if (!fits(setting, value)) missing.push(setting.name);
      else if (!this.#group.isUnsaved(setting.name)) this.#take(setting.name, value);
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
    for (const name of this.#group.unsaved) {
      const setting = this.#group.declaration(name);
      if (setting !== undefined && !missing.includes(name)) await this.#save(setting);
    }
  }

  async #save({ name, type }: SettingDeclaration): Promise<void> {
    const path = `${this.#root}/${name}`;
    try {
      await this.#group.writing(name, async (value) => {
        const result = await this.#service.write(path, type, value);
        this.#group.saved(name, value);
        if (result !== 0) throw new BusError(`localsettings refused ${JSON.stringify(value)} for ${path}`);
      });
    } catch (error) {
      if (!(error instanceof CallError) || !TRANSIENT.has(error.errorName)) throw error;
    }
  }

  #onSignal({ sender, path, body }: Signal): void {
    if (sender !== this.#service.owner) return;
    const name = path.slice(this.#root.length + 1);
    const setting = this.#group.declaration(name);
    if (setting === undefined || this.#group.isWriting(name)) return;
    const value = fromVariant(new Map(entriesOf(body[0])).get('Value'));
    if (fits(setting, value)) this.#take(name, value);
    else this.#log.warn(`localsettings announced ${JSON.stringify(value)} for ${path}; it is ignored`);
  }

  #take(name: string, value: SettingValue): void {
    const before = name === INSTANCE_SETTING ? this.#instance : this.#group.get(name);
    this.#group.take(name, value);
    if (name === INSTANCE_SETTING) this.#instance = instanceOf(value);
    const after = name === INSTANCE_SETTING ? this.#instance : value;
    if (this.#opened && before !== after) this.onChange(name);
  }
}
