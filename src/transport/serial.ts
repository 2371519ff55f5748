import { readdir } from 'node:fs/promises';
import { SerialPort } from 'serialport';
import { type BmsError, PortBusyError, PortLostError, PortMissingError } from '../errors.ts';
import type { LineSettings } from './exchange.ts';
import type { Wire } from './wire.ts';

/** Modem lines as most adapters expect them. All are named because the binding sets every one that is left out to its own default. */
const MODEM_LINES = { dtr: true, rts: true, cts: false, dsr: false, brk: false } as const;

/** Opens a serial port for us alone. Rejects with PortMissingError or PortBusyError. */
export async function openSerial(path: string, line: LineSettings): Promise<Wire> {
  return new SerialWire(path, line, await openPort(path, line));
}

class SerialWire implements Wire {
  readonly name: string;
  onBytes: (bytes: Uint8Array) => void = () => {};
  onLost: (error: BmsError) => void = () => {};
  #line: LineSettings;
  #port: SerialPort;

  constructor(path: string, line: LineSettings, port: SerialPort) {
    this.name = path;
    this.#line = line;
    this.#port = port;
    this.#listen();
  }

  /** A write to a closed port would be queued by the library without a word, hence the check. */
  async write(bytes: Uint8Array): Promise<void> {
    this.#assertOpen();
    await this.#call((done) => this.#port.write(Buffer.from(bytes), done));
  }

  async configure(line: LineSettings): Promise<void> {
    this.#assertOpen();
    const sameFrame = framing(line) === framing(this.#line);
    this.#line = line;
    if (sameFrame) await this.#setRate(line.baudRate);
    else await this.#reopen();
    await this.flush();
  }

  async flush(): Promise<void> {
    this.#assertOpen();
    await this.#call((done) => this.#port.flush(done));
  }

  async close(): Promise<void> {
    this.onLost = () => {};
    await closePort(this.#port);
  }

  async #setRate(baudRate: number): Promise<void> {
    await call((done) => this.#port.update({ baudRate }, done)).catch((cause: unknown) => {
      this.#assertOpen();
      throw new PortMissingError(`${this.name} cannot be set to ${baudRate} baud: ${words(cause)}`, {
        cause,
      });
    });
  }

  /** Parity and stop bits can only be chosen when a port is opened. */
  async #reopen(): Promise<void> {
    this.#port.removeAllListeners('close');
    await closePort(this.#port);
    try {
      this.#port = await openPort(this.name, this.#line);
    } catch (cause) {
      const error = lost(this.name, cause);
      this.onLost(error);
      throw error;
    }
    this.#listen();
  }

  /** `close` is the one event with which a connection ends, pulled out or not. */
  #listen(): void {
    this.#port.on('data', (bytes: Uint8Array) => this.onBytes(bytes));
    let hangUp: unknown;
    this.#port.once('close', (cause: unknown) => this.onLost(lost(this.name, cause ?? hangUp)));
    onHangUp(this.#port, (cause) => {
      hangUp = cause;
      return closePort(this.#port);
    });
  }

  #assertOpen(): void {
    if (!this.#port.isOpen) throw new PortLostError(`${this.name} is not open`);
  }

  async #call(action: (done: (error: Error | null | undefined) => void) => void): Promise<void> {
    try {
      await call(action);
    } catch (cause) {
      throw lost(this.name, cause);
    }
  }
}

/** A fresh object for each opening: what was written to a closed one would be sent when it opens again. */
async function openPort(path: string, line: LineSettings): Promise<SerialPort> {
  const { baudRate, parity = 'none', stopBits = 1 } = line;
  const port = new SerialPort({
    path,
    baudRate,
    parity,
    stopBits,
    dataBits: 8,
    lock: true,
    autoOpen: false,
    highWaterMark: 4096,
  });
  port.on('error', () => {}); // Every call has a callback, and a loss is told by `close`; unheard, this event would end the process.
  try {
    await call((done) => port.open(done));
  } catch (cause) {
    throw await whyNotOpened(path, cause);
  }
  await setModemLines(port);
  await call((done) => port.flush(done)).catch(async (cause: unknown) => {
    await closePort(port);
    throw lost(path, cause);
  });
  return port;
}

/**
 * With low latency FTDI adapters hand over bytes after 1 instead of 16 ms. Adapters that lack it, and pseudo terminals,
 * which have no modem lines at all, work as they are.
 */
async function setModemLines(port: SerialPort): Promise<void> {
  await call((done) => port.set({ ...MODEM_LINES, lowLatency: true }, done)).catch(() =>
    call((done) => port.set({ ...MODEM_LINES, lowLatency: false }, done)).catch(() => {}),
  );
}

/**
 * Calls `action` once when the system reports that the terminal hung up. The binding notices by itself only while it waits
 * for bytes: if the adapter is pulled out during a read, that read gives 0 bytes, which the binding repeats for ever
 * at full load without a word.
 */
function onHangUp({ port: binding }: SerialPort, action: (cause: Error) => Promise<void>): void {
  if (binding === undefined || !('poller' in binding)) return;
  binding.poller.once('disconnect', (cause: (Error & { canceled?: boolean }) | null) => {
    if (!cause?.canceled) void action(cause ?? new Error('the terminal hung up'));
  });
}

/** A port that cannot be closed is gone already, which is all that is wanted. */
async function closePort(port: SerialPort): Promise<void> {
  if (port.isOpen) await call((done) => port.close(done)).catch(() => {});
}

function call(action: (done: (error: Error | null | undefined) => void) => void): Promise<void> {
  return new Promise((resolve, reject) => {
    action((error) => (error ? reject(error) : resolve()));
  });
}

function framing({ parity = 'none', stopBits = 1 }: LineSettings): string {
  return `${parity}${stopBits}`;
}

function lost(path: string, cause: unknown): PortLostError {
  const reason = cause ? `: ${words(cause)}` : '';
  return new PortLostError(`${path} was lost${reason}; is the adapter still plugged in?`, { cause });
}

/** What the system said, without the name that the binding puts before it. */
function words(cause: unknown): string {
  return String(cause instanceof Error ? cause.message : cause).replace(/^Error: /, '');
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
