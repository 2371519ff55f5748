import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { FrameError, PortLostError, RefusedError, TimeoutError } from '../errors.ts';
import type { Exchange } from '../transport/exchange.ts';
import { Forms } from './forms.ts';

const line = (): Exchange => ({ ask: () => Promise.reject(new TimeoutError('nothing')) });

/** Asks once; the device answers the forms in `answered` and fails at the others with `error`. */
async function asked(
  forms: Forms<string>,
  link: Exchange,
  answered: string,
  { tries = 2, name = 'values', battery = 1, error = new TimeoutError('nothing') as Error } = {},
): Promise<{ order: string[]; outcome: string | Error }> {
  const order: string[] = [];
  const question = { battery, name, forms: ['a', 'b', 'c'], tries };
  const outcome = await forms
    .ask(link, question, (form) => {
      order.push(form);
      return answered.includes(form) ? Promise.resolve(form) : Promise.reject(error);
    })
    .catch((failure: Error) => failure);
  return { order, outcome };
}

describe('requests in several forms', () => {
  it('are tried in turn until one is answered, which comes first from then on', async () => {
    const [forms, link] = [new Forms<string>(), line()];
    expect(await asked(forms, link, 'b')).toEqual({ order: ['a', 'b'], outcome: 'b' });
    expect(await asked(forms, link, 'ab')).toEqual({ order: ['b'], outcome: 'b' });
    expect(forms.known(link, 1)).toBe('b');
  });

  it('begin with the form of the other questions to the same battery', async () => {
    const [forms, link] = [new Forms<string>(), line()];
    await asked(forms, link, 'c');
    expect((await asked(forms, link, 'abc', { name: 'alarms' })).order).toEqual(['c']);
    expect((await asked(forms, link, 'abc', { battery: 2 })).order).toEqual(['a']);
  });

  it('stay with a known form for all tries, and turn to the others after that', async () => {
    const [forms, link] = [new Forms<string>(), line()];
    await asked(forms, link, 'a');
    expect(await asked(forms, link, 'c', { tries: 3 })).toMatchObject({ order: ['a', 'a', 'a'] });
    expect(await asked(forms, link, 'c', { tries: 3 })).toMatchObject({ order: ['a', 'b', 'c'] });
  });

  it('forget what they know with the connection', async () => {
    const forms = new Forms<string>();
    await asked(forms, line(), 'c');
    expect((await asked(forms, line(), 'abc')).order).toEqual(['a']);
  });

  it('take a refusal for an answer to this form alone, and do not repeat it', async () => {
    const error = new RefusedError('format wrong');
    const { order, outcome } = await asked(new Forms<string>(), line(), '', { error, tries: 6 });
    expect(order).toEqual(['a', 'b', 'c']);
    expect(outcome).toBe(error);
  });

  it('end at once when the port is lost', async () => {
    const error = new PortLostError('gone');
    expect(await asked(new Forms<string>(), line(), '', { error })).toEqual({ order: ['a'], outcome: error });
  });

  it('are all tried before a question is given up, whatever was known and however it failed', async () => {
    const errors = [new TimeoutError('nothing'), new FrameError('checksum', 'damaged')];
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom('a', 'b', 'c'),
        fc.constantFrom(...errors),
        fc.integer({ min: 1, max: 5 }),
        async (known, error, tries) => {
          const [forms, link] = [new Forms<string>(), line()];
          await asked(forms, link, known);
          const first = await asked(forms, link, '', { error, tries });
          const second = await asked(forms, link, '', { error, tries });
          expect(first.order).toEqual(new Array(tries).fill(known));
          expect(new Set(second.order)).toEqual(new Set(['a', 'b', 'c']));
        },
      ),
      { numRuns: 50 },
    );
  });
});
