import { readFileSync, writeFileSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { connectBus, variant } from '../../src/dbus/client.ts';
import { BUS_ITEM } from '../../src/dbus/names.ts';
import { eventually } from '../support/bus.ts';
import { House } from '../support/house.ts';

/** What an owner does at the display while the real program runs. */
describe('an owner', () => {
  let house: House;

  beforeEach(async () => {
    house = await House.open();
  });

  afterEach(async () => {
    await house.close();
  });

  /** SetValue of another client; resolves with the result code. */
  async function write(path: string, type: string, value: unknown): Promise<unknown> {
    const bus = await connectBus({ address: house.bus.address });
    const [result] = await bus.call({
      destination: house.service,
      path,
      interface: BUS_ITEM,
      member: 'SetValue',
      signature: 'v',
      body: [variant(type, value)],
    });
    bus.disconnect();
    return result;
  }

  it('stops the charge from the display, and a restart does not forget it', async () => {
    const program = house.run();
    await house.isUp();
    expect(await write('/Settings/ForceChargingOff', 'i', 1)).toBe(0);
    await eventually(() => house.reader.number('/Io/AllowToCharge') === 0);
    expect(house.device.plant.truth().chargeEnabled).toBe(true);
    program.process.kill('SIGTERM');
    await program.ended;
    house.run();
    await eventually(() => house.reader.number('/Settings/ForceChargingOff') === 1);
    await eventually(() => house.reader.number('/Info/MaxChargeCurrent') === 0);
  });

  it('lowers the discharge limit, never raises it', async () => {
    house.run();
    await house.isUp();
    const before = house.reader.number('/Info/MaxDischargeCurrent') ?? 0;
    expect(await write('/Settings/MaxDischargeCurrent', 'd', 12)).toBe(0);
    await eventually(() => house.reader.number('/Info/MaxDischargeCurrent') === 12);
    expect(await write('/Settings/MaxDischargeCurrent', 'd', 900)).toBe(0);
    await eventually(() => house.reader.number('/Settings/MaxDischargeCurrent') === 900);
    expect(house.reader.number('/Info/MaxDischargeCurrent')).toBeLessThanOrEqual(before);
  });

  it('cannot operate a switch of the BMS that he has not allowed', async () => {
    house.run();
    await house.isUp();
    expect(await write('/Settings/TurnBalancingOff', 'i', 1)).toBe(1);
    expect(await write('/Settings/ForceChargingOff', 'i', 2)).toBe(1);
    expect(await write('/Dc/0/Voltage', 'd', 60)).toBe(1);
  });

  it('operates the charge FET of the BMS when he allowed it, and sees that it followed', async () => {
    const config = house.file('allowed.toml');
    writeFileSync(config, '[switches]\nallowSwitches = true\n');
    const program = house.run('--config', config);
    await house.isUp();
    expect(await write('/Settings/ForceChargingOff', 'i', 1)).toBe(0);
    await program.says('charge switch of jbd at address 1 is off');
    expect(house.device.plant.truth()).toMatchObject({ chargeEnabled: false, dischargeEnabled: true });
    expect(await write('/Settings/ForceChargingOff', 'i', 0)).toBe(0);
    await program.says('charge switch of jbd at address 1 is on');
    expect(house.device.plant.truth().chargeEnabled).toBe(true);
  });

  it('puts a BMS that may be switched into standby and back, and no other', async () => {
    const config = house.file('allowed.toml');
    writeFileSync(config, '[switches]\nallowSwitches = true\n');
    const program = house.run('--config', config);
    await house.isUp();
    expect(house.reader.number('/Mode')).toBe(3);
    expect(await write('/Mode', 'i', 4)).toBe(1);
    expect(await write('/Mode', 'i', 252)).toBe(0);
    await program.says('discharge switch of jbd at address 1 is off');
    expect(house.device.plant.truth()).toMatchObject({ chargeEnabled: false, dischargeEnabled: false });
    // A write that comes just before the switches are operated is shown by the next poll only.
    await eventually(() => house.reader.number('/Settings/ForceDischargingOff') === 1);
    expect(await write('/Mode', 'i', 3)).toBe(0);
    await program.says('discharge switch of jbd at address 1 is on');
    expect(house.device.plant.truth()).toMatchObject({ chargeEnabled: true, dischargeEnabled: true });
    await program.stop();
    house.run();
    await eventually(() => house.reader.number('/Dc/0/Voltage') !== undefined);
    await eventually(() => house.reader.number('/Mode') === undefined);
    expect(await write('/Mode', 'i', 252)).toBe(1);
  });

  it('names his battery, and the name survives', async () => {
    const program = house.run();
    await house.isUp();
    expect(await write('/CustomName', 's', 'Cellar')).toBe(0);
    expect(await write('/CustomName', 'i', 5)).toBe(1);
    await eventually(() => house.reader.text('/CustomName') === 'Cellar');
    program.process.kill('SIGTERM');
    await program.ended;
    house.run();
    await eventually(() => house.reader.text('/CustomName') === 'Cellar');
  });

  it('finds control and history of his battery written down when the driver has left', async () => {
    const program = house.run();
    await house.isUp();
    program.process.kill('SIGTERM');
    expect(await program.ended).toBe(0);
    const memory = JSON.parse(readFileSync(house.file('ttyUSB1.json'), 'utf8'));
    expect(memory).toMatchObject({ hit: { id: 'jbd', address: 1 }, addresses: [1] });
    expect(memory.control['1']).toMatchObject({
      control: { version: 1, count: 16 },
      history: { armed: true },
    });
    writeFileSync(house.file('ttyUSB1.json'), '{"hit": 5, "control": [');
    house.run();
    await house.isUp();
  });
});

describe('a pack with thirteen NMC cells', () => {
  it('is controlled as what it is, not as LFP', async () => {
    const house = await House.open('hubble-am2', {
      chemistry: 'nmc',
      packs: [{ cells: 13, soc: 60, capacity: 105, noise: 0 }],
    });
    house.run('--bms', 'hubble-am2');
    await house.isUp();
    expect(house.reader.number('/Info/MaxChargeVoltage')).toBeGreaterThan(48);
    expect(house.reader.number('/ErrorCode')).toBe(0);
    await house.close();
  });
});

describe('an owner who comes from dbus-serialbattery', () => {
  const OLD = '/Settings/Devices/serialbattery';

  it('finds his battery under the same instance and name, pack by pack on a line with several', async () => {
    const scenario = {
      packs: [
        { address: 1, soc: 60, noise: 0 },
        { address: 2, soc: 60, noise: 0 },
      ],
    };
    const house = await House.open('jk-pb', scenario, 'ttyUSB1', {
      [`${OLD}__dev_ttyUSB1__0x01/ClassAndVrmInstance`]: 'battery:3',
      [`${OLD}__dev_ttyUSB1__0x01/CustomName`]: 'Left',
      [`${OLD}__dev_ttyUSB1__0x02/ClassAndVrmInstance`]: 'battery:4',
      [`${OLD}__dev_ttyUSB1__0x02/CustomName`]: 'Right',
    });
    const program = house.run();
    await program.says('takes over device instance 3 and name "Left"');
    await program.says('takes over device instance 4 and name "Right"');
    await house.close();
  });

  it('keeps instance and name of a single battery through every restart', async () => {
    const house = await House.open('jbd', { packs: [{ capacity: 100, soc: 60, noise: 0 }] }, 'ttyUSB1', {
      [`${OLD}_25_100_0AH/ClassAndVrmInstance`]: 'battery:5',
      [`${OLD}_25_100_0AH/CustomName`]: 'Cellar',
    });
    for (const _ of ['first start', 'second start']) {
      const program = house.run();
      await house.isUp();
      await eventually(() => house.reader.text('/CustomName') === 'Cellar');
      expect(house.reader.number('/DeviceInstance')).toBe(5);
      program.process.kill('SIGTERM');
      await program.ended;
    }
    await house.close();
  });
});
