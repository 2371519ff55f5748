import { readFileSync, writeFileSync } from 'node:fs';
import { pathToFileURL } from 'node:url';
import { wrap } from './wrap.ts';

/** What a line of a document that is no prose begins with: a heading, a row of a table, a comment. */
const AS_IT_IS = /^(?:#|\s*\||\s*<)|^\s*$/;
const ITEM = /^(\s*)([-*]|\d+\.) +(.*)$/;

/**
 * A Markdown text with its paragraphs and list items wrapped to the width of a document. Headings, tables, code blocks and
 * comments stay as they are, and no word is changed.
 */
export function rewrap(text: string): string {
  const lines: string[] = [];
  let paragraph: string[] = [];
  let [first, next] = ['', ''];
  let isCode = false;
  const finish = (): void => {
    lines.push(...wrap(paragraph.join(' '), first, next));
    paragraph = [];
  };
  for (const line of text.split('\n')) {
    const isFence = line.trimStart().startsWith('```');
    if (isCode || isFence || AS_IT_IS.test(line)) {
      finish();
      lines.push(line);
      isCode = isCode !== isFence;
      continue;
    }
    const item = ITEM.exec(line);
    if (item !== null) {
      const [, indent = '', mark = '', words = ''] = item;
      finish();
      first = `${indent}${mark} `;
      next = ' '.repeat(first.length);
      paragraph = [words];
    } else {
      if (paragraph.length === 0) first = next = /^\s*/.exec(line)?.[0] ?? '';
      paragraph.push(line.trim());
    }
  }
  finish();
  return lines.join('\n');
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  for (const file of process.argv.slice(2)) writeFileSync(file, rewrap(readFileSync(file, 'utf8')));
}
