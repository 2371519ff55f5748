import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { FrameError, ImplausibleError, PortLostError, RefusedError, TimeoutError } from '../errors.ts';
import type { PackReading } from '../model/reading.ts';
import { type Part, PollParts, type Remark, Remarks, Standings } from './parts.ts';

const ALARMS: Part = {
  name: 'alarms (44)',
  isKnown: false,
  alarms: (alarms) => alarms,
};
const BALANCING: Part = {
  name: 'balancing (97)',
  isKnown: false,
  minor: ['balancing'],
};
const SILENCE = new TimeoutError('nothing');
const QUIET: PackReading = { alarms: { highVoltage: 0, lowVoltage: 0 } };

/** Polls one part over one connection; each poll knows the last one that succeeded. */
function battery(part: Part = ALARMS) {
  const standings = new Standings();
  const remarks = new Remarks();
  const said: Remark[] = [];
  const tries: number[] = [];
  let known: PackReading = {};
  const poll = async (answer: PackReading | Error): Promise<PackReading | Error> => {
    const parts = new PollParts(standings, known, remarks);
    const told = await parts.ask(part, (count) => {
      tries.push(count);
      return answer instanceof Error ? Promise.reject(answer) : Promise.resolve(answer);
    });
    said.push(...remarks.take());
    try {
      known = { ...told, ...parts.end() };
      return known;
    } catch (error) {
      return error instanceof Error ? error : new Error(String(error));
    }
  };
  const polls = async (answers: readonly (PackReading | Error)[]): Promise<(PackReading | Error)[]> => {
    const outcomes: (PackReading | Error)[] = [];
    for (const answer of answers) outcomes.push(await poll(answer));
    return outcomes;
  };
  return { polls, said, tries };
}
const times = <T>(count: number, item: T): T[] => new Array<T>(count).fill(item);

describe('a part of a poll that a battery never tells', () => {
  it.each([
    ['silence', SILENCE],
    ['a damaged answer', new FrameError('checksum', 'damaged')],
    ['a refusal', new RefusedError('unknown')],
    ['an answer that cannot be', new ImplausibleError('3000 A')],
    ['an answer without content', {}],
  ])('hides nothing of the rest and is said once: %s', async (_, answer) => {
    const { polls, said, tries } = battery();
    expect(await polls(times(10, answer))).toEqual(times(10, {}));
    expect(said).toEqual([{ part: 'alarms (44)', state: 'never', remains: false }]);
    expect(tries).toEqual([2, 2, 2]);
  });

  it('is asked again about once a minute, and told again is told', async () => {
    const { polls, said, tries } = battery();
    await polls(times(62, SILENCE));
    expect(tries).toEqual([2, 2, 2]);
    expect(await polls([QUIET])).toEqual([QUIET]);
    expect(tries).toEqual([2, 2, 2, 1]);
    expect(said.map(({ state }) => state)).toEqual(['never', 'told']);
  });
});

describe('a part of a poll that fell silent', () => {
  it('fails two polls, so that nothing flickers, and is then said, shown and left out', async () => {
    const { polls, said } = battery();
    const outcomes = await polls([QUIET, ...times(5, SILENCE)]);
    expect(outcomes).toEqual([QUIET, SILENCE, SILENCE, ...times(3, { alarms: { bmsCable: 1 } })]);
    expect(said).toEqual([{ part: 'alarms (44)', state: 'silent', remains: true }]);
  });

  it('says nothing of one lost answer, nor of two', async () => {
    const { polls, said } = battery();
    const outcomes = await polls([QUIET, SILENCE, QUIET, SILENCE, SILENCE, QUIET]);
    expect(outcomes.filter((outcome) => !(outcome instanceof Error))).toEqual(times(3, QUIET));
    expect(said).toEqual([]);
  });

  it('keeps an alarm that was set until it is told again', async () => {
    const { polls } = battery();
    const raised = { alarms: { highVoltage: 2, lowVoltage: 0 } } as const;
    const outcomes = await polls([raised, ...times(70, SILENCE), ...times(60, QUIET)]);
    expect(outcomes.at(40)).toEqual({ alarms: { highVoltage: 2, bmsCable: 1 } });
    expect(outcomes.at(-1)).toEqual(QUIET);
  });

  it('is a lost port when the port is lost', async () => {
    await expect(battery().polls([new PortLostError('gone')])).rejects.toBeInstanceOf(PortLostError);
  });

  it('that nothing steers by stays as it was for a moment and then goes, without an alarm', async () => {
    const { polls, said } = battery(BALANCING);
    const told = { balancing: true };
    expect(await polls([told, ...times(4, SILENCE)])).toEqual([told, told, told, {}, {}]);
    expect(said).toEqual([{ part: 'balancing (97)', state: 'silent', remains: false }]);
  });

  it('never lets a set alarm go, whatever is lost', async () => {
    const raised = { alarms: { highVoltage: 2 } } as const;
    await fc.assert(
      fc.asyncProperty(fc.array(fc.boolean(), { maxLength: 90 }), async (lost) => {
        const { polls } = battery();
        for (const outcome of await polls([raised, ...lost.map((gone) => (gone ? SILENCE : raised))])) {
          if (!(outcome instanceof Error)) expect(outcome.alarms?.highVoltage).toBe(2);
        }
      }),
      { numRuns: 60 },
    );
  });
});

describe('remarks on the parts', () => {
  it('come once until something changes, and outlive a connection', () => {
    const remarks = new Remarks();
    remarks.miss('alarms (44)', 'silent', true);
    remarks.miss('alarms (44)', 'never');
    expect(remarks.take()).toEqual([{ part: 'alarms (44)', state: 'silent', remains: true }]);
    expect(remarks.take()).toEqual([]);
    remarks.tell('alarms (44)');
    remarks.tell('alarms (44)');
    expect(remarks.take()).toEqual([{ part: 'alarms (44)', state: 'told', remains: false }]);
    expect([remarks.hasTold('alarms (44)'), remarks.hasTold('model (02)')]).toEqual([true, false]);
  });
});
