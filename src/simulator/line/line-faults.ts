import { ConfigError, hex } from '../../errors.ts';
import type { Random } from '../random.ts';
import type { LineFaults } from '../trials/scenario.ts';

/** The bytes that really stand on the line for one answer: echo, noise, turned bits, an early end. */
export function distort(
  request: Uint8Array,
  answer: Uint8Array,
  faults: LineFaults,
  random: Random,
): Uint8Array {
  const echo = faults.echo ? request : new Uint8Array();
  if (random.next() < faults.silent) return echo;
  const noise = Uint8Array.from({ length: faults.garbage }, () => Math.floor(random.next() * 256));
  const kept =
    random.next() < faults.truncate ? answer.subarray(0, Math.floor(random.next() * answer.length)) : answer;
  const turned = kept.map((byte) =>
    random.next() < faults.bitflips ? byte ^ (1 << Math.floor(random.next() * 8)) : byte,
  );
  const bytes = new Uint8Array(echo.length + noise.length + turned.length);
  bytes.set(echo);
  bytes.set(noise, echo.length);
  bytes.set(turned, echo.length + noise.length);
  return bytes;
}

/** Hex digits, or the text of an ASCII frame from its tilde on; a point stands for any one digit. */
const HEX = /^[0-9a-f.]+$/;
const ASCII = /^~[0-9A-F.]+$/;

/** The beginning of a request: "a5..98" is the alarm request of any Daly, "~20..4644" that of any Pylontech module. */
export function requestPattern(value: unknown, path: string): string {
  if (typeof value === 'string' && (HEX.test(value) || ASCII.test(value))) return value;
  throw new ConfigError(
    `${path}: expected the beginning of a request, as hex digits ("a5..98") or as ASCII frame ("~20..4644"), got ${JSON.stringify(value)}`,
  );
}

/** Whether this device leaves `request` unanswered whatever the line does. */
export function neverAnswered(request: Uint8Array, { silentTo }: Pick<LineFaults, 'silentTo'>): boolean {
  if (silentTo.length === 0) return false;
  const forms = { hex: hex(request, request.length), text: String.fromCharCode(...request) };
  return silentTo.some((pattern) =>
    new RegExp(`^${pattern}`).test(pattern.startsWith('~') ? forms.text : forms.hex),
  );
}
