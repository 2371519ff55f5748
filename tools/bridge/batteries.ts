import type { BatteryView } from '../../src/battery/battery-view.ts';
import type { Command } from '../../src/battery/command.ts';
import { requestOf } from '../../src/battery/wishes.ts';
import { connectBus } from '../../src/dbus/client.ts';
import { BatteryService } from '../../src/venus/battery-service.ts';
import { batteryServiceName } from '../../src/venus/names.ts';
import { STATE } from '../../test/support/battery-state.ts';

/** Batteries on a bus whose values move, as drivers show them; they take wishes as a driver does. */
export class MovingBatteries {
  readonly #services: BatteryService[] = [];
  readonly #views: BatteryView[] = [];
  #round = 0;

  static async open(address: string, count: number): Promise<MovingBatteries> {
    const batteries = new MovingBatteries();
    for (let n = 1; n <= count; n += 1) await batteries.#add(address, n);
    return batteries;
  }

  async #add(address: string, n: number): Promise<void> {
    const index = n - 1;
    const view: BatteryView = {
      ...STATE,
      requests: {},
      identity: { ...STATE.identity, serial: `TEST${n}`, deviceInstance: n, customName: `Battery ${n}` },
    };
    this.#views[index] = view;
    this.#services[index] = await BatteryService.open({
      bus: await connectBus({ address }),
      name: batteryServiceName(`ttyTEST${n}`),
      view,
      log: { info: () => {}, warn: () => {}, debug: () => {} },
      onCommand: (command) => this.#obey(index, command),
    });
  }

  #obey(index: number, command: Command): boolean {
    const view = this.#views[index];
    if (command.kind !== 'wish' || view === undefined) return false;
    const { [command.wish.request]: _, ...others } = view.requests ?? {};
    this.#show(index, { ...view, requests: { ...others, ...requestOf(command.wish, command.value) } });
    return true;
  }

  #show(index: number, view: BatteryView): void {
    this.#views[index] = view;
    this.#services[index]?.update(view);
  }

  /** One second of life: 19 values of each battery move. */
  tick(): void {
    this.#round += 1;
    this.#views.forEach((view, index) => {
      const wave = Math.sin((this.#round + index) / 7);
      const cells = Array.from({ length: 16 }, (_, cell) => 3.31 + 0.005 * Math.sin(this.#round / 5 + cell));
      const voltage = cells.reduce((sum, volts) => sum + volts, 0);
      this.#show(index, {
        ...view,
        reading: { ...view.reading, voltage, current: -12 + 2 * wave, cellVoltages: cells, soc: 60 + wave },
        control: { ...view.control, soc: 60 + wave },
        history: { ...view.history, chargedEnergy: 199.8, dischargedEnergy: 180 + this.#round / 1000 },
      });
    });
  }

  close(): void {
    for (const service of this.#services) service.close();
  }
}
