import { describe, expect, it } from 'vitest';
import { BMSES } from '../../src/bms/index.ts';
import { mutationRows } from '../../tools/faults/mutation-rows.ts';
import { endRows, lineRows } from '../../tools/faults/program-rows.ts';
import { missedBy, type Row, render } from '../../tools/faults/row.ts';
import { virtualRows } from '../../tools/faults/virtual-rows.ts';

/** A busy machine makes every client wait; how long others wait is for `npm run faults` to judge. */
function withoutTimes({ p99Ms: _, ...row }: Row): Row {
  return row;
}

function judged(rows: readonly Row[]): string[] {
  return rows.map(withoutTimes).flatMap(missedBy);
}

describe('the short form of the fault harness', () => {
  it('offers damaged frames to every driver and sees no wrong value', async () => {
    const rows = await mutationRows(2000);
    expect(rows).toHaveLength(BMSES.length);
    expect(judged(rows)).toEqual([]);
  });

  it('sees no value and no limit that is wrong in silence, another pack, another calendar, a full disk', async () => {
    expect(judged(await virtualRows([30, 120]))).toEqual([]);
  });

  it('sees no wrong value of the real program while the line is disturbed', async () => {
    const rows = await lineRows({
      faultMs: 1000,
      silencesMs: [],
      measuresWaiting: false,
      meddlings: ['answers glued to the one before'],
      endAfterMs: [],
    });
    expect(judged(rows)).toEqual([]);
  }, 60_000);

  it('sees the real program end as it should', async () => {
    expect(judged(await endRows({ faultMs: 0, silencesMs: [], endAfterMs: [] }))).toEqual([]);
  }, 60_000);

  it('says of a missed mark which one it was', () => {
    const row = { fault: 'noise', injected: 3, wrong: 1, raised: 0, restarts: 0, p99Ms: 30 };
    expect(missedBy(row)).toEqual(['noise: 1 wrong values', 'noise: GetValue p99 30.0 ms']);
    expect(missedBy({ ...row, injected: 0, wrong: 0, p99Ms: 1 })).toEqual(['noise: never struck']);
    expect(render([row])).toMatch(/^fault .*\nnoise +3 +1 +0 /);
  });
});
