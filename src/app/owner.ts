import type { Battery } from '../battery/battery.ts';
import type { BmsDriver } from '../bms/driver.ts';
import type { ControlRequests } from '../control/law.ts';
import { SET_OK, SET_REFUSED } from '../dbus/item.ts';
import { BmsError } from '../errors.ts';
import type { Log } from '../log.ts';
import type { Exchange } from '../transport/exchange.ts';
import type { SettingDeclaration } from '../venus/localsettings.ts';
import { OWNER_SETTINGS, type OwnerSetting, requestOf, settingsOfWrite } from '../venus/owner-settings.ts';
import type { Publication } from './publication.ts';

/** The settings that the device keeps for the owner. */
export const OWNER_DECLARATIONS: readonly SettingDeclaration[] = OWNER_SETTINGS.map(
  ({ max, min, name, none, type }) => ({ name, type, default: none, min, max }),
);

/** How often a switch is tried before the owner is told that it does not follow. */
const TRIES = 3;

/** What the owner asks for while the driver runs, and the switches of the BMS that follow where the owner allows it. */
export class Owner {
  requests: ControlRequests = {};
  readonly #allowSwitches: boolean;
  readonly #log: Log;
  /** Switches that the BMS has not confirmed yet, with the tries that are left. */
  readonly #pending = new Map<OwnerSetting, number>();

  constructor(allowSwitches: boolean, log: Log) {
    this.#allowSwitches = allowSwitches;
    this.#log = log;
  }

  /** Takes over what the device remembers; what is switched off is asserted again, because a BMS may have been restarted. */
  take(publication: Pick<Publication, 'setting'>): void {
    const before = this.requests;
    this.requests = Object.assign(
      {},
      ...OWNER_SETTINGS.map((setting) => requestOf(setting, publication.setting(setting.name))),
    );
    if (!this.#allowSwitches) return;
    for (const setting of OWNER_SETTINGS) {
      const { request } = setting;
      if (setting.switch !== undefined && before[request] !== this.requests[request])
        this.#pending.set(setting, TRIES);
    }
  }

  /** Whether the BMS may and can be put into standby. */
  mayStandBy({ switches }: BmsDriver): boolean {
    return this.#allowSwitches && switches?.charge !== undefined && switches.discharge !== undefined;
  }

  /** A write from the bus: a result code of SetValue. */
  write(path: string, value: number | string, publication: Publication): number {
    const settings = settingsOfWrite(path, value);
    if (settings === undefined) return SET_REFUSED;
    // Without its switch this would be a promise that nobody keeps.
    if (path === '/Settings/TurnBalancingOff' && !this.#allowSwitches) return SET_REFUSED;
    for (const [name, asked] of settings) publication.remember(name, asked);
    this.take(publication);
    return SET_OK;
  }

  /** A top balance has begun: the button springs back. */
  balanceBegan(publication: Publication): void {
    if (this.requests.topBalanceNow !== true) return;
    publication.remember('TopBalanceNow', 0);
    this.take(publication);
  }

  /** Operates the switches that are still to follow, one after the other, each confirmed by reading it back. */
  async operate(link: Exchange, batteries: readonly Battery[]): Promise<void> {
    for (const [setting, tries] of [...this.#pending]) {
      const name = setting.switch;
      if (name === undefined) continue;
      const on = this.requests[setting.request] !== true;
      const error = await this.#turn(link, batteries, name, on);
      if (error === undefined || tries <= 1) this.#pending.delete(setting);
      else this.#pending.set(setting, tries - 1);
      if (error !== undefined && tries <= 1) {
        this.#log.warn(`the BMS did not turn its ${name} switch ${on ? 'on' : 'off'}: ${error.message}`);
      }
    }
  }

  async #turn(
    link: Exchange,
    batteries: readonly Battery[],
    name: 'charge' | 'discharge' | 'balancer',
    on: boolean,
  ): Promise<BmsError | undefined> {
    let failure: BmsError | undefined;
    for (const { facts, pack } of batteries) {
      const turn = pack.driver.switches?.[name];
      if (turn === undefined) continue;
      try {
        await turn(link, pack.address, on, facts);
        this.#log.info(
          `${name} switch of ${pack.driver.id} at address ${pack.address} is ${on ? 'on' : 'off'}`,
        );
      } catch (error) {
        if (!(error instanceof BmsError) || error.code.startsWith('PORT_')) throw error;
        failure = error;
      }
    }
    return failure;
  }
}
