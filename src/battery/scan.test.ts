import { describe, expect, it } from 'vitest';
import { Scan } from './scan.ts';

const at = (...addresses: number[]) => ({ reach: { serial: { lines: [], addresses, answerMs: 10 } } });
const driver = at(1, 2, 3);

/** When which address is looked at, asked every second. */
function looks(scan: Scan, seconds: number, known: readonly number[]): [number, number][] {
  const found: [number, number][] = [];
  for (let second = 0; second <= seconds; second += 1) {
    const address = scan.next(1000 * second, known);
    if (address !== undefined) found.push([second, address]);
  }
  return found;
}

describe('the scan for further packs', () => {
  it('looks at one address every three seconds at first, then at one a minute', () => {
    expect(looks(new Scan(driver, [1, 2, 3]), 130, [1])).toEqual([
      [3, 2],
      [6, 3],
      [66, 2],
      [126, 3],
    ]);
  });

  it.each([
    ['the owner named the addresses', driver, []],
    ['the BMS has no addresses', at(0), [0]],
  ])('does nothing when %s', (_, of, wanted) => {
    expect(looks(new Scan(of, wanted), 300, [])).toEqual([]);
  });

  it('does nothing when every address is known', () => {
    expect(looks(new Scan(driver, [1, 2, 3]), 300, [1, 2, 3])).toEqual([]);
  });
});
