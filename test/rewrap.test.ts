import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { rewrap } from '../tools/docs/rewrap.ts';

const DOCS = fileURLToPath(new URL('../docs', import.meta.url));
const words = (text: string): string[] => text.split(/\s+/);

describe('wrapping a document anew', () => {
  it('joins and breaks the lines of a paragraph and of a list item', () => {
    const long = 'word '.repeat(25).trim();
    expect(rewrap(`One\ntwo\n\n* ${long}\n  ${long}\n1. last\n`)).toBe(
      [
        'One two',
        '',
        `* ${'word '.repeat(19).trim()}`,
        `  ${'word '.repeat(19).trim()}`,
        `  ${'word '.repeat(12).trim()}`,
        '1. last',
        '',
      ].join('\n'),
    );
  });

  it('leaves headings, tables, code and comments as they are', () => {
    const wide = 'wide '.repeat(30).trim();
    const text = `# ${wide}\n\n| ${wide} |\n| ${wide} |\n\n\`\`\`sh\n${wide}\n${wide}\n\`\`\`\n\n<!-- ${wide} -->\n`;
    expect(rewrap(text)).toBe(text);
  });

  it('changes no word of any document, and nothing when it is done twice', () => {
    for (const file of readdirSync(DOCS).filter((name) => name.endsWith('.md'))) {
      const text = readFileSync(join(DOCS, file), 'utf8');
      const done = rewrap(text);
      expect(words(done), file).toEqual(words(text));
      expect(rewrap(done), file).toBe(done);
    }
  });
});
