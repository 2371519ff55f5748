/** Most characters in a line of a document. */
export const COLUMNS = 100;

/** What would begin a list, a heading or a table where it stands first in a line. */
const MARKER = /^(?:[-*+|>]|#+|1[.)])$/;

/**
 * A word as it is kept together: a link, code that fits into a line, a number with its unit, `0 =` with what stands before
 * it.
 */
const WORD =
  /(?:!?\[[^\]]{1,60}\]\([^)\s]*\)|\S+ \d+ =|`[^`]{1,90}`|\d+(?:\.\d+)? (?:%|(?:°C|degC|C|Ah?|m?V|m?s)\b)|\S)+/g;

/**
 * Lines of at most `COLUMNS` characters, broken between words. A word that is longer than a line has a line of its
 * own. `first` stands before the first line, `next` before the others.
 */
export function wrap(text: string, first = '', next = first): string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of text.match(WORD) ?? []) {
    const before = lines.length === 0 ? first : next;
    const longer = line === '' ? before + word : `${line} ${word}`;
    if (line !== '' && [...longer].length > COLUMNS && !MARKER.test(word)) {
      lines.push(line);
      line = next + word;
    } else {
      line = longer;
    }
  }
  return line === '' ? lines : [...lines, line];
}
