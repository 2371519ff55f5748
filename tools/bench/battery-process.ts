import { BMSES } from '../../src/bms/index.ts';
import { systemClock } from '../../src/clock.ts';
import { hex } from '../../src/errors.ts';
import { Device } from '../../src/simulator/line/device.ts';
import { type Serving, servePty } from '../../src/simulator/line/serve.ts';
import { Plant } from '../../src/simulator/plant/plant.ts';
import { parseScenario } from '../../src/simulator/trials/scenario.ts';
import { answerCalls } from './helper.ts';
import { monotonicMs } from './monotonic.ts';

/** What one battery was asked since it was opened or last asked for its tally. */
export interface Tally {
  /** When the first request was complete, on the clock of all processes. */
  readonly firstRequestAt?: number;
  /** How often the most frequent request came: the number of polls. */
  readonly polls: number;
}

/** What can happen to a battery. */
export interface Change {
  /** A, > 0 charges. */
  readonly current?: number;
  readonly chargeFet?: boolean;
  readonly dischargeFet?: boolean;
  /** Moves one cell by points of its charge. */
  readonly cell?: { readonly number: number; readonly points: number };
}

interface Battery {
  readonly device: Device;
  readonly serving: Serving;
  readonly requests: Map<string, number>;
  firstRequestAt?: number;
}

const batteries = new Map<string, Battery>();

function battery(path: string): Battery {
  const found = batteries.get(path);
  if (found === undefined) throw new Error(`there is no battery at ${path}`);
  return found;
}

async function open(bms: string, path: string, scenario: unknown): Promise<void> {
  const entry = BMSES.find(({ driver }) => driver.id === bms);
  if (entry === undefined) throw new Error(`there is no BMS "${bms}"`);
  const responder = await entry.responder();
  const requests = new Map<string, number>();
  const device = new Device({
    plant: new Plant(parseScenario(scenario)),
    responders: [
      {
        accept: responder.accept,
        reply(request, reading) {
          const key = hex(request);
          requests.set(key, (requests.get(key) ?? 0) + 1);
          const here = batteries.get(path);
          if (here !== undefined) here.firstRequestAt ??= monotonicMs();
          return responder.reply(request, reading);
        },
      },
    ],
    clock: systemClock,
    baudRate: entry.driver.reach.serial.lines[0]?.baudRate ?? 9600,
    answerMs: entry.driver.reach.serial.answerMs,
  });
  batteries.set(path, { device, serving: await servePty(device, path), requests });
}

const methods = {
  open,

  tally(path: string): Tally {
    const { requests, firstRequestAt } = battery(path);
    const polls = Math.max(0, ...requests.values());
    requests.clear();
    delete battery(path).firstRequestAt;
    return { polls, ...(firstRequestAt !== undefined && { firstRequestAt }) };
  },

  /** Returns when it happened, on the clock of all processes: every later answer shows it. */
  change(path: string, { current, chargeFet, dischargeFet, cell }: Change): number {
    const { device } = battery(path);
    device.live();
    if (current !== undefined) device.plant.prescribe(current);
    for (const pack of device.plant.packs) {
      pack.chargeSwitch = chargeFet ?? pack.chargeSwitch;
      pack.dischargeSwitch = dischargeFet ?? pack.dischargeSwitch;
      if (cell !== undefined) pack.shiftCell(cell.number, cell.points);
    }
    const at = monotonicMs();
    device.live();
    return at;
  },

  async close(path: string): Promise<void> {
    const { device, serving } = battery(path);
    batteries.delete(path);
    await serving.close();
    device.close();
  },
};

export type BatteryMethods = typeof methods;

answerCalls(methods);
