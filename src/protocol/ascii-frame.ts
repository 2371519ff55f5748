import { FrameError, type FrameFault, RefusedError } from '../errors.ts';
import type { Accept, Refusal } from './accept.ts';
import { bytesOf, fromHex, sameBytes } from './bytes.ts';
import { negatedSum16 } from './checksums.ts';

/**
 * The envelope `~ VER ADR CID1 CID2|RTN LENGTH INFO CHKSUM CR` of the telecom supervision standard YD/T 1363, in
 * which every byte between the first and the last is two hex digits. Shared by Pylontech, PACE, TopBMS, Seplos V2 and
 * others, which differ only in what INFO holds.
 */
export interface AsciiFrame {
  /** The byte before everything; default `~`. */
  readonly start?: number;
  readonly version: number;
  readonly address: number;
  /** Device class; 0x46 is a lithium iron phosphate battery. */
  readonly cid1: number;
  /** The command of a request, the return code of a reply. */
  readonly code: number;
  readonly info: Uint8Array;
}

export const LITHIUM = 0x46;
const SOI = 0x7e;
const EOI = 0x0d;
const HEADER_CHARS = 13;
const OVERHEAD_CHARS = 18;
const MAX_INFO_CHARS = 0xfff;

/** The four digits of LENGTH as a number: the check nibble, then the number of INFO characters. */
function lengthWord(chars: number): number {
  const sum = (chars >>> 8) + ((chars >>> 4) & 15) + (chars & 15);
  return ((-sum & 15) << 12) | chars;
}

/** Upper-case hex digits, two a byte, as ASCII codes. */
function hexDigits(bytes: Uint8Array): Uint8Array {
  return Uint8Array.from({ length: 2 * bytes.length }, (_, index) => {
    const byte = bytes[index >>> 1] ?? 0;
    const digit = index % 2 === 0 ? byte >>> 4 : byte & 15;
    return digit + (digit < 10 ? 0x30 : 0x37);
  });
}

/** The bytes on the wire. INFO holds at most 2047 bytes. */
export function buildFrame({ start = SOI, version, address, cid1, code, info }: AsciiFrame): Uint8Array {
  const chars = 2 * info.length;
  if (chars > MAX_INFO_CHARS) throw new RangeError(`${info.length} bytes do not fit into one ASCII frame`);
  const length = lengthWord(chars);
  const body = hexDigits(bytesOf(version, address, cid1, code, length >>> 8, length & 0xff, info));
  const sum = negatedSum16(body);
  return bytesOf(start, body, hexDigits(bytesOf(sum >>> 8, sum & 0xff)), EOI);
}

/** A request to a battery: VER, ADR, command and INFO. */
export function buildRequest(
  version: number,
  address: number,
  code: number,
  info: readonly number[] = [],
): Uint8Array {
  return buildFrame({ version, address, cid1: LITHIUM, code, info: bytesOf(info) });
}

const ANY_BYTE = '(?:3[0-9]|4[1-6]){2}';

/** The requests of these versions and commands (two hex digits) to any address, as patterns of whole frames in hex. */
export function requestPatterns(versions: readonly number[], commands: readonly string[]): RegExp[] {
  const hexOf = (digits: string): string =>
    [...digits].map((digit) => digit.charCodeAt(0).toString(16)).join('');
  return versions.map((version) => {
    const begin = `7e${hexOf(version.toString(16).padStart(2, '0').toUpperCase())}${ANY_BYTE}`;
    return new RegExp(`^${begin}${hexOf(LITHIUM.toString(16))}(?:${commands.map(hexOf).join('|')})`);
  });
}

/** `request` to any address, which may stand in the first byte of INFO too, as a pattern of whole frames in hex. */
export function patternOf(request: AsciiFrame): RegExp {
  const frame = buildFrame(request);
  const part = (from: number, to: number): string =>
    [...frame.subarray(from, to)].map((char) => char.toString(16)).join('');
  const info = request.info.length === 0 ? '' : `${ANY_BYTE}${part(HEADER_CHARS + 2, -5)}`;
  return new RegExp(`^${part(0, 3)}${ANY_BYTE}${part(5, HEADER_CHARS)}${info}${ANY_BYTE}${ANY_BYTE}0d$`);
}

const isDigit = (char: number): boolean => char >= 0x30 && char <= 0x39;
const isUpper = (char: number): boolean => char >= 0x41 && char <= 0x46;
const isLower = (char: number): boolean => char >= 0x61 && char <= 0x66;

function textOf(bytes: Uint8Array): string {
  return String.fromCharCode(...bytes);
}

function refuse(refused: FrameFault, why: string): Refusal {
  return { refused, why };
}

/**
 * Accepts any whole frame of the family, request or reply: digits in one letter case (so that no flipped bit goes
 * unseen), the check nibble of LENGTH, the end, and the sum. Nothing after the frame is looked at.
 */
export const acceptFrame: Accept = (received) => wholeFrame(received, SOI);

/** Accepts any whole frame that begins with another byte than `~`. */
export function acceptFrameFrom(start: number): Accept {
  return (received) => wholeFrame(received, start);
}

function wholeFrame(received: Uint8Array, start: number): number | 'more' | Refusal {
  if (received.length === 0) return 'more';
  if (received[0] !== start) return refuse('start', `no ${String.fromCharCode(start)}`);
  const header = received.subarray(1, HEADER_CHARS);
  const strange = header.findIndex((char) => !isDigit(char) && !isUpper(char) && !isLower(char));
  if (strange >= 0) return refuse('start', `character ${strange + 1} after the ~ is no hex digit`);
  if (received.length < HEADER_CHARS) return 'more';

  const declared = Number.parseInt(textOf(received.subarray(9, HEADER_CHARS)), 16);
  const chars = declared & MAX_INFO_CHARS;
  if (lengthWord(chars) !== declared) return refuse('length', 'the check nibble of LENGTH does not match');
  if (chars % 2 !== 0) return refuse('length', `LENGTH tells ${chars} characters, half a byte too many`);
  const whole = OVERHEAD_CHARS + chars;

  let upper = false;
  let lower = false;
  for (const char of received.subarray(1, whole - 1)) {
    upper ||= isUpper(char);
    lower ||= isLower(char);
    if (!isDigit(char) && !isUpper(char) && !isLower(char))
      return refuse('incomplete', 'a character inside of the frame is no hex digit');
  }
  if (received.length < whole) return 'more';
  if (received[whole - 1] !== EOI) return refuse('end', 'no CR at the end');
  if (upper && lower) return refuse('checksum', 'hex digits in both letter cases');
  const sum = Number.parseInt(textOf(received.subarray(whole - 5, whole - 1)), 16);
  const want = negatedSum16(received.subarray(1, whole - 5));
  return sum === want
    ? whole
    : refuse('checksum', `CHKSUM ${sum.toString(16)} instead of ${want.toString(16)}`);
}

/** Takes one whole frame apart; throws a FrameError when it is not exactly that. */
export function parseFrame(frame: Uint8Array, start = SOI): AsciiFrame {
  const verdict = wholeFrame(frame, start);
  if (typeof verdict === 'object') throw new FrameError(verdict.refused, verdict.why ?? 'no frame', frame);
  if (verdict !== frame.length)
    throw new FrameError('incomplete', `${frame.length} bytes are not one whole frame`, frame);
  const bytes = fromHex(textOf(frame.subarray(1, -1))) ?? new Uint8Array();
  const [version = 0, address = 0, cid1 = 0, code = 0] = bytes;
  return { ...(start !== SOI && { start }), version, address, cid1, code, info: bytes.subarray(6, -2) };
}

/** The frame that `bytes` are; undefined when they are anything else, as the requests of other protocols. */
export function frameIn(bytes: Uint8Array, start = SOI): AsciiFrame | undefined {
  return wholeFrame(bytes, start) === bytes.length ? parseFrame(bytes, start) : undefined;
}

/** Return codes that every dialect shares. */
const RETURN_CODES: Readonly<Record<number, string>> = {
  1: 'protocol version not supported',
  2: 'checksum of the request wrong',
  3: 'length checksum of the request wrong',
  4: 'command not supported',
  5: 'command format wrong',
  6: 'data of the request invalid',
};

/** What a dialect knows beyond the envelope. */
export interface ReplyRules {
  /**
   * Its return codes beside 0x01..0x06. They differ: 0x90 is "wrong address" in one dialect and a command of a master
   * that polls its packs in another.
   */
  readonly returnCodes: Readonly<Record<number, string>>;
  /** The reply carries the address that was asked. */
  readonly sameAddress: boolean;
  /** The byte before everything; default `~`. */
  readonly start?: number;
  /** Class of the replies, where it is not that of the request. */
  readonly cid1?: number;
  /** Why INFO cannot be the answer to `asked` (other pack, other shape); undefined when it can. */
  readonly objection: (asked: AsciiFrame, reply: AsciiFrame) => string | undefined;
}

/** A reply this long whose return code repeats the command is a reply all the same: some firmware does that. */
const MIN_ECHOED_CODE_BYTES = 3;

function meaningOf(code: number, rules: ReplyRules): string | undefined {
  return RETURN_CODES[code] ?? rules.returnCodes[code];
}

function objectionTo(asked: AsciiFrame, reply: AsciiFrame, rules: ReplyRules): Refusal | undefined {
  const cid1 = rules.cid1 ?? asked.cid1;
  if (reply.cid1 !== cid1) return refuse('command', `CID1 ${reply.cid1} instead of ${cid1}`);
  if (rules.sameAddress && reply.address !== asked.address)
    return refuse('address', `address ${reply.address} instead of ${asked.address}`);
  if (reply.code !== 0 && meaningOf(reply.code, rules) !== undefined) return undefined;
  const echoed = reply.code === asked.code && reply.info.length >= MIN_ECHOED_CODE_BYTES;
  if (reply.code !== 0 && !echoed) return refuse('command', `somebody else's request ${reply.code}`);
  const why = rules.objection(asked, reply);
  return why === undefined ? undefined : refuse('command', why);
}

/** Accepts the reply to `request`, and not its echo, the request of another master, or the reply for another pack. */
export function acceptReply(request: Uint8Array, rules: ReplyRules): Accept {
  const asked = frameIn(request, rules.start);
  if (asked === undefined) return () => refuse('command', 'the request is no ASCII frame');
  return (received) => {
    const length = wholeFrame(received, rules.start ?? SOI);
    if (typeof length !== 'number') return length;
    const frame = received.subarray(0, length);
    if (sameBytes(frame, request)) return refuse('command', 'only the echo of the request');
    return objectionTo(asked, parseFrame(frame, rules.start), rules) ?? length;
  };
}

/** Both sides of an accepted exchange. */
export interface AsciiExchange {
  readonly asked: AsciiFrame;
  readonly reply: AsciiFrame;
}

/** Takes an exchange apart. Throws a FrameError when it is none, a RefusedError when the battery declined. */
export function parseExchange(request: Uint8Array, frame: Uint8Array, rules: ReplyRules): AsciiExchange {
  const verdict = acceptReply(request, rules)(frame);
  if (typeof verdict === 'object') throw new FrameError(verdict.refused, verdict.why ?? 'no reply', frame);
  const asked = parseFrame(request, rules.start);
  const reply = parseFrame(frame, rules.start);
  const refusal = meaningOf(reply.code, rules);
  if (refusal !== undefined)
    throw new RefusedError(`return code 0x${reply.code.toString(16).padStart(2, '0')}: ${refusal}`);
  return { asked, reply };
}
