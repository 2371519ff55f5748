import type { Item } from './item.ts';
import { BUS_ITEM } from './names.ts';

const LITTLE_ENDIAN = 0x6c;
const SIGNAL = 4;
const NO_REPLY_EXPECTED = 1;
const PROTOCOL = 1;
const BODY_LENGTH_AT = 4;
const SERIAL_AT = 8;
/** Codes of the header fields. */
const FIELD = { path: 1, interface: 2, member: 3, signature: 8 } as const;
const FIRST_BYTES = 4096;
const MAX_INT32 = 0x7fffffff;

/** What stands around the number of one item is the same each time. */
interface Frame {
  /** From the path to the number. */
  readonly before: Buffer;
  /** Where in it the length of the item belongs. */
  readonly lengthAt: number;
  /** From the number to its text. */
  readonly between: Buffer;
}

/** A battery has some two hundred paths; more is not kept. */
const MOST_FRAMES = 1000;

/**
 * Writes the one message that is sent every second, ItemsChanged of the root, in a single pass over memory that is kept.
 * The library builds it from some hundred objects and buffers, which costs ten times as much.
 */
export class ItemsChangedEncoder {
  #bytes = Buffer.alloc(FIRST_BYTES);
  #at = 0;
  readonly #bodyAt: number;
  readonly #frames = { d: new Map<string, Frame>(), i: new Map<string, Frame>() };

  constructor() {
    this.#bytes.set([LITTLE_ENDIAN, SIGNAL, NO_REPLY_EXPECTED, PROTOCOL]);
    this.#at = SERIAL_AT + 4;
    const lengthAt = this.#begin(8);
    this.#field(FIELD.path, 'o', '/');
    this.#field(FIELD.interface, 's', BUS_ITEM);
    this.#field(FIELD.member, 's', 'ItemsChanged');
    this.#align(8);
    this.#u8(FIELD.signature);
    this.#signature('g');
    this.#signature('a{sa{sv}}');
    this.#finish(lengthAt, 8);
    this.#align(8);
    this.#bodyAt = this.#at;
  }

  /** The whole message; `serial` from 1. The bytes are the caller's. */
  encode(serial: number, items: Iterable<Item>): Buffer {
    this.#at = this.#bodyAt;
    const lengthAt = this.#begin(8);
    for (const item of items) this.#item(item);
    this.#finish(lengthAt, 8);
    this.#bytes.writeUInt32LE(this.#at - this.#bodyAt, BODY_LENGTH_AT);
    this.#bytes.writeUInt32LE(serial, SERIAL_AT);
    return Buffer.from(this.#bytes.subarray(0, this.#at));
  }

  #item({ path, type, value, text }: Item): void {
    this.#align(8);
    if (type === 'd' && isReal(value)) this.#number('d', path, value, text);
    else if (type === 'i' && isInt32(value)) this.#number('i', path, value, text);
    else {
      const lengthAt = this.#head(path);
      if (type === 's' && typeof value === 'string') this.#textVariant(value);
      else this.#invalid();
      this.#align(8);
      this.#string('Text');
      this.#textVariant(text);
      this.#finish(lengthAt, 8);
    }
  }

  #number(type: 'd' | 'i', path: string, value: number, text: string): void {
    const start = this.#at;
    const frame = this.#frames[type].get(path) ?? this.#frame(type, path);
    this.#copy(frame.before);
    this.#reserve(8);
    // No minus zero, as with the library.
    if (type === 'd') this.#at = this.#bytes.writeDoubleLE(value + 0, this.#at);
    else this.#at = this.#bytes.writeInt32LE(value, this.#at);
    this.#copy(frame.between);
    this.#text(text);
    this.#finish(start + frame.lengthAt, 8);
  }

  /** Items begin on a boundary of 8, so the gaps inside are the same wherever one stands. Leaves the message as it was. */
  #frame(type: 'd' | 'i', path: string): Frame {
    const start = this.#at;
    const lengthAt = this.#head(path);
    this.#signature(type);
    this.#align(type === 'd' ? 8 : 4);
    const before = Buffer.from(this.#bytes.subarray(start, this.#at));
    this.#reserve(8);
    this.#at += type === 'd' ? 8 : 4;
    const behind = this.#at;
    this.#align(8);
    this.#string('Text');
    this.#signature('s');
    const frame = {
      before,
      lengthAt: lengthAt - start,
      between: Buffer.from(this.#bytes.subarray(behind, this.#at)),
    };
    this.#at = start;
    if (this.#frames[type].size < MOST_FRAMES) this.#frames[type].set(path, frame);
    return frame;
  }

  /** Path and first key; returns where the length of the item belongs. */
  #head(path: string): number {
    this.#string(path);
    const lengthAt = this.#begin(8);
    this.#string('Value');
    return lengthAt;
  }

  #textVariant(text: string): void {
    this.#signature('s');
    this.#text(text);
  }

  /** A null character would end the connection. */
  #text(text: string): void {
    this.#string(text.includes('\0') ? text.replaceAll('\0', '') : text);
  }

  #copy(bytes: Buffer): void {
    this.#reserve(bytes.length);
    this.#bytes.set(bytes, this.#at);
    this.#at += bytes.length;
  }

  /** The invalid value: an array of no integers. */
  #invalid(): void {
    this.#signature('ai');
    this.#finish(this.#begin(4), 4);
  }

  #field(code: number, type: 'o' | 's', text: string): void {
    this.#align(8);
    this.#u8(code);
    this.#signature(type);
    this.#string(text);
  }

  /** Begins an array and returns where its length belongs; the first element stands on its own boundary. */
  #begin(elementBoundary: 4 | 8): number {
    this.#align(4);
    const lengthAt = this.#at;
    this.#reserve(4);
    this.#at += 4;
    this.#align(elementBoundary);
    return lengthAt;
  }

  /** The length of an array counts neither itself nor the gap behind it. */
  #finish(lengthAt: number, elementBoundary: 4 | 8): void {
    const begun = Math.ceil((lengthAt + 4) / elementBoundary) * elementBoundary;
    this.#bytes.writeUInt32LE(this.#at - begun, lengthAt);
  }

  #signature(text: string): void {
    this.#u8(text.length);
    this.#ascii(text);
    this.#u8(0);
  }

  #string(text: string): void {
    this.#align(4);
    const lengthAt = this.#at;
    // No code unit takes more than three bytes.
    this.#reserve(5 + 3 * text.length);
    this.#at += 4;
    this.#ascii(text);
    this.#bytes.writeUInt32LE(this.#at - lengthAt - 4, lengthAt);
    this.#u8(0);
  }

  /** Nearly every text is short and plain, for which a loop is quicker than a call of the runtime. */
  #ascii(text: string): void {
    const start = this.#at;
    this.#reserve(3 * text.length);
    const bytes = this.#bytes;
    for (let index = 0; index < text.length; index += 1) {
      const code = text.charCodeAt(index);
      if (code > 0x7f) {
        this.#at = start + bytes.write(text, start);
        return;
      }
      bytes[start + index] = code;
    }
    this.#at = start + text.length;
  }

  #u8(value: number): void {
    this.#reserve(1);
    this.#bytes[this.#at] = value;
    this.#at += 1;
  }

  /** Gaps are zero. */
  #align(boundary: 4 | 8): void {
    this.#reserve(boundary);
    while (this.#at % boundary !== 0) {
      this.#bytes[this.#at] = 0;
      this.#at += 1;
    }
  }

  #reserve(count: number): void {
    if (this.#at + count <= this.#bytes.length) return;
    const larger = Buffer.alloc(2 * (this.#at + count));
    this.#bytes.copy(larger, 0, 0, this.#at);
    this.#bytes = larger;
  }
}

function isReal(value: unknown): value is number {
  return typeof value === 'number' && Number.isFinite(value);
}

function isInt32(value: unknown): value is number {
  return typeof value === 'number' && Number.isInteger(value) && Math.abs(value) <= MAX_INT32;
}
