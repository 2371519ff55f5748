import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { UsageError } from './errors.ts';
import { linesOf, writeWhole } from './standard-streams.ts';

async function* chunksOf(chunks: readonly string[]): AsyncIterable<string> {
  for (const chunk of chunks) yield chunk;
}

async function read(chunks: readonly string[], most?: number): Promise<string[]> {
  const lines: string[] = [];
  for await (const line of linesOf(chunksOf(chunks), most)) lines.push(line);
  return lines;
}

describe('the lines of stdin', () => {
  it('are the same wherever the text is cut', async () => {
    const text = 'one\n\ntwo\r\nthree\rfour';
    await fc.assert(
      fc.asyncProperty(fc.array(fc.nat(text.length), { maxLength: 5 }), async (cuts) => {
        const at = [0, ...cuts.toSorted((a, b) => a - b), text.length];
        const chunks = at.slice(1).map((end, index) => text.slice(at[index], end));
        expect(await read(chunks)).toEqual(['one', '', 'two', 'three', 'four']);
      }),
    );
  });

  it('may end with or without the end of a line', async () => {
    expect(await read(['a\n'])).toEqual(['a']);
    expect(await read(['a\r'])).toEqual(['a']);
    expect(await read([])).toEqual([]);
  });

  it('end with one error at a line that does not end, before it fills the memory', async () => {
    let taken = 0;
    async function* endless(): AsyncIterable<string> {
      for (;;) {
        taken += 1;
        yield 'x'.repeat(100);
      }
    }
    const reading = (async () => {
      for await (const line of linesOf(endless(), 1000)) expect(line).toBe('none');
    })();
    await expect(reading).rejects.toThrow(UsageError);
    await expect(reading).rejects.toThrow('expected lines of at most 1000 characters on stdin');
    expect(taken).toBe(11);
    await expect(read([`${'x'.repeat(1001)}\nfine\n`], 1000)).rejects.toThrow(UsageError);
  });
});

describe('a result on stdout', () => {
  it('is written on where the system took only a part of it', () => {
    const taken: number[] = [];
    writeWhole('0123456789', (bytes, from) => {
      taken.push(from);
      return Math.min(4, bytes.length - from);
    });
    expect(taken).toEqual([0, 4, 8]);
  });

  it('is not said to be written when the disk became full in the middle', () => {
    expect(() =>
      writeWhole('0123456789', (_, from) => {
        if (from > 0) throw Object.assign(new Error('no space'), { code: 'ENOSPC' });
        return 4;
      }),
    ).toThrow('no space');
  });
});
