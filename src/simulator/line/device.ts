import type { Responder } from '../../bms/driver.ts';
import type { Clock } from '../../clock.ts';
import type { Plant } from '../plant/plant.ts';
import { type Random, seeded } from '../random.ts';
import type { LineFaults } from '../trials/scenario.ts';
import { distort, neverAnswered } from './line-faults.ts';

export interface DeviceOptions {
  readonly plant: Plant;
  /** Whoever recognises a request first answers it. */
  readonly responders: readonly Responder[];
  readonly clock: Clock;
  readonly baudRate: number;
  /** Time from the end of a request to the first byte of its answer (`BmsDriver.answerMs`). */
  readonly answerMs: number;
  /** Which pack a request names (`BmsDriver.addressOf`), so that a pack can have line faults of its own. */
  readonly addressOf?: (request: Uint8Array) => number | undefined;
  /** How much faster than real the battery lives; the line keeps its own time. Default 1. */
  readonly speed?: number;
}

/** One side of a line to the device. */
export interface Attachment {
  /** Bytes that the device sends. */
  send(bytes: Uint8Array): void;
  /** In how many pieces an answer comes: as a UART gives it, or as one or several network segments. */
  readonly delivery: 'uart' | number;
}

/** How long a UART collects bytes before a program sees them, ms. */
const UART_MS = 8;
/** A request that has a hole of this length in it is given up, ms. */
const REQUEST_GAP_MS = 300;
const LONGEST_REQUEST = 1024;
/** How often the battery's life goes on while nobody asks, ms. */
const TICK_MS = 500;
/** Start bit, eight data bits, stop bit. */
const BITS_PER_BYTE = 10;

/** A simulated BMS at the end of a line: recognises requests, answers in its own time and at the rate of the line. */
export class Device {
  readonly plant: Plant;
  readonly baudRate: number;
  readonly #options: DeviceOptions;
  readonly #random: Random;
  readonly #startMs: number;
  readonly #watchers = new Set<(plugged: boolean) => void>();
  #plugged: boolean;
  #cancelTick = (): void => {};

  constructor(options: DeviceOptions) {
    this.#options = options;
    this.plant = options.plant;
    this.baudRate = options.baudRate;
    this.#plugged = !this.plant.line.unplug;
    this.#random = seeded(options.plant.scenario.seed + 77);
    this.#startMs = options.clock.now();
    this.#tick();
  }

  /** Whether the device is on the line; a script may pull it out and put it back. */
  get plugged(): boolean {
    return this.#plugged;
  }

  /** Tells `watcher` whenever the device is unplugged or plugged in; the returned function ends that. */
  watch(watcher: (plugged: boolean) => void): () => void {
    this.#watchers.add(watcher);
    return () => this.#watchers.delete(watcher);
  }

  /** Puts a line to the device. */
  attach(attachment: Attachment): Session {
    return new Session(this, this.#options, this.#random, attachment);
  }

  /** Brings the battery to the present, and the line with it. */
  live(): void {
    const { clock, speed = 1 } = this.#options;
    this.plant.advanceTo(((clock.now() - this.#startMs) / 1000) * speed);
    if (this.#plugged !== this.plant.line.unplug) return;
    this.#plugged = !this.plant.line.unplug;
    for (const watcher of [...this.#watchers]) watcher(this.#plugged);
  }

  /** Ends the life of the battery. */
  close(): void {
    this.#cancelTick();
  }

  #tick(): void {
    this.#cancelTick = this.#options.clock.after(TICK_MS, () => {
      this.live();
      this.#tick();
    });
  }
}

/** The conversation over one line. */
export class Session {
  readonly #device: Device;
  readonly #options: DeviceOptions;
  readonly #random: Random;
  readonly #attachment: Attachment;
  readonly #byteMs: number;
  readonly #pending = new Set<() => void>();
  #received: Uint8Array = new Uint8Array();
  #lastByteMs = Number.NEGATIVE_INFINITY;
  #lineFreeMs = Number.NEGATIVE_INFINITY;
  #open = true;

  constructor(device: Device, options: DeviceOptions, random: Random, attachment: Attachment) {
    this.#device = device;
    this.#options = options;
    this.#random = random;
    this.#attachment = attachment;
    this.#byteMs = (1000 * BITS_PER_BYTE) / options.baudRate;
  }

  /** Bytes that came over the line. */
  receive(bytes: Uint8Array): void {
    if (!this.#open) return;
    const now = this.#options.clock.now();
    const fresh = now - this.#lastByteMs > REQUEST_GAP_MS;
    this.#received = fresh ? bytes.slice() : joined(this.#received, bytes).subarray(-LONGEST_REQUEST);
    this.#lastByteMs = now;
    this.#device.live();
    while (this.#open && this.#device.plugged && this.#received.length > 0 && this.#take()) {
      // Every round takes a request or one byte that begins none.
    }
  }

  /** Ends the conversation from this side; what was about to be sent is not. */
  detach(): void {
    this.#open = false;
    for (const cancel of this.#pending) cancel();
    this.#pending.clear();
  }

  /** Takes what stands at byte 0; false when more bytes are needed to tell. */
  #take(): boolean {
    let waits = false;
    for (const responder of this.#options.responders) {
      const verdict = responder.accept(this.#received);
      if (typeof verdict === 'number' && verdict > 0) {
        const request = this.#received.slice(0, verdict);
        this.#received = this.#received.subarray(verdict);
        this.#answer(responder, request);
        return true;
      }
      waits ||= verdict === 'more';
    }
    if (waits) return false;
    this.#received = this.#received.subarray(1);
    return true;
  }

  #answer(responder: Responder, request: Uint8Array): void {
    const { plant, answerMs } = this.#options;
    const line = this.#faultsOf(request);
    const answer = neverAnswered(request, line) ? undefined : responder.reply(request, plant.truth());
    if (answer?.changes !== undefined) plant.apply(answer.changes);
    const bytes = distort(request, answer?.bytes ?? new Uint8Array(), line, this.#random);
    if (bytes.length === 0) return;
    const now = this.#options.clock.now();
    // A request arrives here at once, but on a line its last byte comes after its length.
    const heard = now + request.length * this.#byteMs;
    const start = Math.max(heard + (answer?.afterMs ?? answerMs) + line.delayMs, this.#lineFreeMs);
    this.#lineFreeMs = start + bytes.length * this.#byteMs;
    const piece = this.#pieceLength(bytes.length);
    for (let at = 0; at < bytes.length; at += piece) {
      const end = Math.min(bytes.length, at + piece);
      this.#later(start + end * this.#byteMs - now, () => {
        if (this.#device.plugged) this.#attachment.send(bytes.slice(at, end));
      });
    }
  }

  #faultsOf(request: Uint8Array): LineFaults {
    const { addressOf, plant } = this.#options;
    const address = addressOf?.(request);
    return plant.packs.find(({ spec }) => spec.address === address)?.line ?? plant.line;
  }

  #pieceLength(length: number): number {
    const { delivery } = this.#attachment;
    return delivery === 'uart'
      ? Math.max(1, Math.round(UART_MS / this.#byteMs))
      : Math.ceil(length / Math.max(1, delivery));
  }

  #later(ms: number, action: () => void): void {
    const cancel = this.#options.clock.after(ms, () => {
      this.#pending.delete(cancel);
      action();
    });
    this.#pending.add(cancel);
  }
}

function joined(a: Uint8Array, b: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(a.length + b.length);
  bytes.set(a);
  bytes.set(b, a.length);
  return bytes;
}
