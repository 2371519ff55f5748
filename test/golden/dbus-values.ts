/**
 * The D-Bus wire format, written from the D-Bus specification and on purpose not with the library of the program: what the
 * program sends is judged by its bytes, whoever makes them.
 */

/** A value that carries its own signature. */
export class Variant {
  readonly signature: string;
  readonly value: unknown;

  constructor(signature: string, value: unknown) {
    this.signature = signature;
    this.value = value;
  }
}

/** First byte of a message whose numbers begin with their least significant byte. */
export const LITTLE_ENDIAN = 0x6c;
/** Bytes of a value, and the boundary on which it stands. */
const ALIGNMENT: Readonly<Record<string, number>> = {
  y: 1,
  b: 4,
  n: 2,
  q: 2,
  i: 4,
  u: 4,
  x: 8,
  t: 8,
  d: 8,
  s: 4,
  o: 4,
  g: 1,
  a: 4,
  v: 1,
  '(': 8,
  '{': 8,
};

/** The complete types of a signature: "sa{sv}i" has three. */
export function typesOf(signature: string): string[] {
  const types: string[] = [];
  for (let at = 0; at < signature.length; ) {
    const end = endOfType(signature, at);
    types.push(signature.slice(at, end));
    at = end;
  }
  return types;
}

function endOfType(signature: string, at: number): number {
  const code = signature[at];
  if (code === 'a') return endOfType(signature, at + 1);
  if (code !== '(' && code !== '{') {
    if (code === undefined || ALIGNMENT[code] === undefined) throw new Error(`no D-Bus type in ${signature}`);
    return at + 1;
  }
  const close = code === '(' ? ')' : '}';
  let end = at + 1;
  while (signature[end] !== close) end = endOfType(signature, end);
  return end + 1;
}

/** Takes values off a message. */
export class Reader {
  at = 0;
  readonly #bytes: Buffer;
  readonly #little: boolean;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
    this.#little = bytes[0] === LITTLE_ENDIAN;
  }

  numberAt(at: number): number {
    return this.#little ? this.#bytes.readUInt32LE(at) : this.#bytes.readUInt32BE(at);
  }

  align(boundary: number): void {
    this.at = aligned(this.at, boundary);
  }

  value(type: string): unknown {
    const code = type[0] ?? '';
    this.align(ALIGNMENT[code] ?? 1);
    switch (code) {
      case 's':
      case 'o':
        return this.#text(this.#take(4));
      case 'g':
        return this.#text(this.#take(1));
      case 'v': {
        const signature = this.#text(this.#take(1));
        return new Variant(signature, this.value(signature));
      }
      case 'a':
        return this.#array(type.slice(1));
      case '(':
      case '{':
        return typesOf(type.slice(1, -1)).map((each) => this.value(each));
      default:
        return this.#plain(code);
    }
  }

  #array(element: string): unknown[] {
    const length = this.#take(4);
    this.align(ALIGNMENT[element[0] ?? ''] ?? 1);
    const end = this.at + length;
    const items: unknown[] = [];
    while (this.at < end) items.push(this.value(element));
    return items;
  }

  #text(length: number): string {
    const text = this.#bytes.toString('utf8', this.at, this.at + length);
    this.at += length + 1;
    return text;
  }

  #take(size: 1 | 4): number {
    const value = size === 1 ? this.#bytes.readUInt8(this.at) : this.numberAt(this.at);
    this.at += size;
    return value;
  }

  #plain(code: string): unknown {
    const size = ALIGNMENT[code] ?? 1;
    const bytes = Buffer.from(this.#bytes.subarray(this.at, this.at + size));
    this.at += size;
    if (!this.#little) bytes.reverse();
    switch (code) {
      case 'b':
        return bytes.readUInt32LE() === 1;
      case 'n':
        return bytes.readInt16LE();
      case 'q':
        return bytes.readUInt16LE();
      case 'i':
        return bytes.readInt32LE();
      case 'u':
        return bytes.readUInt32LE();
      case 'x':
        return bytes.readBigInt64LE();
      case 't':
        return bytes.readBigUInt64LE();
      case 'd':
        return bytes.readDoubleLE();
      default:
        return bytes.readUInt8();
    }
  }
}

/** Puts values into a message, least significant byte first. */
export class Writer {
  #parts: Buffer[] = [];
  length = 0;

  get bytes(): Buffer {
    return Buffer.concat(this.#parts);
  }

  align(boundary: number): void {
    this.#push(Buffer.alloc(aligned(this.length, boundary) - this.length));
  }

  value(type: string, value: unknown): void {
    const code = type[0] ?? '';
    this.align(ALIGNMENT[code] ?? 1);
    switch (code) {
      case 's':
      case 'o':
        this.#text(String(value), 4);
        break;
      case 'g':
        this.#text(String(value), 1);
        break;
      case 'v': {
        const { signature, value: inner } = variantOf(value);
        this.#text(signature, 1);
        this.value(signature, inner);
        break;
      }
      case 'a':
        this.#array(type.slice(1), value);
        break;
      case '(':
      case '{':
        for (const [index, each] of typesOf(type.slice(1, -1)).entries())
          this.value(each, listOf(value)[index]);
        break;
      default:
        this.#plain(code, Number(value));
    }
  }

  #array(element: string, value: unknown): void {
    const length = Buffer.alloc(4);
    this.#push(length);
    this.align(ALIGNMENT[element[0] ?? ''] ?? 1);
    const start = this.length;
    for (const item of listOf(value)) this.value(element, item);
    length.writeUInt32LE(this.length - start);
  }

  #text(text: string, sizeOfLength: 1 | 4): void {
    const bytes = Buffer.from(`${text}\0`, 'utf8');
    const length = Buffer.alloc(sizeOfLength);
    length.writeUIntLE(bytes.length - 1, 0, sizeOfLength);
    this.#push(length);
    this.#push(bytes);
  }

  #plain(code: string, value: number): void {
    const bytes = Buffer.alloc(ALIGNMENT[code] ?? 1);
    if (code === 'd') bytes.writeDoubleLE(value);
    else if (code === 'i') bytes.writeInt32LE(value);
    else if (code === 'u' || code === 'b') bytes.writeUInt32LE(value);
    else if (code === 'y') bytes.writeUInt8(value);
    else throw new Error(`nothing here sends values of the D-Bus type ${code}`);
    this.#push(bytes);
  }

  #push(bytes: Buffer): void {
    this.#parts.push(bytes);
    this.length += bytes.length;
  }
}

/** The next multiple of `boundary`. */
export function aligned(at: number, boundary: number): number {
  return Math.ceil(at / boundary) * boundary;
}

export function listOf(value: unknown): readonly unknown[] {
  if (!Array.isArray(value)) throw new Error(`expected a list, got ${String(value)}`);
  return value;
}

/** The entries of a dictionary, or any list of structures. */
export function pairs(value: unknown): (readonly unknown[])[] {
  return listOf(value).map(listOf);
}

export function variantOf(value: unknown): Variant {
  if (!(value instanceof Variant)) throw new Error(`expected a variant, got ${String(value)}`);
  return value;
}

/** What stands in a variant, however deep. */
export function unwrap(value: unknown): unknown {
  return value instanceof Variant ? unwrap(value.value) : value;
}
