import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { FrameError, PortLostError, RefusedError, TimeoutError } from '../errors.ts';
import { Forms } from './forms.ts';

const QUESTIONS = { values: {}, alarms: {} };
const FORMS = ['a', 'b', 'c'].map((id) => ({ id, request: new Uint8Array() }));

/** Asks once; the device answers the forms in `answered` and fails at the others with `error`. */
async function asked(
  forms: Forms,
  answered: string,
  { tries = 2, of = QUESTIONS.values, error = new TimeoutError('nothing') as Error } = {},
): Promise<{ order: string[]; outcome: string | Error }> {
  const order: string[] = [];
  const outcome = await forms
    .ask({ of, forms: FORMS, tries }, ({ id }, most) => {
      order.push(...new Array<string>(answered.includes(id) ? 1 : most).fill(id));
      return answered.includes(id) ? Promise.resolve(id) : Promise.reject(error);
    })
    .catch((failure: Error) => failure);
  return { order, outcome };
}

describe('requests in several forms', () => {
  it('are tried in turn until one is answered, which comes first from then on', async () => {
    const forms = new Forms();
    expect(await asked(forms, 'b')).toEqual({ order: ['a', 'b'], outcome: 'b' });
    expect(await asked(forms, 'ab')).toEqual({ order: ['b'], outcome: 'b' });
    expect(forms.usual).toBe('b');
  });

  it('begin with the form of the other questions', async () => {
    const forms = new Forms();
    await asked(forms, 'c');
    expect((await asked(forms, 'abc', { of: QUESTIONS.alarms })).order).toEqual(['c']);
  });

  it('stay with a known form for all tries, and turn to the others after that', async () => {
    const forms = new Forms();
    await asked(forms, 'a');
    expect(await asked(forms, 'c', { tries: 3 })).toMatchObject({ order: ['a', 'a', 'a'] });
    expect(await asked(forms, 'c', { tries: 3 })).toMatchObject({ order: ['a', 'b', 'c'] });
  });

  it('take a refusal for an answer to this form alone, and do not repeat it', async () => {
    const error = new RefusedError('format wrong');
    const { order, outcome } = await asked(new Forms(), '', { error, tries: 6 });
    expect(order).toEqual(['a', 'b', 'c']);
    expect(outcome).toBe(error);
  });

  it('end at once when the port is lost', async () => {
    const error = new PortLostError('gone');
    expect(await asked(new Forms(), '', { error })).toEqual({ order: ['a'], outcome: error });
  });

  it('are all tried before a question is given up, whatever was known and however it failed', async () => {
    const errors = [new TimeoutError('nothing'), new FrameError('checksum', 'damaged')];
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom('a', 'b', 'c'),
        fc.constantFrom(...errors),
        fc.integer({ min: 1, max: 5 }),
        async (known, error, tries) => {
          const forms = new Forms();
          await asked(forms, known);
          const first = await asked(forms, '', { error, tries });
          const second = await asked(forms, '', { error, tries });
          expect(first.order).toEqual(new Array(tries).fill(known));
          expect(new Set(second.order)).toEqual(new Set(['a', 'b', 'c']));
        },
      ),
      { numRuns: 50 },
    );
  });
});
