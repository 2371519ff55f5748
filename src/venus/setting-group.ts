import type { SettingDeclaration, SettingValue } from './setting-values.ts';

/** The settings of one battery in memory: what was declared, the values, and what localsettings does not have yet. */
export class SettingGroup {
  readonly #declared = new Map<string, SettingDeclaration>();
  readonly #values = new Map<string, SettingValue>();
  /** Written while localsettings was away. */
  readonly #unsaved = new Set<string>();
  /** Writes under way by name: the signals that they cause are our own. */
  readonly #writing = new Map<string, number>();

  declare(setting: SettingDeclaration): void {
    this.#declared.set(setting.name, setting);
    this.#values.set(setting.name, setting.default);
  }

  get declared(): readonly SettingDeclaration[] {
    return [...this.#declared.values()];
  }

  declaration(name: string): SettingDeclaration | undefined {
    return this.#declared.get(name);
  }

  get(name: string): SettingValue | undefined {
    return this.#values.get(name);
  }

  /** A value that localsettings has. */
  take(name: string, value: SettingValue): void {
    this.#values.set(name, value);
  }

  /** A value of our own, which localsettings does not have yet. */
  write(name: string, value: SettingValue): void {
    this.#values.set(name, value);
    this.#unsaved.add(name);
  }

  get unsaved(): readonly string[] {
    return [...this.#unsaved];
  }

  isUnsaved(name: string): boolean {
    return this.#unsaved.has(name);
  }

  isWriting(name: string): boolean {
    return (this.#writing.get(name) ?? 0) > 0;
  }

  /** Localsettings was given `value`; what was written meanwhile is still to be saved. */
  saved(name: string, value: SettingValue | undefined): void {
    if (this.#values.get(name) === value) this.#unsaved.delete(name);
  }

  /** Carries out `write` with the present value; changes that are heard until it ends are our own. */
  async writing<T>(name: string, write: (value: SettingValue | undefined) => Promise<T>): Promise<T> {
    this.#writing.set(name, (this.#writing.get(name) ?? 0) + 1);
    try {
      return await write(this.#values.get(name));
    } finally {
      this.#writing.set(name, (this.#writing.get(name) ?? 1) - 1);
    }
  }
}
