import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { cpuSeconds } from './process-cost.ts';

export interface DriverProcessOptions {
  /** The launcher that `install` made; it turns into the driver without a process between. */
  readonly program: string;
  readonly port: string;
  /** Address of the D-Bus daemon. */
  readonly bus: string;
  /** Folder in which the driver remembers what it found. */
  readonly state: string;
  readonly args?: readonly string[];
  /** The Node.js binary; default ours. */
  readonly node?: string;
}

/** The driver in a process of its own, started as on a device. */
export class DriverProcess {
  readonly #child: ChildProcess;
  readonly #lines: string[] = [];
  readonly #ended: Promise<void>;

  constructor({ program, port, bus, state, args = [], node = process.execPath }: DriverProcessOptions) {
    this.#child = spawn(program, ['run', port, ...args], {
      env: {
        PATH: process.env['PATH'],
        DBUS_BMS_NODE: node,
        DBUS_SESSION_BUS_ADDRESS: bus,
        DBUS_BMS_STATE: state,
      },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    for (const stream of [this.#child.stdout, this.#child.stderr]) {
      if (stream !== null) createInterface({ input: stream }).on('line', (line) => this.#lines.push(line));
    }
    this.#ended = new Promise((resolve) => this.#child.once('close', () => resolve()));
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  cpuSeconds(): number {
    return cpuSeconds(this.pid);
  }

  /** `promise`, which stands for `what`, unless the driver ends before or patience does; the error then carries what the driver said. */
  async soLongAs<T>(what: string, promise: Promise<T>, patienceMs: number): Promise<T> {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<string>((resolve) => {
      timer = setTimeout(resolve, patienceMs, `${what}: not within ${patienceMs / 1000} s`);
    });
    const gone = this.#ended.then(() => `${what}: the driver ended`);
    const failure = Promise.race([late, gone]).then((why) => {
      throw new Error(`${why}: ${this.#lines.slice(-5).join(' | ')}`);
    });
    try {
      return await Promise.race([promise, failure]);
    } finally {
      clearTimeout(timer);
    }
  }

  async stop(): Promise<void> {
    if (this.#child.exitCode === null && this.#child.signalCode === null) this.#child.kill('SIGTERM');
    await this.#ended;
  }
}
