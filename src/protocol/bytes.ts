/** Number types on the wire: u/s = unsigned/signed, width in bits, be/le = byte order; lw = two big-endian words, the low one first. */
export const NUMBER_TYPES = {
  u8: 1,
  s8: 1,
  u16be: 2,
  u16le: 2,
  s16be: 2,
  s16le: 2,
  u24be: 3,
  u32be: 4,
  u32le: 4,
  s32be: 4,
  s32le: 4,
  u32lw: 4,
  s32lw: 4,
} as const;
export type NumberType = keyof typeof NUMBER_TYPES;

/** The number at `at`, or undefined when the bytes end before it does. */
export function readNumber(bytes: Uint8Array, at: number, type: NumberType): number | undefined {
  if (at < 0 || at + NUMBER_TYPES[type] > bytes.length) return undefined;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  switch (type) {
    case 'u8':
      return view.getUint8(at);
    case 's8':
      return view.getInt8(at);
    case 'u16be':
      return view.getUint16(at);
    case 'u16le':
      return view.getUint16(at, true);
    case 's16be':
      return view.getInt16(at);
    case 's16le':
      return view.getInt16(at, true);
    case 'u24be':
      return view.getUint8(at) * 0x10000 + view.getUint16(at + 1);
    case 'u32be':
      return view.getUint32(at);
    case 'u32le':
      return view.getUint32(at, true);
    case 's32be':
      return view.getInt32(at);
    case 's32le':
      return view.getInt32(at, true);
    case 'u32lw':
      return view.getUint16(at + 2) * 0x10000 + view.getUint16(at);
    case 's32lw':
      return view.getInt16(at + 2) * 0x10000 + view.getUint16(at);
  }
}

/** The bytes of `value` as `type`; the counterpart of `readNumber`, for requests and for simulated replies. */
export function writeNumber(value: number, type: NumberType): Uint8Array {
  const width = NUMBER_TYPES[type];
  const bytes = new Uint8Array(width);
  const turn = type.endsWith('lw') ? 2 : 0;
  let rest = Math.round(value);
  for (let index = 0; index < width; index += 1) {
    const at = type.endsWith('le') ? index : (width - 1 - index + turn) % width;
    bytes[at] = ((rest % 256) + 256) % 256;
    rest = Math.floor(rest / 256);
  }
  return bytes;
}

/** One array of bytes from numbers (single bytes) and arrays. */
export function bytesOf(...parts: readonly (number | Uint8Array | readonly number[])[]): Uint8Array {
  const flat: number[] = [];
  for (const part of parts) {
    if (typeof part === 'number') flat.push(part);
    else flat.push(...part);
  }
  return Uint8Array.from(flat);
}

/** Printable ASCII up to the first NUL, trimmed; absent when nothing is left. */
export function readText(bytes: Uint8Array, at = 0, length = bytes.length - at): string | undefined {
  let text = '';
  for (const byte of bytes.subarray(at, at + length)) {
    if (byte === 0) break;
    if (byte >= 0x20 && byte < 0x7f) text += String.fromCharCode(byte);
  }
  text = text.trim();
  return text === '' ? undefined : text;
}

/** `text` as bytes, cut or padded with `fill` to `length`. */
export function writeText(text: string, length = text.length, fill = 0): Uint8Array {
  const bytes = new Uint8Array(length).fill(fill);
  for (let index = 0; index < Math.min(length, text.length); index += 1)
    bytes[index] = text.charCodeAt(index) & 0x7f;
  return bytes;
}

/** Bytes of a hex string; spaces are ignored. Undefined when it is not hex. */
export function fromHex(text: string): Uint8Array | undefined {
  const digits = text.replaceAll(/\s/g, '');
  if (digits.length % 2 !== 0 || !/^[0-9a-fA-F]*$/.test(digits)) return undefined;
  return Uint8Array.from({ length: digits.length / 2 }, (_, index) =>
    Number.parseInt(digits.slice(2 * index, 2 * index + 2), 16),
  );
}

/** `count` flags from the bits of `mask`, bit 0 first; masks up to 53 bits. */
export function flagsOf(mask: number, count: number): boolean[] {
  return Array.from({ length: count }, (_, index) => Math.floor(mask / 2 ** index) % 2 === 1);
}

/** Bytes are equal, one by one. */
export function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, index) => byte === b[index]);
}
