import { mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { parseTar } from 'nanotar';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { House, STEADY } from '../support/house.ts';
import { Program, temporaryFolder } from '../support/program.ts';

const PASSWORD = 'correct-horse-battery';
let house: House;
let folder: ReturnType<typeof temporaryFolder>;
beforeAll(async () => {
  folder = temporaryFolder();
  mkdirSync(`${folder.path}/log/dbus-bms.ttyUSB1`, { recursive: true });
  const lines = Array.from({ length: 300 }, (_, index) => `info control: line ${index}`);
  const log = [...lines, `info mqtt: password=${PASSWORD}`, 'debug wire: dda50500fffb77 -> dd05...', ''];
  writeFileSync(`${folder.path}/log/dbus-bms.ttyUSB1/current`, log.join('\n'));
  writeFileSync(`${folder.path}/dbus-bms.toml`, '[connection]\ncustomName = "Garden shed"\nfoo = 3\n');
  house = await House.open('jk-pb', STEADY, 'ttyUSB1');
  house.run('--bms', 'jk-pb');
  await house.isUp();
});
afterAll(async () => {
  await house.close();
  folder.remove();
});

async function made(name: string, env: Record<string, string> = house.env): Promise<Program> {
  const program = new Program(
    [
      'report',
      `${folder.path}/${name}`,
      '--config',
      `${folder.path}/dbus-bms.toml`,
      '--log',
      `${folder.path}/log`,
    ],
    env,
  );
  await program.ended;
  return program;
}

const filesOf = (name: string): ReadonlyMap<string, string> =>
  new Map(
    parseTar(gunzipSync(readFileSync(`${folder.path}/${name}`))).map((file) => [
      file.name.replace(/^[^/]+\//, ''),
      file.text,
    ]),
  );

it('holds versions, settings, log, values with reasons and the last minute on the wire, and says so before it is written', async () => {
  const program = await made('whole.tar.gz');
  expect(await program.ended).toBe(0);
  const files = filesOf('whole.tar.gz');
  expect([...files.keys()]).toEqual([
    'README.txt',
    'device.txt',
    'ports.txt',
    'dbus-bms.toml',
    'batteries.json',
    'capture/ttyUSB1.jsonl',
    'log/dbus-bms.ttyUSB1.txt',
  ]);
  expect(program.out.join('\n')).toContain(files.get('README.txt')?.trim());
  expect(program.out.at(-1)).toMatch(/whole\.tar\.gz written$/);
  expect(files.get('device.txt')).toMatch(/^dbus-bms +\d+\.\d+\.\d+\n/);
  expect(JSON.parse(files.get('batteries.json') ?? '')).toMatchObject([
    {
      service: 'com.victronenergy.battery.ttyUSB1',
      control: { chargeReason: expect.stringMatching(/harge/) },
      reading: { cellVoltages: expect.any(Array) },
      link: { online: true },
    },
  ]);
  expect(files.get('dbus-bms.toml')).toMatch(/# warning: line 3: .*foo.* there is no such setting/);
  expect(files.get('log/dbus-bms.ttyUSB1.txt')?.split('\n')).toHaveLength(201);
  expect(statSync(`${folder.path}/whole.tar.gz`).mode & 0o777).toBe(0o600);
});

it('holds no password, no name and no serial number, in the frames neither', async () => {
  await made('clean.tar.gz');
  const text = [...filesOf('clean.tar.gz').values()].join('\n');
  const serial = house.reader.text('/Serial') ?? '';
  expect(serial.length).toBeGreaterThan(3);
  for (const secret of [serial, Buffer.from(serial).toString('hex'), PASSWORD, 'Garden shed'])
    expect(text).not.toContain(secret);
  expect(text).toMatch(/serial-[\da-f]{8}/);
  expect(text).not.toContain('debug wire');
});

it('is read by replay, which finds the capture in it', async () => {
  await made('replayed.tar.gz');
  const program = new Program(['replay', `${folder.path}/replayed.tar.gz`], house.env);
  expect(await program.ended).toBe(0);
  expect(program.out.join('\n')).toMatch(/jk-pb .* V /);
});

it('is made without a bus as well, and says what is missing', async () => {
  const program = await made('alone.tar.gz', {
    ...house.env,
    DBUS_SESSION_BUS_ADDRESS: `unix:path=${folder.path}/none`,
  });
  expect(await program.ended).toBe(0);
  expect(program.out.join('\n')).toMatch(/batteries\.txt +none: no connection to D-Bus/);
});

it('does not write over a file, and says in one line what stands in its way', async () => {
  await made('once.tar.gz');
  const again = await made('once.tar.gz');
  expect(await again.ended).toBe(1);
  expect(again.err).toEqual([expect.stringMatching(/once\.tar\.gz is there already; give another name/)]);
  const nowhere = await made('no/folder/x.tar.gz');
  expect(await nowhere.ended).toBe(1);
  expect(nowhere.err).toEqual([expect.stringMatching(/cannot be written: there is no such file or folder/)]);
});
