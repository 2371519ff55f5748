import { drawPanel, footHeight, headHeight, type Panel } from './panel.ts';
import { element, escaped } from './svg.ts';
import { CHARACTER, styleSheet } from './theme.ts';

export interface Page {
  readonly heading: string;
  /** What the drawing shows and under which conditions; long ones are broken into lines. */
  readonly notes: readonly string[];
  /** Panels side by side. */
  readonly columns: 1 | 2;
  readonly panels: readonly Panel[];
}

const WIDTH = 960;
const MARGIN = 20;
const HEADING = 30;
const NOTE = 17;

/** The drawing as a whole SVG file, light or dark as its reader prefers. */
export function drawPage({ heading, notes, columns, panels }: Page): string {
  const width = (WIDTH - (columns + 1) * MARGIN) / columns;
  const drawn: string[] = [];
  const lines = notes.flatMap((note) => wrapped(note, Math.floor((WIDTH - 2 * MARGIN) / CHARACTER)));
  let y = MARGIN + HEADING + lines.length * NOTE;
  for (let row = 0; row < panels.length; row += columns) {
    const side = panels.slice(row, row + columns);
    const top = Math.max(...side.map((panel) => headHeight(panel, width)));
    side.forEach((panel, column) => {
      const x = MARGIN + column * (width + MARGIN);
      drawn.push(
        element('g', { transform: `translate(${x},${y})` }, '\n', drawPanel(panel, width, top), '\n'),
      );
    });
    y += top + Math.max(...side.map((panel) => panel.height + footHeight(panel)));
  }
  return `${element(
    'svg',
    {
      xmlns: 'http://www.w3.org/2000/svg',
      class: 'sheet',
      viewBox: `0 0 ${WIDTH} ${y}`,
      width: WIDTH,
      height: y,
      role: 'img',
      'aria-label': heading,
    },
    '\n',
    [
      element('title', {}, escaped(heading)),
      element('desc', {}, escaped(notes.join(' '))),
      element('style', {}, `\n${styleSheet()}\n`),
      element('rect', { class: 'paper', width: WIDTH, height: y }),
      element('text', { class: 'heading', x: MARGIN, y: MARGIN + 14 }, escaped(heading)),
      ...lines.map((note, index) =>
        element('text', { class: 'soft', x: MARGIN, y: MARGIN + HEADING + 6 + index * NOTE }, escaped(note)),
      ),
      ...drawn,
    ].join('\n'),
    '\n',
  )}\n`;
}

/** A text in lines of at most so many characters; a longer word stays whole. */
function wrapped(text: string, most: number): readonly string[] {
  const lines: string[] = [];
  for (const word of text.split(' ')) {
    const line = lines.at(-1);
    if (line !== undefined && line.length + 1 + word.length <= most)
      lines[lines.length - 1] = `${line} ${word}`;
    else lines.push(word);
  }
  return lines;
}
