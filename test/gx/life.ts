import { copyFile, cp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { systemClock } from '../../src/clock.ts';
import type { BusReader } from '../../src/dbus/item-reader.ts';
import { openPty, type Pty } from '../../src/simulator/line/pty.ts';
import { servePty } from '../../src/simulator/line/serve.ts';
import { buildDevice } from '../../src/simulator/plant/build.ts';
import { loadScenario } from '../../src/simulator/trials/scenario.ts';
import type { Device, RunServiceKind } from './device.ts';
import type { Packages } from './packages.ts';
import { expect, expectText, type GxTest } from './runner.ts';
import { until } from './shell.ts';
import { difference, treeOf } from './tree.ts';

/** What a device writes by itself: its logs, and the cache of its serial-starter. */
const OF_THE_DEVICE = /^(log|var\/lib\/serial-starter)\//;
/** Port, what the rules of udev make of its adapter, and the chip for the reader of this table. */
const PORTS = [
  { tty: 'ttyUSB0', service: '' },
  { tty: 'ttyUSB1', service: 'cgwacs' },
  { tty: 'ttyUSB10', service: 'rs485' },
] as const;
/** From power on to the first value with a cached type, and what of it our own program may need. */
const FIRST_VALUE_S = 10;
const OWN_SHARE_S = 1;
/** On a port that is new to us: the stock programs come first. The figure that README and docs/install.md name. */
const FIRST_TIME_S = 180;
const FIRST = '0.1.0';
const SECOND = '0.2.0';

/**
 * The life of one device with one kind of run-service.sh, from the first archive to the last trace: each test goes on where
 * the one before ended.
 */
export function lifeTests(device: Device, packages: Packages, kind: RunServiceKind): readonly GxTest[] {
  const batteries = new Map<string, { close(): Promise<void> }>();
  let before = '';
  let beforeRoot = '';

  async function plugBattery(tty: string, service: string): Promise<void> {
    const battery = await buildDevice('jbd', loadScenario('idle'), systemClock, {});
    const serving = await servePty(battery, device.port(tty));
    batteries.set(tty, {
      async close() {
        await serving.close();
        battery.close();
      },
    });
    await device.plug(tty, service);
  }

  async function unplugBattery(tty: string): Promise<void> {
    await batteries.get(tty)?.close();
    batteries.delete(tty);
    await device.unplug(tty);
  }

  async function battery(tty: string, version: string, seconds: number): Promise<BusReader> {
    const reader = await device.reader(tty);
    try {
      await until(
        `battery on ${tty}`,
        seconds,
        () => reader.number('/Dc/0/Voltage') !== undefined || undefined,
      );
    } catch (error) {
      throw new Error(`${error instanceof Error ? error.message : error}\n${await complaint(tty)}`);
    }
    const shown = reader.text('/Mgmt/ProcessVersion');
    expect(shown === version, `${tty} is served by version ${shown}, expected ${version}`);
    return reader;
  }

  async function complaint(tty: string): Promise<string> {
    return `${device.services().join(' ')}\n${await device.log('serial-starter')}\n${await device.log(`dbus-bms.${tty}`)}`;
  }

  /** Seconds until the last one was there. */
  async function allBatteries(version: string): Promise<number> {
    const begin = Date.now();
    await Promise.all(PORTS.map(({ tty }) => battery(tty, version, FIRST_TIME_S)));
    return (Date.now() - begin) / 1000;
  }

  async function script(version: string, command: string): Promise<string> {
    const folder = await packages.folder(version);
    await rm(join(device.usb, basename(folder)), { recursive: true, force: true });
    await cp(folder, join(device.usb, basename(folder)), { recursive: true });
    const { code, output } = await device.exec(`/media/usb/${basename(folder)}/install.sh ${command}`);
    expect(code === 0, output);
    return output;
  }

  const tests: readonly GxTest[] = [
    {
      name: 'an archive on a USB stick installs the driver at boot, and each battery appears, whatever its adapter',
      async run() {
        await device.scrap();
        device.runService = kind;
        await device.unpack('v3.72');
        before = await treeOf(device.data, OF_THE_DEVICE);
        for (const { tty, service } of PORTS) await plugBattery(tty, service);
        const archive = await packages.usbArchive(FIRST);
        await copyFile(archive, join(device.usb, basename(archive)));
        await device.boot();
        expectText(await device.file('/data/log/dbus-bms.install'), /installed version 0\.1\.0/);
        const seconds = (await allBatteries(FIRST)).toFixed(0);
        await rm(join(device.usb, basename(archive)));
        await copyFile(archive, join(device.usb, basename(archive)));
        const ways = PORTS.map(({ tty, service }) => `${tty} through ${service || 'default'}`).join(', ');
        return `${ways}; all there ${seconds} s after the services began (mark ${FIRST_TIME_S} s)`;
      },
    },
    {
      name: 'each battery has a service of its own, made by serial-starter from our template',
      async run() {
        const expected = PORTS.map(({ tty }) => `dbus-bms.${tty}`);
        const found = device.services().filter((name) => name.startsWith('dbus-bms.'));
        expect(
          expected.every((name) => found.includes(name)),
          `services: ${found.join(', ')}`,
        );
        for (const { tty } of PORTS)
          expectText(await device.log(`dbus-bms.${tty}`), new RegExp(`on (/dev/)?${tty}`));
      },
    },
    {
      name: 'status says in plain lines that everything is in place',
      async run() {
        const { code, output } = await device.exec('/data/apps/dbus-bms/current/install.sh status');
        expect(code === 0 && !/MISSING|DAMAGED|NO RULE/.test(output), output);
        expectText(output, /battery +ttyUSB10: up/);
      },
    },
    {
      name: 'the second boot, the stick still inserted, installs nothing and has the first value within 10 s',
      async run() {
        await device.powerOff();
        const begin = Date.now();
        await device.boot();
        const reader = await battery('ttyUSB0', FIRST, 30);
        const took = (Date.now() - begin) / 1000;
        expect(reader.isPresent, 'the battery is not on the bus');
        let own = await ownShare('ttyUSB0');
        expectText(await device.file('/data/log/dbus-bms.install'), /was installed before; nothing to do/);
        await allBatteries(FIRST);
        expect(took <= FIRST_VALUE_S, `first value after ${took.toFixed(1)} s`);
        // Three drivers start at the same moment on a boot; what one needs is measured once more when it starts alone.
        const atBoot = own;
        for (let tries = 0; own > OWN_SHARE_S && tries < 3; tries += 1) {
          await device.exec('svc -t /service/dbus-bms.ttyUSB0');
          await until('the battery leaves the bus', 10, () => !reader.isPresent || undefined);
          await battery('ttyUSB0', FIRST, 60);
          own = Math.min(own, await ownShare('ttyUSB0'));
        }
        const figures = `${atBoot.toFixed(2)} s of them ours, alone ${own.toFixed(2)} s`;
        expect(own <= OWN_SHARE_S, `first value ${took.toFixed(1)} s after power on, ${figures}`);
        return `first value ${took.toFixed(1)} s after power on (mark ${FIRST_VALUE_S} s), ${figures} (mark ${OWN_SHARE_S} s)`;
      },
    },
    {
      name: 'a cable that is pulled takes its battery away, and brings it back when it is plugged in again',
      async run() {
        const reader = await device.reader('ttyUSB10');
        await until('ttyUSB10 is there', 10, () => reader.isPresent || undefined);
        await unplugBattery('ttyUSB10');
        await until('the battery leaves the bus', 15, () => !reader.isPresent || undefined);
        await plugBattery('ttyUSB10', 'rs485');
        await battery('ttyUSB10', FIRST, 90);
      },
    },
    {
      name: 'a port with another device is left within 20 s and the other programs get it',
      async run() {
        const gps = await talkingPort(device.port('ttyUSB2'));
        try {
          await device.plug('ttyUSB2', 'cgwacs');
          const state = async (): Promise<string> =>
            (await device.exec('svstat /service/dbus-bms.ttyUSB2')).output;
          await until('our turn on ttyUSB2', 60, async () => / up /.test(await state()) || undefined);
          const begin = Date.now();
          await until('we leave ttyUSB2', 20, async () => / down /.test(await state()) || undefined);
          const took = (Date.now() - begin) / 1000;
          const log = 'serial-starter';
          await until('the next program', 20, async () => {
            const starts = (await device.log(log))
              .split('\n')
              .filter((line) => /start .*\.ttyUSB2$/.test(line));
            return starts.at(-1)?.includes('dbus-cgwacs') || undefined;
          });
          return `left after ${took.toFixed(1)} s`;
        } finally {
          await gps.close();
          await device.unplug('ttyUSB2');
        }
      },
    },
    {
      name: 'the program keeps its compiled code for the next start, and starts without it when it is damaged',
      async run() {
        const folder = `/data/apps/dbus-bms/${FIRST}`;
        const cache = join(device.data, `apps/dbus-bms/${FIRST}/dbus-bms.cache`);
        const size = await until(
          'the compiled code',
          90,
          async () => (await readFile(cache).catch(() => undefined))?.length,
        );
        for (const damage of ['x', '']) {
          await writeFile(cache, damage.repeat(1000));
          const { output } = await device.exec(`${folder}/dbus-bms --version`);
          expectText(output, /^0\.1\.0$/m);
        }
        return `${(size / 1000).toFixed(0)} kB`;
      },
    },
    {
      name: 'an update by script replaces the running driver, and the batteries come back with it',
      async run() {
        const output = await script(SECOND, 'install');
        expectText(output, /updated from 0\.1\.0 to 0\.2\.0/);
        await gone(FIRST);
        await allBatteries(SECOND);
      },
    },
    {
      name: 'an archive that was installed once does not come back over a newer version',
      async run() {
        await device.powerOff();
        await device.boot();
        expectText(await device.file('/data/log/dbus-bms.install'), /current is 0\.2\.0/);
        await allBatteries(SECOND);
      },
    },
    {
      name: 'a firmware update (root replaced, /data kept) brings the driver back, and the new stock programs stay',
      async run() {
        await device.powerOff();
        const root = await device.flash('v3.80', 'dbus-new-meter');
        await appendRules(
          root,
          'service newmeter dbus-new-meter\nalias rs485 cgwacs:fzsonick:imt:newmeter:modbus\n',
        );
        beforeRoot = await treeOf(root, /^$/);
        await device.boot();
        await allBatteries(SECOND);
        expectText(
          await device.file('/data/conf/serial-starter.d/dbus-bms.conf'),
          /alias rs485 .*newmeter.*:bmsdriver/,
        );
        const { output } = await device.exec('ls /opt/victronenergy/service-templates');
        expectText(output, /dbus-new-meter/);
        expectText(output, /^dbus-bms$/m);
      },
    },
    {
      name: 'rollback returns to the version before, while the device runs',
      async run() {
        const { code, output } = await device.exec('/data/apps/dbus-bms/current/install.sh rollback');
        expect(code === 0, output);
        expectText(output, /went back to version 0\.1\.0/);
        await gone(SECOND);
        await allBatteries(FIRST);
      },
    },
    {
      name: 'a program that dies after it had a battery is the next one that serial-starter starts',
      async run() {
        const reader = await device.reader('ttyUSB0');
        await until('ttyUSB0 is there', 10, () => reader.isPresent || undefined);
        await until('half a minute of service', 60, async () => {
          const { output } = await device.exec('svstat /service/dbus-bms.ttyUSB0');
          return Number(/(\d+) seconds/.exec(output)?.[1]) > 30 || undefined;
        });
        const starts = (await device.log('serial-starter')).length;
        await device.exec("kill -9 $(ps | grep 'run /dev/ttyUSB0$' | grep -v grep | sed 's/^ *//;s/ .*//')");
        await until('the battery leaves the bus', 10, () => !reader.isPresent || undefined);
        await battery('ttyUSB0', FIRST, 60);
        expectText((await device.log('serial-starter')).slice(starts), /^\s*INFO: start dbus-bms\.ttyUSB0$/m);
        expect(
          !/start (?!dbus-bms)/.test((await device.log('serial-starter')).slice(starts)),
          'another program came first',
        );
      },
    },
    {
      name: 'uninstalling leaves /data and the root file system byte for byte as before, and the stock programs get the ports',
      async run() {
        const { code, output } = await device.exec('/data/apps/dbus-bms/current/install.sh uninstall');
        expect(code === 0, output);
        const left = device.services().filter((name) => name.includes('dbus-bms'));
        expect(left.length === 0, `services left: ${left.join(', ')}`);
        const after = await treeOf(device.data, OF_THE_DEVICE);
        expect(after === before, difference(before, after));
        expect((await treeOf(device.firmware, /^$/)) === beforeRoot, 'the root file system was changed');
        const logs = (await readdir(join(device.data, 'log'))).filter((name) => name.includes('dbus-bms'));
        expect(logs.length === 0, `logs left: ${logs.join(', ')}`);
        const starts = (await device.log('serial-starter')).length;
        await until(
          'a stock program on ttyUSB0',
          30,
          async () =>
            /start (gps-dbus|vedirect-interface)\.ttyUSB0/.test(
              (await device.log('serial-starter')).slice(starts),
            ) || undefined,
        );
        for (const name of await readdir(join(device.data, 'var/lib/serial-starter'))) {
          const cached = await readFile(join(device.data, 'var/lib/serial-starter', name), 'utf8');
          expect(!cached.includes('bms'), `the cache of ${name} still names us`);
        }
        for (const { tty } of PORTS) await unplugBattery(tty);
        await device.scrap();
      },
    },
  ];
  return tests.map((test) => ({ ...test, name: `${kind}: ${test.name}` }));

  /** All services of that version have left the bus or were replaced. */
  async function gone(version: string): Promise<void> {
    for (const { tty } of PORTS) {
      const reader = await device.reader(tty);
      const shown = (): string | undefined => reader.text('/Mgmt/ProcessVersion');
      await until(`version ${version} leaves ${tty}`, 60, () => shown() !== version || undefined);
      await until(
        `${tty} is served again\n`,
        60,
        () => (shown() !== undefined && shown() !== version) || undefined,
      );
    }
  }
}

/** From the start of our start script to the first published value, by the clock of the kernel. */
async function ownShare(tty: string): Promise<number> {
  const uptime = Number((await readFile('/proc/uptime', 'utf8')).split(' ')[0]);
  for (const pid of (await readdir('/proc')).filter((name) => /^\d+$/.test(name))) {
    const command = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '');
    if (!command.includes(`start.sh\0${tty}\0`)) continue;
    const stat = await readFile(`/proc/${pid}/stat`, 'utf8');
    const ticks = Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19]);
    return uptime - ticks / 100;
  }
  throw new Error(`no start script for ${tty}`);
}

/** A GPS mouse: talks all the time and never answers. */
async function talkingPort(link: string): Promise<Pty> {
  const pty = await openPty(link);
  const sentence = Buffer.from(
    '$GPGGA,092725.00,4717.11399,N,00833.91590,E,1,08,1.01,499.6,M,48.0,M,,*5B\r\n',
  );
  const timer = setInterval(() => pty.write(sentence), 250);
  const close = pty.close.bind(pty);
  return {
    ...pty,
    close() {
      clearInterval(timer);
      return close();
    },
  };
}

async function appendRules(root: string, lines: string): Promise<void> {
  const file = join(root, 'etc/venus/serial-starter.conf');
  const stock = await readFile(file, 'utf8');
  await writeFile(file, stock.replace('include ', `${lines}include `));
}
