import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { BusError, MissingProgramError } from '../../errors.ts';
import { systemFault } from '../../system-fault.ts';

/** A D-Bus daemon of our own, open to everybody who may read its directory. */
export interface PrivateBus {
  /** "unix:path=/tmp/.../bus", as in DBUS_SESSION_BUS_ADDRESS. */
  readonly address: string;
  /** Ends the daemon and removes its directory. */
  stop(): Promise<void>;
  /** The daemon dies at once, as in a crash. */
  kill(): Promise<void>;
}

/** What Venus OS allows on its system bus: everybody may own every name and send to everybody. */
function configuration(socket: string): string {
  return `<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN" "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig>
  <type>session</type>
  <listen>unix:path=${socket}</listen>
  <auth>EXTERNAL</auth>
  <policy context="default">
    <allow send_destination="*" eavesdrop="true"/>
    <allow eavesdrop="true"/>
    <allow own="*"/>
  </policy>
</busconfig>
`;
}

/** Starts a daemon; rejects with MissingProgramError where dbus-daemon is not installed. */
export async function startPrivateBus(program = 'dbus-daemon'): Promise<PrivateBus> {
  const directory = mkdtempSync(join(tmpdir(), 'dbus-bms-bus-'));
  const socket = join(directory, 'bus');
  const config = join(directory, 'bus.conf');
  writeFileSync(config, configuration(socket));
  const daemon = spawn(program, [`--config-file=${config}`, '--nofork', '--print-address'], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  // A program that ends without `stop` must not leave a daemon behind.
  const orphaned = (): void => void daemon.kill('SIGKILL');
  process.once('exit', orphaned);
  const ended = new Promise<void>((resolve) => {
    daemon.once('close', () => {
      process.off('exit', orphaned);
      resolve();
    });
  });
  try {
    await listening(daemon, program);
  } catch (error) {
    rmSync(directory, { recursive: true, force: true });
    throw error;
  }
  const end = async (signal: NodeJS.Signals): Promise<void> => {
    if (daemon.exitCode === null && daemon.signalCode === null) daemon.kill(signal);
    await ended;
    rmSync(directory, { recursive: true, force: true });
  };
  return { address: `unix:path=${socket}`, stop: () => end('SIGTERM'), kill: () => end('SIGKILL') };
}

/** The daemon prints its address when it accepts connections. */
function listening(daemon: ChildProcess, program: string): Promise<void> {
  return new Promise((resolve, reject) => {
    let complaint = '';
    daemon.stderr?.on('data', (chunk: Buffer) => {
      complaint += chunk.toString();
    });
    daemon.stdout?.once('data', () => resolve());
    daemon.once('error', (cause: NodeJS.ErrnoException) => {
      const missing = new MissingProgramError(
        `${program} is not installed; on Debian, Ubuntu and Raspberry Pi OS: sudo apt-get install dbus`,
        { cause },
      );
      reject(
        cause.code === 'ENOENT'
          ? missing
          : new BusError(`${program} cannot be started: ${systemFault(cause)}`, { cause }),
      );
    });
    daemon.once('exit', (code) => reject(new BusError(`${program} ended with ${code}: ${complaint.trim()}`)));
  });
}
