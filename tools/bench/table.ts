import { COLUMNS, wrap } from '../docs/wrap.ts';
import { type Figure, isMet, type Section, spreadOf } from './figure.ts';

const INDENT = '  ';

/**
 * A section as plain text, at most as wide as a document: how it was measured, what explains the figures, then of each its
 * spread, its mark, and the established driver.
 */
export function render({ title, notes, figures }: Section): string {
  const extras = Object.keys(figures[0]?.more ?? {});
  const explained = figures.map(({ name, more }) => [name, ...extras.map((key) => short(more?.[key]))]);
  const isCompared = figures.some(({ established }) => established !== undefined);
  const columns = ['', 'min', 'median', 'max', 'n', 'unit', 'mark', 'met'];
  const rows = figures.map((figure) => [
    figure.name,
    ...spread(figure),
    figure.unit,
    markText(figure),
    metText(figure),
    ...(isCompared ? [figure.established ?? '-'] : []),
  ]);
  const lines = [
    title,
    ...wrap(notes.join(' '), INDENT),
    ...(extras.length > 0 ? [...aligned([['', ...extras], ...explained]), ''] : []),
    ...aligned([isCompared ? [...columns, 'established'] : columns, ...rows]),
  ];
  return `${lines.join('\n')}\n`;
}

function spread({ samples, digits = 2 }: Figure): string[] {
  const { min, median, max } = spreadOf(samples);
  const outer = (value: number): string => (samples.length > 1 ? value.toFixed(digits) : '');
  return [outer(min), median.toFixed(digits), outer(max), String(samples.length)];
}

function markText({ mark, samples }: Figure): string {
  if (mark === undefined) return '-';
  return `${samples.length > 1 ? `${mark.of} ` : ''}<= ${mark.most}`;
}

function metText(figure: Figure): string {
  const met = isMet(figure);
  if (met === undefined) return '-';
  return met ? 'yes' : 'NO';
}

function short(value: number | undefined): string {
  if (value === undefined) return '-';
  return Number.isInteger(value) ? String(value) : value.toFixed(1);
}

/** The first column to the left, the others to the right. A name without room goes on in the next line. */
function aligned(rows: readonly (readonly string[])[]): string[] {
  const widths = (rows[0] ?? []).map((_, column) =>
    Math.max(...rows.map((row) => (row[column] ?? '').length)),
  );
  const others = widths.slice(1).reduce((sum, width) => sum + width + INDENT.length, 0);
  const room = Math.min(widths[0] ?? 0, COLUMNS - INDENT.length - others);
  return rows.flatMap(([name = '', ...cells]) => {
    const [first = '', ...more] = parts(name, room);
    const numbers = cells.map((cell, index) => cell.padStart(widths[index + 1] ?? 0));
    const line = [first.padEnd(room), ...numbers].join(INDENT);
    return [line, ...more].map((text) => `${INDENT}${text}`.trimEnd());
  });
}

/** A name cut between its words, so that each part but the last word of it fits. */
function parts(name: string, room: number): string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of name.split(' ')) {
    if (line !== '' && line.length + 1 + word.length > room) {
      lines.push(line);
      line = `${INDENT}${word}`;
    } else {
      line = line === '' ? word : `${line} ${word}`;
    }
  }
  return [...lines, line];
}
