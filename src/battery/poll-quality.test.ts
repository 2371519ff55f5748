import { describe, expect, it } from 'vitest';
import { type Outcome, PollQuality } from './poll-quality.ts';

function polls(...outcomes: readonly (readonly [count: number, outcome: Outcome])[]): PollQuality {
  const quality = new PollQuality();
  for (const [count, outcome] of outcomes) for (let poll = 0; poll < count; poll += 1) quality.note(outcome);
  return quality;
}

describe('the quality of polls', () => {
  it('is not worth a word while single polls fail', () => {
    expect(polls([40, 'good'], [2, 'failed'], [18, 'good']).failures).toBeUndefined();
  });

  it('tells how many of the last polls failed from a tenth on', () => {
    expect(polls([100, 'good'], [5, 'failed']).failures).toBeUndefined();
    expect(polls([100, 'good'], [6, 'failed']).failures).toBe('6 of 60 polls failed');
  });

  it('is not judged by a handful of polls', () => {
    expect(polls([5, 'failed']).failures).toBeUndefined();
  });

  it('knows readings that are refused again and again from a single one', () => {
    expect(polls([10, 'good'], [2, 'refused']).isRefusing).toBe(false);
    expect(polls([10, 'good'], [3, 'refused']).isRefusing).toBe(true);
    expect(polls([3, 'refused'], [60, 'good']).isRefusing).toBe(false);
  });

  it('begins anew after what is told elsewhere', () => {
    const quality = polls([60, 'failed']);
    quality.begin();
    expect(quality.failures).toBeUndefined();
  });
});
