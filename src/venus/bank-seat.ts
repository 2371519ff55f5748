import type { BankPlan } from '../battery/bank-members.ts';
import type { BatteryView } from '../battery/battery-view.ts';
import { NAME_SETTING } from '../battery/owner-store.ts';
import type { Clock } from '../clock.ts';
import type { Bus } from '../dbus/bus.ts';
import { connectBus } from '../dbus/client.ts';
import { BusError } from '../errors.ts';
import { BatteryService } from './battery-service.ts';
import { bankClaim } from './claim.ts';
import { DeviceSettings } from './localsettings.ts';
import { batteryServiceName, type Log, settingsId } from './names.ts';

export interface BankSeatOptions {
  readonly plan: BankPlan;
  readonly clock: Clock;
  readonly log: Log;
  /** The bus is gone. */
  readonly onLost: (error: BusError) => void;
  /** A connection of its own; default the bus of the environment. */
  readonly connect?: () => Promise<Bus>;
}

/**
 * The place from which a bank steers. It is taken in two steps: the claim, on which the members let go of their limits, and
 * then the service. Both hang on one connection, so that they end together, whatever the end.
 */
export class BankSeat {
  readonly #options: BankSeatOptions;
  readonly #bus: Bus;
  readonly #settings: DeviceSettings;
  #service: BatteryService | undefined;
  #isOpening = false;
  #isClosed = false;
  #latest: BatteryView | undefined;

  /** Resolves when the members know. Rejects with a BusError when another bank of this name is there. */
  static async claim(options: BankSeatOptions): Promise<BankSeat> {
    const { clock, connect = () => connectBus({ clock }), log, onLost, plan } = options;
    const bus = await connect();
    try {
      bus.onLost = onLost;
      const { customName = `Bank ${plan.name}`, deviceInstance } = plan;
      const settings = await DeviceSettings.open({
        bus,
        id: settingsId(`bank_${plan.name}`),
        log,
        clock,
        wantedName: customName,
        ...(deviceInstance !== undefined && { wantedInstance: deviceInstance }),
      });
      if (!(await bus.tryName(bankClaim(plan.name))))
        throw new BusError(`the bank "${plan.name}" is there already: another process is running for it`);
      return new BankSeat(options, bus, settings);
    } catch (error) {
      bus.disconnect();
      throw error;
    }
  }

  private constructor(options: BankSeatOptions, bus: Bus, settings: DeviceSettings) {
    this.#options = options;
    this.#bus = bus;
    this.#settings = settings;
    settings.onChange = () => {
      if (this.#latest !== undefined) this.#service?.update(this.#latest);
    };
  }

  /** Chargers see the bank. */
  get isShown(): boolean {
    return this.#service !== undefined;
  }

  /** Shows the bank; the first view makes it appear. */
  show(view: BatteryView): void {
    this.#latest = view;
    if (this.#service !== undefined) this.#service.update(view);
    else if (!this.#isOpening) this.#open(view);
  }

  /** The members take their own limits back. */
  close(): void {
    this.#isClosed = true;
    this.#settings.close();
    this.#service?.close();
    this.#bus.disconnect();
  }

  #open(view: BatteryView): void {
    const { log, onLost, plan } = this.#options;
    this.#isOpening = true;
    const opening = BatteryService.open({
      bus: this.#bus,
      name: batteryServiceName(plan.name),
      view,
      device: this.#settings,
      log,
      onCommand: (command) => {
        if (command.kind !== 'name') return false;
        this.#settings.set(NAME_SETTING, command.name).catch((error: unknown) => {
          log.warn(`the name will be forgotten at the next start: ${String(error)}`);
        });
        return true;
      },
    });
    opening.then(
      (service) => {
        service.onLost = onLost;
        this.#service = service;
        if (this.#isClosed) service.close();
        else if (this.#latest !== undefined) service.update(this.#latest);
      },
      (error: unknown) => {
        if (!this.#isClosed) onLost(error instanceof BusError ? error : new BusError(String(error)));
      },
    );
  }
}
