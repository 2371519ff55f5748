import { type Figure, isMet, type Section, spreadOf } from './figure.ts';

/** A section as aligned plain text: first what explains a figure, then its spread, its mark, and the established driver. */
export function render({ title, notes, figures }: Section): string {
  const extras = Object.keys(figures[0]?.more ?? {});
  const isCompared = figures.some(({ established }) => established !== undefined);
  const columns = ['', ...extras, 'min', 'median', 'max', 'n', 'unit', 'mark', 'met'];
  const rows = figures.map((figure) => [
    figure.name,
    ...extras.map((key) => short(figure.more?.[key])),
    ...spread(figure),
    figure.unit,
    markText(figure),
    metText(figure),
    ...(isCompared ? [figure.established ?? '-'] : []),
  ]);
  const lines = aligned([isCompared ? [...columns, 'established'] : columns, ...rows]);
  return [title, ...notes.map((note) => `  ${note}`), ...lines.map((line) => `  ${line}`), ''].join('\n');
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

/** The first column to the left, the others to the right. */
function aligned(rows: readonly (readonly string[])[]): string[] {
  const widths = (rows[0] ?? []).map((_, column) =>
    Math.max(...rows.map((row) => (row[column] ?? '').length)),
  );
  return rows.map((row) =>
    row
      .map((cell, column) =>
        column === 0 ? cell.padEnd(widths[0] ?? 0) : cell.padStart(widths[column] ?? 0),
      )
      .join('  ')
      .trimEnd(),
  );
}
