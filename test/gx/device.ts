import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { chmod, copyFile, cp, mkdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Bus } from '../../src/dbus/bus.ts';
import { connectBus } from '../../src/dbus/client.ts';
import { BusReader } from '../../src/dbus/item-reader.ts';
import { SettingsStandIn } from '../../src/simulator/venus/localsettings.ts';
import { type PrivateBus, startPrivateBus } from '../../src/simulator/venus/private-bus.ts';
import { batteryServiceName } from '../../src/venus/names.ts';
import { execute, must, type Outcome, until } from './shell.ts';

const STAND_INS = fileURLToPath(new URL('rootfs', import.meta.url));
const RUN_SERVICES = fileURLToPath(new URL('run-service', import.meta.url));
/** What run-service.sh of serial-starter may be like: its text is not public, and a driver must live with each kind. */
export const RUN_SERVICE_KINDS = ['trap-on-exit', 'unlock-in-start', 'bash-source'] as const;
export type RunServiceKind = (typeof RUN_SERVICE_KINDS)[number];
const DAEMONTOOLS = ['svscan', 'supervise', 'multilog', 'svc', 'svok', 'svstat', 'tai64nlocal'];
const STOCK_TEMPLATES = [
  'dbus-cgwacs',
  'dbus-fzsonick-48tl',
  'dbus-imt-si-rs485tc',
  'dbus-modbus-client.serial',
  'gps-dbus',
  'mk2-dbus',
  'vedirect-interface',
];
const PATH = '/usr/sbin:/usr/bin:/sbin:/bin';

/**
 * A look-alike of a GX device: BusyBox, real daemontools, stand-ins for Victron's own programs, a read-only root and a
 * /data of its own. Must live in a mount namespace of its own, because it mounts much and may be killed at any time.
 */
export class Device {
  readonly #work: string;
  /** What the device sees as /. */
  readonly root: string;
  readonly data: string;
  /** What the device sees as /media/usb. */
  readonly usb: string;
  /** What the device sees as /dev: the ports that are plugged in outlive a boot. */
  readonly #dev: string;
  /** The kind that the next root file system has. */
  runService: RunServiceKind = 'trap-on-exit';
  #firmware = '';
  #init: ChildProcess | undefined;
  #bus: PrivateBus | undefined;
  #connections: Bus[] = [];
  readonly #adapters = new Map<string, string>();

  constructor(work: string) {
    this.#work = work;
    this.root = join(work, 'root');
    this.data = join(work, 'data');
    this.usb = join(work, 'usb');
    this.#dev = join(work, 'dev');
  }

  /** A port as the device names it, where a simulator can make it. */
  port(tty: string): string {
    return join(this.#dev, tty);
  }

  /** A new device: no data, nothing plugged in. `sizeMb` limits /data. */
  async unpack(firmware = 'v3.72', sizeMb = 1024): Promise<void> {
    for (const folder of [this.root, this.data, this.usb, this.#dev])
      await mkdir(folder, { recursive: true });
    await must('mount', '-t', 'tmpfs', '-o', `size=${sizeMb}m,mode=755`, 'data', this.data);
    await must('mount', '-t', 'tmpfs', '-o', 'mode=755', 'dev', this.#dev);
    await mkdir(join(this.data, 'conf'));
    await mkdir(join(this.data, 'log'));
    await mkdir(join(this.data, 'var/lib/serial-starter'), { recursive: true });
    for (const name of ['null', 'zero', 'urandom', 'tty', 'ptmx']) {
      await writeFile(join(this.#dev, name), '');
      await must('mount', '--bind', `/dev/${name}`, join(this.#dev, name));
    }
    await mkdir(join(this.#dev, 'pts'));
    await must('mount', '--bind', '/dev/pts', join(this.#dev, 'pts'));
    await this.flash(firmware);
  }

  /** Writes another root file system, as a firmware update does. The device must be off. */
  async flash(version: string, ...templates: string[]): Promise<string> {
    this.#firmware = join(this.#work, `rootfs-${version}`);
    const root = this.#firmware;
    await rm(root, { recursive: true, force: true });
    await cp(STAND_INS, root, { recursive: true });
    await copyFile(
      join(RUN_SERVICES, `${this.runService}.sh`),
      join(root, 'opt/victronenergy/serial-starter/run-service.sh'),
    );
    for (const folder of [
      'data',
      'dev',
      'media/usb',
      'proc',
      'run',
      'service',
      'tmp',
      'usr/bin',
      'usr/lib',
      'usr/lib64',
      'usr/sbin',
      'var/volatile',
      'home/root',
    ]) {
      await mkdir(join(root, folder), { recursive: true });
    }
    for (const [link, target] of [
      ['bin', 'usr/bin'],
      ['lib', 'usr/lib'],
      ['lib64', 'usr/lib64'],
      ['var/log', '/data/log'],
      ['var/lock', '/run/lock'],
      ['var/run', '/run'],
    ] as const) {
      await symlink(target, join(root, link));
    }
    await copyFile('/usr/bin/busybox', join(root, 'usr/bin/busybox'));
    await copyFile('/usr/bin/bash', join(root, 'usr/bin/bash'));
    const applets = await must('/usr/bin/busybox', '--list');
    for (const applet of applets.trim().split('\n')) {
      // The ones of runit; the device has those of daemontools.
      if (!DAEMONTOOLS.includes(applet) && applet !== 'busybox' && applet !== 'bash')
        await symlink('busybox', join(root, 'usr/bin', applet));
    }
    for (const name of DAEMONTOOLS) await copyFile(join('/usr/bin', name), join(root, 'usr/bin', name));
    await writeFile(join(root, 'usr/bin/development-node'), '');
    await writeFile(join(root, 'opt/victronenergy/version'), `${version}\nVenus\n20260801120000\n`);
    await writeFile(join(root, 'etc/venus/machine'), 'einstein\n');
    for (const template of [...STOCK_TEMPLATES, ...templates]) await this.#stockTemplate(template);
    return root;
  }

  async #stockTemplate(name: string): Promise<void> {
    const folder = join(this.#firmware, 'opt/victronenergy/service-templates', name);
    await mkdir(join(folder, 'log'), { recursive: true });
    await writeFile(join(folder, 'down'), '');
    await writeFile(join(folder, 'run'), '#!/bin/sh\nexec 2>&1\nexec /opt/victronenergy/probe.sh TTY\n');
    await writeFile(join(folder, 'log/run'), `#!/bin/sh\nexec multilog t s25000 n4 /var/log/${name}.TTY\n`);
    await chmod(join(folder, 'run'), 0o755);
    await chmod(join(folder, 'log/run'), 0o755);
  }

  get firmware(): string {
    return this.#firmware;
  }

  /** Mounts everything as the kernel and the first start script do, without starting a program. */
  async mount(): Promise<void> {
    const { root } = this;
    await must('mount', '--bind', this.#firmware, root);
    await must('mount', '-o', 'remount,bind,ro', root);
    for (const [from, to] of [
      [this.data, 'data'],
      [this.#dev, 'dev'],
      [this.usb, 'media/usb'],
      ['/proc', 'proc'],
      ['/usr/lib', 'usr/lib'],
      ['/usr/lib64', 'usr/lib64'],
      [process.execPath, 'usr/bin/development-node'],
    ] as const) {
      await must('mount', '--rbind', from, join(root, to));
    }
    for (const folder of ['run', 'tmp', 'service', 'var/volatile']) {
      await must('mount', '-t', 'tmpfs', '-o', 'mode=755', folder, join(root, folder));
    }
    await mkdir(join(root, 'run/dbus'));
    await mkdir(join(root, 'run/lock/serial-starter'), { recursive: true });
  }

  async unmount(): Promise<void> {
    if (existsSync(join(this.root, 'data'))) await must('umount', '-R', '-l', this.root);
  }

  /** Power on. Resolves when all start scripts have ended and the services start. */
  async boot(): Promise<void> {
    await this.mount();
    this.#bus = await startPrivateBus();
    const socket = join(this.root, 'run/dbus/system_bus_socket');
    await writeFile(socket, '');
    await must('mount', '--bind', this.#bus.address.replace('unix:path=', ''), socket);
    await SettingsStandIn.open(await this.connect());
    await mkdir(join(this.#dev, 'serial-starter'), { recursive: true });
    await mkdir(join(this.#dev, 'serial-starter.env'), { recursive: true });
    for (const [tty, service] of this.#adapters) await this.#announce(tty, service);
    const args = ['--pid', '--fork', '--kill-child=KILL', 'chroot', this.root, '/sbin/init'];
    this.#init = spawn('unshare', args, { stdio: ['ignore', 'ignore', 'inherit'], env: { PATH } });
    await until('the services start', 60, () =>
      existsSync(join(this.root, 'service/serial-starter/supervise/ok')),
    );
  }

  async powerOff(): Promise<void> {
    for (const connection of this.#connections) connection.disconnect();
    this.#connections = [];
    const init = this.#init;
    this.#init = undefined;
    if (init !== undefined && init.exitCode === null && init.signalCode === null) {
      const ended = new Promise((resolve) => init.once('close', resolve));
      init.kill('SIGKILL');
      await ended;
    }
    await this.#bus?.kill();
    this.#bus = undefined;
    await this.unmount();
  }

  /** Everything is gone, ready for `unpack`. */
  async scrap(): Promise<void> {
    await this.powerOff();
    this.#adapters.clear();
    for (const folder of [this.data, this.#dev]) {
      if (existsSync(folder)) await execute('umount', ['-R', '-l', folder]);
    }
    await rm(this.usb, { recursive: true, force: true });
  }

  /** What an owner types over SSH. */
  exec(command: string, env: Readonly<Record<string, string>> = {}): Promise<Outcome> {
    const shell = ['chroot', this.root, '/bin/sh', '-c', command];
    const inside = this.#init === undefined ? shell : ['nsenter', '--target', this.#pid(), '--pid', ...shell];
    const [program = 'chroot', ...args] = inside;
    return execute(program, args, { PATH, HOME: '/home/root', ...env });
  }

  #pid(): string {
    const unshare = this.#init?.pid;
    return readFileSync(`/proc/${unshare}/task/${unshare}/children`, 'utf8').trim();
  }

  /** Connects to the system bus of the device. */
  async connect(): Promise<Bus> {
    const bus = await connectBus({ address: this.#bus?.address ?? '' });
    this.#connections.push(bus);
    return bus;
  }

  async reader(tty: string): Promise<BusReader> {
    return BusReader.open(await this.connect(), batteryServiceName(tty));
  }

  /** udev found an adapter; `service` is what its rules make of the chip, empty for an unknown one. */
  async plug(tty: string, service = ''): Promise<void> {
    this.#adapters.set(tty, service);
    if (this.#init !== undefined) await this.#announce(tty, service);
  }

  async #announce(tty: string, service: string): Promise<void> {
    await writeFile(join(this.#dev, 'serial-starter.env', tty), `VE_SERVICE=${service}\n`);
    await rm(join(this.#dev, 'serial-starter', tty), { force: true });
    await symlink(`../${tty}`, join(this.#dev, 'serial-starter', tty));
  }

  /** udev saw the adapter leave. */
  async unplug(tty: string): Promise<void> {
    this.#adapters.delete(tty);
    await this.exec(`/opt/victronenergy/serial-starter/cleanup.sh ${tty}`);
  }

  /** The log of a service, newest line last. */
  async log(service: string): Promise<string> {
    const { output } = await this.exec(`cat /var/log/${service}/current`);
    return output.replaceAll(/^@[0-9a-f]+ /gm, '');
  }

  async file(path: string): Promise<string> {
    return readFile(join(this.data, path.replace(/^\/data\//, '')), 'utf8');
  }

  /** Names of the services that exist. */
  services(): string[] {
    return readdirSync(join(this.root, 'service')).sort();
  }
}
