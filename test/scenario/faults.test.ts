import { describe, expect, it } from 'vitest';
import { BMSES } from '../../src/bms/index.ts';
import { endRows } from '../../tools/faults/end-rows.ts';
import { lineRows } from '../../tools/faults/line-rows.ts';
import { lossRows } from '../../tools/faults/loss-rows.ts';
import { mutationRows } from '../../tools/faults/mutation-rows.ts';
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
    const rows = await mutationRows(1000);
    expect(rows).toHaveLength(BMSES.length);
    expect(judged(rows)).toEqual([]);
  });

  it('sees no value and no limit that is wrong in silence, another pack, another calendar, a full disk', async () => {
    expect(judged(await virtualRows([30, 1200]))).toEqual([]);
  });

  it('sees drivers read on while requests are lost, also to a UART that falls asleep', async () => {
    // One of every kind of poll; `npm run faults` tries all drivers for longer.
    const some = BMSES.map(({ driver }) => driver).filter(({ id }) => ['daly', 'jbd', 'topbms'].includes(id));
    const rows = await lossRows(180, () => {}, some);
    expect(rows).toHaveLength(2 * some.length);
    expect(judged(rows)).toEqual([]);
  }, 120_000);

  it('sees no wrong value of the real program while the line is disturbed', async () => {
    const effort = { faultMs: 1000, silencesMs: [], isThorough: false, endAfterMs: [] };
    const meddlings = ['answers glued to the one before', 'every answer with a turned bit'];
    const rows = await Promise.all([
      lineRows('serial', { ...effort, meddlings }),
      lineRows('network', { ...effort, meddlings: [] }),
    ]);
    expect(judged(rows.flat())).toEqual([]);
  }, 60_000);

  it('sees the real program end as it should', async () => {
    expect(judged(await endRows({ endAfterMs: [] }))).toEqual([]);
  }, 60_000);

  it('says of a missed mark which one it was', () => {
    const row = { fault: 'noise', injected: 3, wrong: 1, raised: 0, restarts: 0, p99Ms: 30 };
    expect(missedBy(row)).toEqual(['noise: 1 wrong values', 'noise: GetValue p99 30.0 ms']);
    expect(missedBy({ ...row, injected: 0, wrong: 0, p99Ms: 1 })).toEqual(['noise: never struck']);
    expect(render([row])).toMatch(/^fault .*\nnoise +3 +1 +0 /);
  });
});
