import { writeFileSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openSerial } from '../../src/transport/serial/serial.ts';
import { eventually } from '../support/bus.ts';
import { House } from '../support/house.ts';
import { Program } from '../support/program.ts';

/** The whole program on a pty with the real serial binding and a private bus. */
describe('a JBD battery on a serial port', () => {
  let house: House;

  beforeEach(async () => {
    house = await House.open();
  });

  afterEach(async () => {
    await house.close();
  });

  it('appears on the bus with values, cells and limits, all valid from the first moment', async () => {
    const first = new Promise<ReadonlyMap<string, unknown>>((resolve) => {
      house.reader.onChange = () => {
        if (house.reader.items.size > 0)
          resolve(new Map([...house.reader.items].map(([path, { value }]) => [path, value])));
      };
    });
    house.run();
    const seen = await first;
    expect(seen.get('/Dc/0/Voltage')).toBeGreaterThan(50);
    expect(seen.get('/Soc')).toBeCloseTo(60, 0);
    expect(seen.get('/Voltages/Cell16')).toBeGreaterThan(3);
    expect(seen.get('/DeviceInstance')).toBe(1);
    expect(seen.get('/ProductName')).toMatch(/^SerialBattery\(/);
    expect(seen.get('/Mgmt/Connection')).toContain('ttyUSB1');
    for (const path of ['MaxChargeVoltage', 'MaxChargeCurrent', 'MaxDischargeCurrent', 'BatteryLowVoltage']) {
      expect(seen.get(`/Info/${path}`), path).toBeTypeOf('number');
    }
    expect(seen.get('/Info/ChargeLimitation')).toMatch(/\w+ \w+/);
  });

  it('shows a changed value with the poll that reads it', async () => {
    house.run();
    await house.isUp();
    for (const pack of house.device.plant.packs) pack.chargeSwitch = false;
    await eventually(() => house.reader.number('/Io/AllowToCharge') === 0);
    expect(house.reader.number('/Info/MaxChargeCurrent')).toBe(0);
    expect(house.reader.text('/Info/ChargeLimitation')).toBeTruthy();
  });

  it('leaves the bus and exits with 0 on TERM', async () => {
    const program = house.run();
    await house.isUp();
    program.process.kill('SIGTERM');
    expect(await program.ended).toBe(0);
    await eventually(() => !house.reader.isPresent);
    expect(program.err).toEqual([]);
  });

  it('leaves the bus and ends with one line when the adapter is unplugged', async () => {
    const program = house.run();
    await house.isUp();
    await house.serving.close();
    expect(await program.ended).toBe(1);
    await eventually(() => !house.reader.isPresent);
    expect(program.err).toHaveLength(1);
    expect(program.err[0]).toMatch(/^error port: PORT_LOST: .*unplugged/);
  });

  it('keeps the last values while bytes are garbled, and never shows a wrong one', async () => {
    house.run();
    await house.isUp();
    const before = house.reader.number('/Dc/0/Voltage') ?? 0;
    const voltages: number[] = [];
    house.reader.onChange = () => voltages.push(house.reader.number('/Dc/0/Voltage') ?? before);
    house.device.plant.line = { ...house.device.plant.line, bitflips: 0.05, garbage: 5 };
    await eventually(
      () => house.reader.text('/ConnectionInformation') !== 'answering' || voltages.length > 5,
    );
    house.device.plant.line = { ...house.device.plant.line, bitflips: 0, garbage: 0 };
    for (const voltage of voltages) expect(Math.abs(voltage - before)).toBeLessThan(0.1);
    expect(house.reader.isPresent).toBe(true);
  });

  it('makes measurements invalid and lowers the limits when the BMS falls silent, but stays on the bus', async () => {
    house.run();
    await house.isUp();
    const before = house.reader.number('/Info/MaxChargeCurrent') ?? 0;
    house.device.plant.line = { ...house.device.plant.line, silent: 1 };
    await eventually(
      () => house.reader.isPresent && house.reader.number('/Dc/0/Voltage') === undefined,
      20_000,
    );
    expect(house.reader.number('/Info/MaxChargeVoltage')).toBeTypeOf('number');
    expect(house.reader.number('/Info/MaxChargeCurrent')).toBeLessThanOrEqual(before);
    expect(house.reader.number('/State')).toBe(10);
    expect(house.reader.text('/ConnectionInformation')).toMatch(/last answer 00:00:1\d ago/);
    house.device.plant.line = { ...house.device.plant.line, silent: 0 };
    await eventually(() => house.reader.number('/State') === 9, 20_000);
    expect(house.reader.number('/Dc/0/Voltage')).toBeGreaterThan(50);
  });

  it('keeps its device instance and name over a restart', async () => {
    const first = house.run();
    await house.isUp();
    const instance = house.reader.number('/DeviceInstance');
    first.process.kill('SIGTERM');
    await first.ended;
    house.run();
    await eventually(() => house.reader.isPresent && house.reader.items.size > 0);
    expect(house.reader.number('/DeviceInstance')).toBe(instance);
  });

  it('ends with a line when the bus goes away', async () => {
    const program = house.run();
    await house.isUp();
    await house.bus.kill();
    expect(await program.ended).toBe(1);
    expect(program.err.join()).toMatch(/^error dbus: BUS: /);
  });

  it('says that another program holds the port', async () => {
    const holder = await openSerial(house.port, { baudRate: 9600 });
    const program = house.run();
    expect(await program.ended).toBe(1);
    expect(program.err.join()).toMatch(/^error port: PORT_BUSY: .*in use/);
    await holder.close();
  });

  it('says that a port does not exist', async () => {
    const program = new Program(['run', '/dev/ttyUSB77'], house.env);
    expect(await program.ended).toBe(1);
    expect(program.err).toHaveLength(1);
    expect(program.err[0]).toMatch(/^error port: PORT_MISSING: .*ttyUSB77/);
  });

  it('starts with a broken configuration, says every line that is wrong, and stays careful', async () => {
    const config = house.file('dbus-bms.toml');
    writeFileSync(
      config,
      '\uFEFFmaxChargeCurrent = 5000\r\nnoSuchKey = 1\r\n[limits]\r\nmaxDischargeCurrent = "many"\r\n',
    );
    const program = house.run('--config', config);
    await house.isUp();
    const complaints = program.out.filter((line) => line.includes('config:'));
    expect(complaints.join('\n')).toMatch(/line 1.*maxChargeCurrent/);
    expect(complaints.join('\n')).toMatch(/noSuchKey/);
    expect(complaints.join('\n')).toMatch(/line 4.*maxDischargeCurrent/);
    expect(house.reader.number('/Info/MaxChargeCurrent')).toBeLessThanOrEqual(28);
  });
});

describe('a device that is not a BMS', () => {
  it('is left alone quickly with exit 1 and one line', async () => {
    const house = await House.open('jbd', { packs: [{ soc: 60 }], line: { silent: 1 } });
    const program = house.run('--bms', 'jbd', '--address', '1');
    expect(await program.ended).toBe(1);
    expect(program.err).toHaveLength(1);
    expect(program.err[0]).toMatch(
      /^error detect: NOTHING_FOUND: only jbd-up, jbd were tried, because of --bms jbd and --address 1,/,
    );
    expect(house.reader.isPresent).toBe(false);
    await house.close();
  });
});
