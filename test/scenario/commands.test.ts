import { writeFileSync } from 'node:fs';
import { afterEach, describe, expect, it } from 'vitest';
import { connectBus } from '../../src/dbus/client.ts';
import { BusReader } from '../../src/dbus/item-reader.ts';
import { batteryServiceName } from '../../src/venus/names.ts';
import { eventually } from '../support/bus.ts';
import { House, STEADY } from '../support/house.ts';
import { Program, temporaryFolder } from '../support/program.ts';

const programs: Program[] = [];
const start = (...args: readonly string[]): Program => {
  const program = new Program(args);
  programs.push(program);
  return program;
};

afterEach(async () => {
  for (const program of programs.splice(0)) await program.stop();
});

describe('the command line', () => {
  it('lists its commands and names its version', async () => {
    const help = start('--help');
    expect(await help.ended).toBe(0);
    expect(help.out.join('\n')).toMatch(/run .*probe .*read .*decode .*simulate .*demo .*check-config/s);
    const version = start('--version');
    expect(await version.ended).toBe(0);
    expect(version.out).toEqual([expect.stringMatching(/^\d+\.\d+\.\d+$/)]);
  });

  it.each([
    [['fly'], 'there is no command "fly"'],
    [['read'], 'expected one port'],
    [['read', 'tcp://10.0.0.1'], 'lacks the port number'],
    [['read', 'COM3'], 'is not a port'],
    [['read', 'ttyUSB0', '--bms', 'acme'], 'there is no BMS "acme"'],
    [['read', 'ttyUSB0', '--address', 'x'], '--address must be a whole number'],
    [['read', 'ttyUSB0', '--speed'], 'there is no option --speed'],
    [['simulate', 'jbd'], 'expected either --listen'],
    [['demo', '--for', 'ever'], '--for must be a number'],
  ])('refuses %j with one clear line and exit 2', async (args, text) => {
    const program = start(...args);
    expect(await program.ended).toBe(2);
    expect(program.err[0]).toContain(text);
    expect(program.err.length).toBeLessThanOrEqual(2);
    expect(program.out).toEqual([]);
  });
});

describe('decode', () => {
  it('turns replies, also cut ones, into one JSON document', async () => {
    const program = start('decode', 'jbd');
    program.input(
      '# from a log\ndda50300fffd77 dd03001d0618000001f201f4 00002c7c00000000000080640304030b8b0b8a0b84fa8d77\n' +
        'dda50400fffc77 dd0400080f450f3d0f370f3dfec677\n',
    );
    expect(await program.ended).toBe(0);
    expect(program.out).toHaveLength(1);
    expect(JSON.parse(program.out[0] ?? '')).toMatchObject({
      voltage: 15.6,
      soc: 100,
      cellVoltages: [3.909, 3.901, 3.895, 3.901],
      temperatures: [22.4, 22.3, 21.7],
    });
  });

  it('refuses a damaged reply with exit 1, code and reason', async () => {
    const program = start('decode', 'jbd');
    program.input('dda50400fffc77 dd0400080f450f3d0f370f3dfec777\n');
    expect(await program.ended).toBe(1);
    expect(program.err.join()).toMatch(/REPLY_CHECKSUM: .*does not match/);
    expect(program.out).toEqual([]);
  });

  it('says what it expects when a line is not hex', async () => {
    const program = start('decode', 'jbd');
    program.input('hello world\n');
    expect(await program.ended).toBe(2);
    expect(program.err[0]).toContain('expected "<request hex> <reply hex>"');
  });
});

describe('simulate, probe and read', () => {
  it('over TCP: the simulated battery is found and read as one JSON document', async () => {
    const battery = start('simulate', 'jbd', '--listen', '0');
    await battery.says('answers at tcp://');
    const port = /tcp:\S+/.exec(battery.out.join())?.[0] ?? '';
    const probe = start('probe', port, '--bms', 'jbd');
    expect(await probe.ended).toBe(0);
    expect(probe.out.at(-1)).toMatch(/^found jbd .* 16 cells/);
    const read = start('read', port, '--bms', 'jbd', '--json');
    expect(await read.ended).toBe(0);
    expect(read.out).toHaveLength(1);
    const reading = JSON.parse(read.out[0] ?? '');
    expect(reading).toMatchObject({ bms: 'jbd', cellCount: 16, chargeEnabled: true });
    expect(reading.cellVoltages).toHaveLength(16);
    expect(read.out[0]).not.toContain('null');
    battery.process.kill('SIGTERM');
    expect(await battery.ended).toBe(0);
  });

  it('over a pty: the link is made, works, and is removed at the end', async () => {
    const folder = temporaryFolder();
    const link = `${folder.path}/ttyBMS`;
    const battery = start('simulate', 'jbd', '--pty', link);
    await battery.says(`answers at ${link}`);
    const read = start('read', link, '--bms', 'jbd');
    expect(await read.ended).toBe(0);
    expect(read.out.join('\n')).toMatch(/voltage +\d\d\.\d+ V/);
    battery.process.kill('SIGTERM');
    expect(await battery.ended).toBe(0);
    folder.remove();
  });
});

describe('demo', () => {
  it('shows values, limits and reasons that a second client read from the bus, and ends by itself', async () => {
    const program = start('demo', '--for', '6', '--bms', 'jbd');
    expect(await program.ended).toBe(0);
    const screen = program.out.join('\n');
    expect(screen).toMatch(/CVL \d\d\.\d+V/);
    expect(screen).toMatch(/CCL \d+\.\d+A +\w+/);
    expect(screen).toMatch(/DCL \d+\.\d+A +\w+/);
    expect(screen).toMatch(/\b16 \d\.\d{3} V/);
  });
});

describe('check-config', () => {
  it('finds what is wrong in a file and ends with 1', async () => {
    const folder = temporaryFolder();
    const file = `${folder.path}/dbus-bms.toml`;
    writeFileSync(file, '[limits]\nmaxChargeCurent = 40\nmaxDischargeCurrent = -3\n');
    const program = start('check-config', file);
    expect(await program.ended).toBe(1);
    const text = [...program.out, ...program.err].join('\n');
    expect(text).toMatch(/2.*maxChargeCurent.*maxChargeCurrent/s);
    expect(text).toMatch(/3.*maxDischargeCurrent/s);
    folder.remove();
  });
});

describe('two batteries', () => {
  it('on ports whose names begin alike are two services with two instances, and one outlives the other', async () => {
    const house = await House.open('jbd', STEADY, 'ttyUSB1');
    const other = await House.open('jbd', STEADY, 'ttyUSB10');
    const second = await BusReader.open(
      await connectBus({ address: house.bus.address }),
      batteryServiceName('ttyUSB10'),
    );
    const first = house.run('--bms', 'jbd');
    const program = new Program(['run', other.port, '--bms', 'jbd'], house.env);
    programs.push(program);
    await house.isUp();
    await eventually(() => second.number('/Dc/0/Voltage') !== undefined);
    expect([house.reader.number('/DeviceInstance'), second.number('/DeviceInstance')].sort()).toEqual([1, 2]);
    first.process.kill('SIGKILL');
    await eventually(() => !house.reader.isPresent);
    expect(second.isPresent).toBe(true);
    await program.stop();
    await other.close();
    await house.close();
  });

  it('cannot take the same name: the second one leaves with a line', async () => {
    const house = await House.open();
    const other = await House.open();
    house.run('--bms', 'jbd');
    await house.isUp();
    const second = new Program(['run', other.port, '--bms', 'jbd'], {
      ...house.env,
      DBUS_BMS_STATE: other.file('state'),
    });
    programs.push(second);
    expect(await second.ended).toBe(1);
    expect(second.err.join()).toMatch(/BUS: .*ttyUSB1/);
    await other.close();
    await house.close();
  });
});
