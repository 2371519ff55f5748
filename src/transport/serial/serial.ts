import { readdir } from 'node:fs/promises';
import { type BmsError, PortBusyError, PortLostError, PortMissingError } from '../../errors.ts';
import type { LineSettings } from '../exchange.ts';
import type { Intake, Wire } from '../wire.ts';
import { Terminal } from './terminal.ts';

/** Modem lines as most adapters expect them. All are named because the binding sets every one that is left out to its own default. */
const MODEM_LINES = { dtr: true, rts: true, cts: false, dsr: false, brk: false } as const;

/** Opens a serial port for us alone. Rejects with PortMissingError or PortBusyError. */
export async function openSerial(path: string, line: LineSettings): Promise<Wire> {
  return new SerialWire(path, line, await openTerminal(path, line));
}

class SerialWire implements Wire {
  readonly name: string;
  onBytes: (bytes: Uint8Array) => void = () => {};
  onLost: (error: BmsError) => void = () => {};
  readonly intake: Intake = {
    hold: () => this.#terminal.hold(),
    resume: () => this.#terminal.resume(),
  };
  #line: LineSettings;
  #terminal: Terminal;

  constructor(path: string, line: LineSettings, terminal: Terminal) {
    this.name = path;
    this.#line = line;
    this.#terminal = terminal;
    this.#listen();
  }

  write(bytes: Uint8Array): Promise<void> {
    return this.#unlessLost(() => this.#terminal.write(bytes));
  }

  async configure(line: LineSettings): Promise<void> {
    this.#assertOpen();
    const sameFrame = framing(line) === framing(this.#line);
    this.#line = line;
    if (sameFrame) await this.#setRate(line.baudRate);
    else await this.#reopen();
    await this.flush();
  }

  flush(): Promise<void> {
    return this.#unlessLost(() => this.#terminal.flush());
  }

  async close(): Promise<void> {
    this.onLost = () => {};
    await this.#terminal.close();
  }

  async #setRate(baudRate: number): Promise<void> {
    await this.#terminal.setRate(baudRate).catch((cause: unknown) => {
      this.#assertOpen();
      throw new PortMissingError(`${this.name} cannot be set to ${baudRate} baud: ${words(cause)}`, {
        cause,
      });
    });
  }

  /** Parity and stop bits can only be chosen when a port is opened. */
  async #reopen(): Promise<void> {
    await this.#terminal.close();
    try {
      this.#terminal = await openTerminal(this.name, this.#line);
    } catch (cause) {
      const error = lost(this.name, cause);
      this.onLost(error);
      throw error;
    }
    this.#listen();
  }

  #listen(): void {
    this.#terminal.onBytes = (bytes) => this.onBytes(bytes);
    this.#terminal.onEnd = (cause) => this.onLost(lost(this.name, cause));
  }

  #assertOpen(): void {
    if (!this.#terminal.isOpen) throw new PortLostError(`${this.name} is not open`);
  }

  async #unlessLost(action: () => Promise<void>): Promise<void> {
    this.#assertOpen();
    try {
      await action();
    } catch (cause) {
      throw lost(this.name, cause);
    }
  }
}

async function openTerminal(path: string, line: LineSettings): Promise<Terminal> {
  const { baudRate, parity = 'none', stopBits = 1 } = line;
  let terminal: Terminal;
  try {
    terminal = await Terminal.open({ path, baudRate, parity, stopBits, dataBits: 8, lock: true });
  } catch (cause) {
    throw await whyNotOpened(path, cause);
  }
  await setModemLines(terminal);
  await terminal.flush().catch(async (cause: unknown) => {
    await terminal.close();
    throw lost(path, cause);
  });
  return terminal;
}

/**
 * With low latency FTDI adapters hand over bytes after 1 instead of 16 ms. Adapters that lack it, and pseudo terminals,
 * which have no modem lines at all, work as they are.
 */
async function setModemLines(terminal: Terminal): Promise<void> {
  await terminal
    .set({ ...MODEM_LINES, lowLatency: true })
    .catch(() => terminal.set({ ...MODEM_LINES, lowLatency: false }).catch(() => {}));
}

function framing({ parity = 'none', stopBits = 1 }: LineSettings): string {
  return `${parity}${stopBits}`;
}

function lost(path: string, cause: unknown): PortLostError {
  const reason = cause ? `: ${words(cause)}` : '';
  return new PortLostError(`${path} was lost${reason}; is the adapter still plugged in?`, { cause });
}

/** What the binding tells of the system, which has words but no codes. */
const WORDS: readonly (readonly [pattern: RegExp, words: string])[] = [
  [
    /inappropriate ioctl|not a typewriter|invalid argument/i,
    'it is no serial port, or it cannot be set to this speed',
  ],
  [/is a directory/i, 'it is a folder'],
  [/input\/output error|bad file descriptor|device not configured/i, 'the adapter does not answer'],
];

function words(cause: unknown): string {
  const said = String(cause instanceof Error ? cause.message : cause).replace(/^Error: /, '');
  return WORDS.find(([pattern]) => pattern.test(said))?.[1] ?? said;
}

/** The binding has no error codes, only the words of the system. */
async function whyNotOpened(path: string, cause: unknown): Promise<BmsError> {
  const reason = words(cause);
  if (/cannot lock port|resource busy/i.test(reason)) {
    return new PortBusyError(`${path} is in use by another program; stop that one first`, { cause });
  }
  if (/no such file|no such device/i.test(reason)) {
    return new PortMissingError(`there is no port ${path}; ${await otherPorts()}`, { cause });
  }
  if (/permission denied|not permitted/i.test(reason)) {
    const advice = 'run this as root, or add your user to the group that owns the port (often dialout)';
    return new PortMissingError(`${path} may not be opened by this user; ${advice}`, { cause });
  }
  return new PortMissingError(`${path} cannot be used as a serial port: ${reason}`, {
    cause,
  });
}

async function otherPorts(): Promise<string> {
  const devices = await readdir('/dev');
  const ports = devices.filter((name) => /^tty(USB|ACM)\d+$/.test(name)).map((name) => `/dev/${name}`);
  if (ports.length === 0) return 'plug the adapter in (no USB serial port is there now)';
  return `plug the adapter in, or choose one of: ${ports.sort().join(', ')}`;
}
