import type { Random } from './random.ts';
import type { LineFaults } from './scenario.ts';

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
