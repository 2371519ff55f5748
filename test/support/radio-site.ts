import type { BluetoothBatteryPlan } from '../../src/app/bluetooth-battery.ts';
import { serveBluetooth } from '../../src/app/bluetooth-service.ts';
import type { BatteryView } from '../../src/battery/battery-view.ts';
import { BMSES } from '../../src/bms/index.ts';
import type { LogSource } from '../../src/log.ts';
import { parseSettings } from '../../src/settings/file.ts';
import type { AdapterOptions } from '../../src/simulator/bluez/adapter.ts';
import { temporaryFolder } from './program.ts';
import { type NearBattery, RadioScene } from './radio.ts';

const STEP_MS = 10;

/** What one battery has shown. */
export interface Shown {
  /** Times of the views that came with measurements that are new, ms. */
  readonly freshAt: number[];
  /** Times of all views. */
  readonly at: number[];
  last?: BatteryView;
  closed: number;
}

/** `dbus-bms run bluetooth` in virtual time: the real service on a BlueZ, a bus and batteries that do not exist. */
export class RadioSite {
  readonly scene: RadioScene;
  readonly lines: string[] = [];
  readonly stop = new AbortController();
  readonly shown = new Map<string, Shown>();
  readonly #folder = temporaryFolder();
  #running: Promise<unknown> = Promise.resolve();
  failure: unknown;

  static async open(options: AdapterOptions = {}): Promise<RadioSite> {
    return new RadioSite(await RadioScene.open(options));
  }

  private constructor(scene: RadioScene) {
    this.scene = scene;
  }

  /** A battery near, and how the settings name it. */
  async battery(number: number, id = 'jbd'): Promise<NearBattery> {
    const address = `C8:47:80:00:00:${number.toString(16).padStart(2, '0').toUpperCase()}`;
    return this.scene.bring(id, { address, name: `${id}-${number}`, mtu: 247 });
  }

  plan(near: NearBattery, more: Partial<BluetoothBatteryPlan> = {}): BluetoothBatteryPlan {
    return {
      wanted: { address: near.address },
      drivers: BMSES.map(({ driver }) => driver),
      settings: parseSettings('', 'test.toml').forPort(),
      ...more,
    };
  }

  run(batteries: readonly BluetoothBatteryPlan[]): void {
    const { clock } = this.scene;
    const serving = serveBluetooth({
      bluetooth: this.scene.bluetooth,
      batteries,
      stateFolder: this.#folder.path,
      clock,
      log: this.#log(),
      signal: this.stop.signal,
      random: () => 0.5,
      openOutput: ({ onUp, port }) => {
        const shown: Shown = this.shown.get(port) ?? { freshAt: [], at: [], closed: 0 };
        this.shown.set(port, shown);
        onUp('key');
        return {
          show: (view) => {
            shown.at.push(clock.now());
            if (view.link.silentForS === 0) shown.freshAt.push(clock.now());
            shown.last = view;
          },
          keepPacks: () => {},
          close: () => {
            shown.closed += 1;
          },
        };
      },
    });
    this.#running = serving.catch((error: unknown) => {
      this.failure = error;
    });
  }

  /** Lets time pass; it stands still while state files are read and written, which are real. */
  async pass(ms: number): Promise<void> {
    for (let left = ms; left > 0; left -= STEP_MS) {
      await this.scene.pass(Math.min(left, STEP_MS));
      while (process.getActiveResourcesInfo().some((name) => name.startsWith('FSReq')))
        await new Promise((resolve) => setImmediate(resolve));
    }
  }

  /** Lets time pass until these batteries are read all the time; gives the time at which they are, ms. */
  async isUp(...near: readonly NearBattery[]): Promise<number> {
    for (let second = 0; second < 300; second += 1) {
      if (near.every((one) => this.of(one).freshAt.length > 5)) return this.scene.clock.now();
      await this.pass(1000);
    }
    throw new Error(`not every battery came up: ${this.lines.join(' | ')}`);
  }

  of(near: NearBattery): Shown {
    const port = `ble_${near.address.replaceAll(':', '').toLowerCase()}`;
    return this.shown.get(port) ?? { freshAt: [], at: [], closed: 0 };
  }

  /** Lines of the log from warnings on. */
  get warnings(): readonly string[] {
    return this.lines.filter((line) => /^(warn|error)/.test(line));
  }

  async close(): Promise<void> {
    this.stop.abort();
    let isOver = false;
    void this.#running.then(() => {
      isOver = true;
    });
    for (let turn = 0; !isOver && turn < 5000; turn += 1) await this.pass(STEP_MS);
    if (!isOver) throw new Error('the service does not end');
    await this.scene.until(this.scene.bluetooth.close());
    this.#folder.remove();
  }

  #log(): LogSource {
    const say = (level: string, scope: string) => (text: string) =>
      void this.lines.push(`${level} ${scope}: ${text}`);
    return {
      scope: (scope) => ({
        error: say('error', scope),
        warn: say('warn', scope),
        info: say('info', scope),
        debug: () => {},
        debugging: false,
      }),
      setLevel: () => {},
    };
  }
}

/** The longest time between two of these times, from `from` to `to`, ms. */
export function longestGap(times: readonly number[], from: number, to: number): number {
  const within = times.filter((at) => at >= from && at <= to);
  const edges = [from, ...within, to];
  return Math.max(...edges.slice(1).map((at, index) => at - (edges[index] ?? from)));
}
