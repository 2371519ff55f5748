import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { systemClock } from '../../src/clock.ts';
import type { BusReader } from '../../src/dbus/item-reader.ts';
import type { Device } from '../../src/simulator/line/device.ts';
import { type Serving, servePty } from '../../src/simulator/line/serve.ts';
import { buildDevice } from '../../src/simulator/plant/build.ts';
import { parseScenario } from '../../src/simulator/trials/scenario.ts';
import { batteryServiceName } from '../../src/venus/names.ts';
import { eventually } from '../support/bus.ts';
import { House } from '../support/house.ts';
import { Program } from '../support/program.ts';

const SERIAL = '00000000000';
const PORTS = ['ttyUSB1', 'ttyUSB2', 'ttyUSB3'] as const;
const ROOT = '/Settings/Devices';

/** Three batteries that a reader of the bus tells by their SoC, and a driver by their cycles alone. */
const battery = (index: number) => ({
  packs: [{ soc: 30 + 20 * index, noise: 0, cycles: 40 + 100 * index, serialNumber: SERIAL }],
});

/** The whole program, a process for each port, started at the same moment. */
describe('three batteries with one serial number', () => {
  let house: House;
  let devices: Device[];
  let serving: Serving[] = [];
  let programs: Program[] = [];

  beforeEach(async () => {
    house = await House.open('jk-pb', battery(0), 'other', {
      [`${ROOT}/dbusbms_jk_${SERIAL}/ClassAndVrmInstance`]: 'battery:7',
      [`${ROOT}/dbusbms_jk_${SERIAL}/CustomName`]: 'Shed',
    });
    devices = await Promise.all(
      PORTS.map((_, index) => buildDevice('jk-pb', parseScenario(battery(index)), systemClock)),
    );
  });

  afterEach(async () => {
    await unplug();
    for (const device of devices) device.close();
    await house.close();
  });

  async function unplug(): Promise<void> {
    for (const program of programs) program.process.kill('SIGTERM');
    await Promise.all(programs.map(({ ended }) => ended));
    for (const served of serving) await served.close();
    programs = [];
    serving = [];
  }

  /** SoC of the battery and its device instance, port by port; `order` says which battery is on which port. */
  async function run(order: readonly number[]): Promise<Map<number, number>> {
    for (const [index, at] of order.entries()) {
      const device = devices[at];
      const port = PORTS[index];
      if (device === undefined || port === undefined) throw new Error('no such battery');
      serving.push(await servePty(device, join(house.file('.'), port)));
    }
    programs = serving.map(({ path }) => new Program(['run', path], house.env));
    const readers: BusReader[] = [];
    for (const port of PORTS.slice(0, order.length)) {
      readers.push(await house.readerOf(batteryServiceName(port)));
    }
    await eventually(() => readers.every((reader) => reader.number('/Dc/0/Voltage') !== undefined), 30_000);
    return new Map(
      readers.map((reader) => [
        Math.round(reader.number('/SocBms') ?? -1),
        reader.number('/DeviceInstance') ?? -1,
      ]),
    );
  }

  it('have three instances and three groups, keep them over a restart and a swap of cables, and say so', async () => {
    const first = await run([0, 1, 2]);
    expect([...first.keys()]).toEqual([30, 50, 70]);
    expect([...first.values()].sort((a, b) => a - b)).toEqual([1, 2, 7]);
    const lines = programs.flatMap(({ out, err }) => [...out, ...err]).join('\n');
    expect(lines).toMatch(/battery on ttyUSB\d \(.*\) gives the same identification as that on ttyUSB\d/);
    await unplug();
    expect(await run([0, 1, 2])).toEqual(first);
    await unplug();
    expect(await run([2, 0, 1])).toEqual(first);
    const groups = Object.keys(house.stored).filter((path) => path.endsWith('/ClassAndVrmInstance'));
    expect(groups.sort()).toEqual(
      ['', '__2', '__3'].map((copy) => `${ROOT}/dbusbms_jk_${SERIAL}${copy}/ClassAndVrmInstance`),
    );
  }, 180_000);

  it('alone is the battery that it always was', async () => {
    expect(await run([1])).toEqual(new Map([[50, 7]]));
    const reader = await house.readerOf(batteryServiceName(PORTS[0]));
    await eventually(() => reader.text('/CustomName') === 'Shed');
    expect(Object.keys(house.stored).filter((path) => path.includes('__'))).toEqual([]);
  }, 60_000);
});
