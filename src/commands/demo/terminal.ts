/** What of a text is shown in which way; plain where there is no colour. */
export type Style = 'head' | 'dim' | 'good' | 'warn' | 'bad' | 'plain';

const ESCAPE = '\u001b[';
const CODES: Readonly<Record<Style, string>> = {
  head: '1',
  dim: '2',
  good: '32',
  warn: '33',
  bad: '31',
  plain: '',
};

/** A piece of a line. */
export interface Span {
  readonly text: string;
  readonly style?: Style;
}

export type Line = readonly Span[];

/** The alternate screen, which leaves what stood in the terminal as it was; no cursor. */
export const ENTER_SCREEN = `${ESCAPE}?1049h${ESCAPE}?25l`;
export const LEAVE_SCREEN = `${ESCAPE}?25h${ESCAPE}?1049l`;

/** Draws a whole screen over the one before, without wiping it first, so that nothing flickers. */
export function redraw(lines: readonly string[]): string {
  return `${ESCAPE}H${lines.map((line) => `${line}${ESCAPE}K`).join('\r\n')}${ESCAPE}J`;
}

/** Colour is for a terminal whose owner did not ask for none (no-color.org). */
export function mayColour(isTerminal: boolean, env: Readonly<Record<string, string | undefined>>): boolean {
  return isTerminal && (env['NO_COLOR'] ?? '') === '' && env['TERM'] !== 'dumb';
}

/** A line of at most `columns` characters; what is cut ends with "…". */
export function render(line: Line, columns: number, hasColour: boolean): string {
  let left = columns;
  let shown = '';
  const whole = line.reduce((sum, { text }) => sum + text.length, 0);
  const isCut = whole > columns;
  for (const { text, style = 'plain' } of line) {
    const room = isCut && text.length >= left ? left - 1 : left;
    if (room < 0) break;
    const piece = text.slice(0, room) + (isCut && text.length >= left ? '…' : '');
    left -= piece.length;
    const code = CODES[style];
    shown += hasColour && code !== '' && piece !== '' ? `${ESCAPE}${code}m${piece}${ESCAPE}0m` : piece;
    if (left <= 0) break;
  }
  return shown.trimEnd();
}

/** Breaks a text between words into at most `most` lines of `columns` characters. */
export function wrap(text: string, columns: number, most: number): string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(' ')) {
    const longer = line === '' ? word : `${line} ${word}`;
    if (longer.length <= columns || line === '') line = longer;
    else {
      lines.push(line);
      line = word;
    }
  }
  lines.push(line);
  if (lines.length <= most) return lines;
  return [...lines.slice(0, most - 1), lines.slice(most - 1).join(' ')];
}
