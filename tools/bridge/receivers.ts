import { type ChildProcess, spawn } from 'node:child_process';
import { mkdir, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';

/** A program that runs for the length of a trial. */
export class Program {
  readonly #child: ChildProcess;
  readonly #ended: Promise<void>;
  /** The last of what it said. */
  readonly lines: string[] = [];

  constructor(
    program: string,
    args: readonly string[],
    env: Readonly<Record<string, string | undefined>> = {},
  ) {
    this.#child = spawn(program, [...args], {
      env: { ...process.env, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    for (const stream of [this.#child.stdout, this.#child.stderr]) {
      stream?.on('data', (chunk: Buffer) => {
        this.lines.push(...chunk.toString().trim().split('\n'));
        if (this.lines.length > 60) this.lines.splice(0, this.lines.length - 60);
      });
    }
    this.#ended = new Promise((resolve) => this.#child.once('close', () => resolve()));
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  signal(name: NodeJS.Signals): void {
    this.#child.kill(name);
  }

  async end(name: NodeJS.Signals = 'SIGTERM'): Promise<void> {
    if (this.#child.exitCode === null && this.#child.signalCode === null) this.#child.kill(name);
    await this.#ended;
  }
}

/** A port on loopback that nobody listens on now. */
export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  await new Promise<void>((resolve) => server.close(() => resolve()));
  if (address === null || typeof address === 'string') throw new Error('the server has a port');
  return address.port;
}

/** Resolves with the s that `condition` took to come true; rejects after `most` s. */
export async function until(
  what: string,
  condition: () => boolean | Promise<boolean>,
  most = 60,
): Promise<number> {
  const start = performance.now();
  for (;;) {
    const isTrue = await Promise.resolve(condition()).catch(() => false);
    const seconds = (performance.now() - start) / 1000;
    if (isTrue) return seconds;
    if (seconds > most) throw new Error(`not within ${most} s: ${what}`);
    await pause(20);
  }
}

/** mosquitto with users or without; what it keeps is lost with it. */
export async function startMosquitto(folder: string, port: number, password?: string): Promise<Program> {
  const config = join(folder, 'mosquitto.conf');
  const passwords = join(folder, 'passwords');
  const lines = [`listener ${port} 127.0.0.1`, 'persistence false', 'log_dest stderr', 'user root'];
  if (password === undefined) lines.push('allow_anonymous true');
  else {
    await writeFile(passwords, `bridge:${password}\n`, { mode: 0o600 });
    await new Program('mosquitto_passwd', ['-U', passwords]).end('SIGCONT');
    lines.push('allow_anonymous false', `password_file ${passwords}`);
  }
  await writeFile(config, `${lines.join('\n')}\n`);
  const program = new Program('mosquitto', ['-c', config]);
  await until('mosquitto listens', async () => isOpen(port));
  return program;
}

export async function startInflux(folder: string, port: number): Promise<Program> {
  const data = join(folder, 'influx');
  await mkdir(data, { recursive: true });
  const config = join(folder, 'influx.conf');
  await writeFile(
    config,
    `reporting-disabled = true
bind-address = "127.0.0.1:${await freePort()}"
[meta]
dir = "${data}/meta"
[data]
dir = "${data}/data"
wal-dir = "${data}/wal"
[http]
bind-address = "127.0.0.1:${port}"
log-enabled = false
`,
  );
  const program = new Program('influxd', ['run', '-config', config]);
  await until('influxd listens', async () => isOpen(port));
  return program;
}

export async function startVictoria(folder: string, port: number): Promise<Program> {
  const data = join(folder, 'victoria');
  const program = new Program('victoria-metrics', [
    `-storageDataPath=${data}`,
    `-httpListenAddr=127.0.0.1:${port}`,
  ]);
  await until('victoria-metrics listens', async () => isOpen(port));
  return program;
}

async function isOpen(port: number): Promise<boolean> {
  const answer = await fetch(`http://127.0.0.1:${port}/ping`).catch((error: unknown) => String(error));
  // A broker closes what is no MQTT, which proves that it listens.
  return typeof answer !== 'string' || !(await refused(port));
}

async function refused(port: number): Promise<boolean> {
  const { connect } = await import('node:net');
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1', () => {
      socket.destroy();
      resolve(false);
    });
    socket.on('error', () => resolve(true));
  });
}
