import { writeFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { BMSES } from '../../src/bms/index.ts';
import { connectBus } from '../../src/dbus/client.ts';
import { BusReader } from '../../src/dbus/item-reader.ts';
import { batteryServiceName } from '../../src/venus/names.ts';
import { BankLine } from '../support/bank-line.ts';
import { eventually } from '../support/bus.ts';
import { House } from '../support/house.ts';

const PACKS = 8;
const CAPACITY = 100;
const DEAD = 4;
const NOISY = 7;
/** About every fifth frame of 300 bytes arrives damaged. */
const NOISE = 0.0008;
const MINUTE = 60_000;

const packs = (count: number, more: Readonly<Record<string, unknown>> = {}) =>
  Array.from({ length: count }, (_, index) => ({ address: index + 1, capacity: CAPACITY, ...more }));

async function eight(options: { readonly current?: number } = {}): Promise<BankLine> {
  const bank = await BankLine.open('jk-pb', { packs: packs(PACKS) });
  if (options.current !== undefined) bank.device.plant.prescribe(options.current);
  await bank.run(20_000);
  bank.polls.clear();
  return bank;
}

/** Good polls of the sound pack that got the fewest. */
function fewest(bank: BankLine): number {
  const sound = bank.bank.batteries.map(({ address }) => address).filter((at) => at !== DEAD && at !== NOISY);
  return Math.min(...sound.map((address) => bank.polls.get(address) ?? 0));
}

/** What a pack gets while all are sound; computed once. */
let sound: Promise<number> | undefined;
function soundPolls(): Promise<number> {
  sound ??= eight().then(async (line) => {
    await line.run(5 * MINUTE);
    return fewest(line);
  });
  return sound;
}

describe('eight packs on one line', () => {
  it('add up their currents and capacities', async () => {
    const { device, state } = await eight({ current: 80 });
    const { reading, control } = state ?? {};
    expect(reading?.capacityFull).toBe(PACKS * CAPACITY);
    expect(reading?.current).toBeCloseTo(80, 0);
    expect(reading?.modules).toHaveLength(PACKS);
    expect(control?.alarms.bmsCable ?? 0).toBe(0);
    expect(device.plant.current).toBeCloseTo(80, 6);
  });

  it.each([
    ['lose a fifth of its answers', { bitflips: NOISE }],
    ['lose all of its answers', { bitflips: 0.1 }],
    ['begin every answer with noise and break off half of them', { garbage: 20, truncate: 0.5 }],
  ])('keep their cycle time within 10 %% when one is dead and noise makes another %s', async (_, noise) => {
    const faulty = await eight();
    faulty.fault(DEAD, { silent: 1 });
    faulty.fault(NOISY, noise);
    await faulty.run(5 * MINUTE);
    expect(faulty.polls.get(DEAD)).toBeUndefined();
    expect(fewest(faulty)).toBeGreaterThanOrEqual((await soundPolls()) / 1.1);
  });

  it.each(['jk-pb', 'daly', 'pace', 'pylontech'])(
    'of the type %s keep their limits in the polls that also ask for slow facts',
    async (id) => {
      const first = BMSES.find(({ driver }) => driver.id === id)?.driver.reach.serial.addresses[0] ?? 1;
      const line = await BankLine.open(id, {
        packs: packs(PACKS).map((pack, index) => ({ ...pack, address: first + index })),
      });
      await line.run(3 * MINUTE);
      const settled = line.state?.control;
      for (let second = 0; second < 300; second += 1) {
        await line.run(1000);
        const { control } = line.state ?? {};
        expect(control, `after ${second} s`).toMatchObject({ ccl: settled?.ccl, dcl: settled?.dcl });
      }
      expect(settled?.ccl).toBe(PACKS * 50);
    },
  );

  it('go on hearing a noisy pack often enough that its values do not grow old', async () => {
    const bank = await eight();
    bank.fault(DEAD, { silent: 1 });
    bank.fault(NOISY, { bitflips: NOISE });
    await bank.run(5 * MINUTE);
    expect(bank.polls.get(NOISY) ?? 0).toBeGreaterThan(50);
  });

  it('raise the alarm a minute after one of them died, and say which', async () => {
    const line = await eight();
    line.fault(DEAD, { silent: 1 });
    await line.run(45_000);
    expect(line.state?.control.alarms.bmsCable ?? 0).toBe(0);
    expect(line.state?.link).toMatchObject({ online: true, text: '1 of 8 packs silent (address 4)' });
    await line.run(20_000);
    const { control, reading } = line.state ?? {};
    expect(control?.alarms.bmsCable).toBe(2);
    expect(line.log.join('\n')).toContain('pack 4 gives no value');
    expect(reading?.modules?.map(({ address }) => address)).not.toContain(DEAD);
    expect(reading?.capacityFull).toBe((PACKS - 1) * CAPACITY);
  });

  it('sum up the current of the packs that answer', async () => {
    const line = await eight({ current: 80 });
    line.fault(DEAD, { silent: 1 });
    line.fault(NOISY, { bitflips: NOISE });
    await line.run(30_000);
    const answering = line.device.plant.packs.filter(({ spec }) => spec.address !== DEAD);
    const truth = answering.reduce((sum, pack) => sum + pack.current, 0);
    expect(line.state?.reading?.current).toBeCloseTo(truth, 0);
  });

  it('are never allowed more because one of them died, and get its share back with it', async () => {
    const line = await eight();
    await line.run(3 * MINUTE);
    const before = line.state?.control;
    expect(before?.ccl).toBeGreaterThan(PACKS);
    expect(before?.dcl).toBeGreaterThan(PACKS);
    line.fault(DEAD, { silent: 1 });
    for (let second = 0; second < 90; second += 5) {
      await line.run(5000);
      const now = line.state?.control;
      expect(now?.ccl).toBeLessThanOrEqual(before?.ccl ?? 0);
      expect(now?.dcl).toBeLessThanOrEqual(before?.dcl ?? 0);
      expect(now?.ccl).toBeGreaterThan(0);
    }
    const share = (PACKS - 1) / PACKS;
    expect(line.state?.control.ccl).toBeCloseTo((before?.ccl ?? 0) * share, 0);
    expect(line.state?.control.dcl).toBeCloseTo((before?.dcl ?? 0) * share, 0);
    line.fault(DEAD, undefined);
    await line.run(5 * MINUTE);
    const { control, reading } = line.state ?? {};
    expect(control?.alarms.bmsCable ?? 0).toBe(0);
    expect(control).toMatchObject({ ccl: before?.ccl, dcl: before?.dcl });
    expect(reading?.modules).toHaveLength(PACKS);
    expect(line.log.filter((text) => text.startsWith('warn jk-pb: pack 4 gives no value'))).toHaveLength(1);
    expect(line.log.filter((text) => text.startsWith('info jk-pb: pack 4 answers again after'))).toHaveLength(
      1,
    );
  });

  it('never show a wrong cell, however the line is disturbed', async () => {
    const line = await eight();
    const truths = line.device.plant.packs.map((pack) => pack.reading());
    for (const { spec } of line.device.plant.packs) line.fault(spec.address, { bitflips: 0.002 });
    for (let second = 0; second < 120; second += 1) {
      await line.run(1000);
      for (const module of line.state?.reading?.modules ?? []) {
        const truth = truths.find(({ address }) => address === module.address);
        for (const [index, cell] of (module.cellVoltages ?? []).entries())
          expect(Math.abs(cell - (truth?.cellVoltages?.[index] ?? 0)), `pack ${module.address}`).toBeLessThan(
            0.3,
          );
      }
    }
  });
});

describe('a pack that was seen in an earlier life', () => {
  it('raises the alarm when it never answers, instead of vanishing', async () => {
    const line = await BankLine.open('jk-pb', { packs: packs(2), known: [1, 2, 5] });
    await line.run(55_000);
    expect(line.state?.control.alarms.bmsCable ?? 0).toBe(0);
    expect(line.state?.reading?.modules).toHaveLength(2);
    await line.run(10_000);
    expect(line.state?.control.alarms.bmsCable).toBe(2);
    expect(line.log.join('\n')).toContain('pack 5 gives no value');
    expect(line.state?.facts.modules).toHaveLength(3);
  });

  it('counts as missing also when only one other pack is left', async () => {
    const line = await BankLine.open('jk-pb', { packs: packs(1), known: [1, 2] });
    await line.run(70_000);
    const { control, facts, reading } = line.state ?? {};
    expect(control?.alarms.bmsCable).toBe(2);
    expect(reading?.modules).toHaveLength(1);
    expect(facts?.modules).toHaveLength(2);
  });
});

describe('the scan of a line', () => {
  it('finds further packs and remembers them', async () => {
    const line = await BankLine.open('jk-pb', { packs: packs(4), known: [1], scan: true });
    await line.run(30_000);
    expect(line.bank.batteries.map(({ address }) => address)).toEqual([1, 2, 3, 4]);
    expect(line.remembered).toEqual([1, 2, 3, 4]);
    expect(line.state?.reading?.modules).toHaveLength(4);
  });

  it('goes on without delaying the packs that are there', async () => {
    const quiet = await BankLine.open('jk-pb', { packs: packs(PACKS) });
    const scanning = await BankLine.open('jk-pb', { packs: packs(PACKS), scan: true });
    for (const line of [quiet, scanning]) {
      await line.run(2 * MINUTE);
      line.polls.clear();
      await line.run(5 * MINUTE);
    }
    expect(fewest(scanning)).toBeGreaterThanOrEqual(fewest(quiet) / 1.1);
  });
});

describe('a pack that changes while the service runs', () => {
  it('is blocked when its cell count changes, and only as long', async () => {
    const line = await BankLine.open('jk-pb', { packs: packs(1) });
    await line.run(2 * MINUTE);
    expect(line.state?.control.ccl).toBeGreaterThan(0);
    await line.swap(packs(1, { cells: 15 }));
    await line.run(3000);
    expect(line.state?.control).toMatchObject({ ccl: 0, dcl: 0 });
  });

  it('is followed to its new address instead of being counted twice', async () => {
    const line = await BankLine.open('jk-pb', { packs: packs(2), known: [1, 2], scan: true });
    await line.run(30_000);
    await line.swap([...packs(1), { address: 3, capacity: CAPACITY, serialNumber: 'SIM000002' }]);
    await line.run(15 * MINUTE);
    expect(line.bank.batteries.map(({ address }) => address)).toEqual([1, 3]);
    expect(line.remembered).toEqual([1, 3]);
    expect(line.log.join('\n')).toMatch(/warn bank: pack 2 \(SIM000002\) has moved to address 3/);
    expect(line.state?.control.alarms.bmsCable ?? 0).toBe(0);
  });

  it('finds two packs to which somebody gave one serial number, as soon as anything tells them apart', async () => {
    const one = { serialNumber: '12345678', noise: 0 };
    const line = await BankLine.open('jk-pb', {
      packs: packs(2, one).map((pack, index) => ({ ...pack, cycles: 38 + 100 * index })),
      known: [1],
      scan: true,
    });
    await line.run(60_000);
    expect(line.bank.batteries.map(({ address }) => address)).toEqual([1, 2]);
    expect(line.log.join('\n')).toMatch(/addresses 1 and 2 have one serial number \(12345678\)/);
  });

  it('counts two that agree in everything once, because one pack may answer to two addresses', async () => {
    const line = await BankLine.open('jk-pb', {
      packs: packs(2, { serialNumber: '12345678', noise: 0 }),
      known: [1],
      scan: true,
    });
    await line.run(5 * MINUTE);
    expect(line.bank.batteries.map(({ address }) => address)).toEqual([1]);
    expect(line.log.filter((text) => text.includes('it counts once'))).toHaveLength(1);
  });

  it('counts once when it answers at two addresses', async () => {
    const twice = [...packs(1), { address: 2, capacity: CAPACITY, serialNumber: 'SIM000001' }];
    const line = await BankLine.open('jk-pb', { packs: twice, known: [1], scan: true });
    await line.run(MINUTE);
    expect(line.bank.batteries.map(({ address }) => address)).toEqual([1]);
    expect(line.log.filter((text) => text.includes('answers at address 2 too'))).toHaveLength(1);
  });
});

describe('a bank on the bus', () => {
  it('has one service with limits and one for each pack without, and remembers a pack that does not answer', async () => {
    const house = await House.open('jk-pb', { packs: packs(2, { noise: 0 }) });
    try {
      const hit = { id: 'jk-pb', line: { baudRate: 115_200, gapMs: 120 }, address: 3 };
      writeFileSync(house.file('ttyUSB1.json'), JSON.stringify({ hit, addresses: [1, 2, 3] }));
      const program = house.run();
      await house.isUp();
      const client = await connectBus({ address: house.bus.address });
      const [one, two, three] = await Promise.all(
        [1, 2, 3].map((address) => BusReader.open(client, batteryServiceName('ttyUSB1', address))),
      );
      await eventually(() => [one, two].every((reader) => reader?.number('/Dc/0/Voltage') !== undefined));
      for (const reader of [one, two]) {
        expect([...(reader?.items.keys() ?? [])].filter((path) => path.startsWith('/Info/Max'))).toEqual([]);
        expect(reader?.number('/Voltages/Cell16')).toBeGreaterThan(3);
      }
      await eventually(() => house.reader.number('/InstalledCapacity') === 2 * CAPACITY);
      expect(house.reader.number('/Info/MaxChargeVoltage')).toBeTypeOf('number');
      expect(house.reader.number('/System/NrOfModulesOffline')).toBe(1);
      expect(house.reader.text('/ConnectionInformation')).toBe('1 of 3 packs silent (address 3)');
      expect(three?.isPresent).toBe(false);
      expect(program.isRunning).toBe(true);
      client.disconnect();
    } finally {
      await house.close();
    }
  });
});
