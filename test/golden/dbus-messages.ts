import { aligned, LITTLE_ENDIAN, pairs, Reader, typesOf, Variant, variantOf, Writer } from './dbus-values.ts';

export const TYPE = { call: 1, reply: 2, error: 3, signal: 4 } as const;
/** Flag of a message that nobody is to answer. */
export const NO_REPLY = 1;

/** Dictionaries are arrays of pairs, in the order of the wire. */
export interface Message {
  readonly type: number;
  readonly flags: number;
  readonly serial: number;
  readonly path?: string;
  readonly interface?: string;
  readonly member?: string;
  readonly errorName?: string;
  readonly replySerial?: number;
  readonly destination?: string;
  readonly sender?: string;
  readonly signature: string;
  readonly body: readonly unknown[];
}

const FIELDS = [
  ['path', 1, 'o'],
  ['interface', 2, 's'],
  ['member', 3, 's'],
  ['errorName', 4, 's'],
  ['replySerial', 5, 'u'],
  ['destination', 6, 's'],
  ['sender', 7, 's'],
] as const;
const SIGNATURE_FIELD = 8;
const FIXED_BYTES = 16;

/** How many bytes the message at the beginning has; undefined when more are needed to tell. */
export function lengthOf(bytes: Buffer): number | undefined {
  if (bytes.length < FIXED_BYTES) return undefined;
  const little = bytes[0] === LITTLE_ENDIAN;
  const body = little ? bytes.readUInt32LE(4) : bytes.readUInt32BE(4);
  const fields = little ? bytes.readUInt32LE(12) : bytes.readUInt32BE(12);
  return aligned(FIXED_BYTES + fields, 8) + body;
}

export function decode(bytes: Buffer): Message {
  const reader = new Reader(bytes);
  const [type, flags, serial] = [bytes[1] ?? 0, bytes[2] ?? 0, reader.numberAt(8)];
  reader.at = 12;
  const found: Record<string, unknown> = {};
  let signature = '';
  for (const entry of pairs(reader.value('a(yv)'))) {
    const [code, { value }] = [entry[0], variantOf(entry[1])];
    const field = FIELDS.find(([, number]) => number === code);
    if (field !== undefined) found[field[0]] = value;
    else if (code === SIGNATURE_FIELD) signature = String(value);
  }
  reader.align(8);
  const body = typesOf(signature).map((each) => reader.value(each));
  if (reader.at !== bytes.length)
    throw new Error(`${bytes.length - reader.at} bytes follow the body of a message`);
  return { type, flags, serial, signature, body, ...found };
}

export function encode(message: Message): Buffer {
  const body = new Writer();
  for (const [index, each] of typesOf(message.signature).entries()) body.value(each, message.body[index]);
  const head = new Writer();
  for (const [type, value] of [
    ['y', LITTLE_ENDIAN],
    ['y', message.type],
    ['y', message.flags],
    ['y', 1],
    ['u', body.length],
    ['u', message.serial],
  ] as const)
    head.value(type, value);
  const fields: unknown[] = FIELDS.filter(([name]) => message[name] !== undefined).map(
    ([name, code, type]) => [code, new Variant(type, message[name])],
  );
  if (message.signature !== '') fields.push([SIGNATURE_FIELD, new Variant('g', message.signature)]);
  head.value('a(yv)', fields);
  head.align(8);
  return Buffer.concat([head.bytes, body.bytes]);
}
