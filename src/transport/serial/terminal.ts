import { readSync, writeSync } from 'node:fs';
import { SerialPort } from 'serialport';
import type { Intake } from '../wire.ts';

type Binding = Awaited<ReturnType<typeof SerialPort.binding.open>>;
/** A port of the library on a system that lets us wait for its file. */
type FilePort = Extract<Binding, { poller: unknown }>;
type OpenOptions = Parameters<typeof SerialPort.binding.open>[0];

/** Event flags of the library's poller. */
const READABLE = 1;
const HANG_UP = 4;
/** The system keeps no more of what was not read yet. */
const SYSTEM_BYTES = 4096;

/**
 * An open terminal. The library opens it, sets it up and waits for its events; bytes are moved here, directly: the file
 * never blocks, so a read costs a few microseconds, while the stream of the library makes two journeys to a thread of
 * each piece that comes.
 */
export class Terminal implements Intake {
  onBytes: (bytes: Uint8Array) => void = () => {};
  /** Called once when the terminal ended without `close` having been called; it is closed then. */
  onEnd: (cause: unknown) => void = () => {};
  readonly #port: FilePort;
  readonly #buffer = Buffer.allocUnsafe(SYSTEM_BYTES);
  #held = false;
  #isOpen = true;

  /** Rejects with what the library says. */
  static async open(options: OpenOptions): Promise<Terminal> {
    const port = await SerialPort.binding.open(options);
    if ('poller' in port) return new Terminal(port);
    await port.close();
    throw new Error('this system has no terminals');
  }

  private constructor(port: FilePort) {
    this.#port = port;
    port.poller.on('readable', (error: Error | null) => (error ? this.#end(error) : this.#look()));
    port.poller.on('disconnect', (error: Error | null) =>
      this.#end(error ?? new Error('the terminal hung up')),
    );
    this.#wait();
  }

  get isOpen(): boolean {
    return this.#isOpen;
  }

  /** Modem lines and latency; rejects where the terminal has none. */
  async set(lines: Parameters<FilePort['set']>[0]): Promise<void> {
    await this.#port.set(lines);
  }

  async setRate(baudRate: number): Promise<void> {
    await this.#port.update({ baudRate });
  }

  /** Resolves when the system has taken all bytes; that is at once unless a device holds the line up. */
  async write(bytes: Uint8Array): Promise<void> {
    const sent = this.#attempt((file) => writeSync(file, bytes)) ?? 0;
    if (sent < bytes.length) await this.#port.write(Buffer.from(bytes.subarray(sent)));
  }

  async flush(): Promise<void> {
    await this.#port.flush();
  }

  hold(): void {
    if (this.#held) return;
    this.#held = true;
    this.#wait();
  }

  resume(): void {
    this.#held = false;
    this.#look();
  }

  /** Nobody is told. A terminal that cannot be closed is gone already, which is all that is wanted. */
  async close(): Promise<void> {
    if (!this.#isOpen) return;
    // Closing the port ends the waiting with an error, of which nobody must hear.
    this.#isOpen = false;
    await this.#port.close().catch(() => {});
  }

  #look(): void {
    const count = this.#read();
    if (count > 0) this.onBytes(this.#buffer.subarray(0, count));
    this.#wait();
  }

  /** How many bytes came into the buffer. */
  #read(): number {
    try {
      const count = this.#attempt((file) => readSync(file, this.#buffer, 0, SYSTEM_BYTES, null));
      // A living terminal has at least one byte or says that it has none.
      if (count === 0) this.#end(new Error('the terminal hung up'));
      return count ?? 0;
    } catch (error) {
      this.#end(error);
      return 0;
    }
  }

  /** Undefined when nothing can be moved now. */
  #attempt(move: (file: number) => number): number | undefined {
    const { fd } = this.#port;
    if (!this.#isOpen || fd === null) return undefined;
    try {
      return move(fd);
    } catch (error) {
      if (error instanceof Error && 'code' in error && TRANSIENT.has(error.code)) return undefined;
      throw error;
    }
  }

  /** An event ends the waiting for its kind. A hang-up is waited for always, or a loss would go unnoticed while bytes are held. */
  #wait(): void {
    if (this.#isOpen) this.#port.poller.poll(this.#held ? HANG_UP : READABLE | HANG_UP);
  }

  #end(cause: unknown): void {
    if (this.#isOpen) void this.close().then(() => this.onEnd(cause));
  }
}

const TRANSIENT: ReadonlySet<unknown> = new Set(['EAGAIN', 'EINTR']);
