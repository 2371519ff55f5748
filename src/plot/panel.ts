import { type ScaleLinear, scaleLinear } from 'd3-scale';
import { area, line } from 'd3-shape';
import { type Point, simplify } from './simplify.ts';
import { element, escaped } from './svg.ts';
import { CHARACTER, type Hue, TEXT_SIZE } from './theme.ts';

export interface Axis {
  /** With the unit: "highest cell, V". */
  readonly label: string;
  /** What must be seen; a little room is added above and below on the y axis. */
  readonly from: number;
  readonly to: number;
  /** The axis spans at least so much, so that noise does not fill a panel. */
  readonly least?: number;
  /** Where the ticks stand; absent: at round numbers. */
  readonly ticks?: readonly number[];
  readonly format?: (value: number) => string;
}

/** Something drawn over the x axis; its name stands in the legend. */
export type Mark =
  | {
      readonly kind: 'line';
      readonly name: string;
      readonly hue: Hue;
      readonly points: readonly Point[];
      readonly dashed?: true;
    }
  | {
      readonly kind: 'band';
      readonly name: string;
      readonly hue: Hue;
      /** [x, low, high]. */
      readonly points: readonly (readonly [number, number, number])[];
    };

/** A stretch of the x axis in one colour. */
export interface Span {
  readonly from: number;
  readonly to: number;
  readonly name: string;
  readonly hue: Hue;
}

export interface Panel {
  readonly title: string;
  readonly x: Axis;
  /** Height of the drawing itself, px. */
  readonly height: number;
  /** Another panel below has the same x axis: this one has only its grid. */
  readonly hasFoot?: false;
  readonly content:
    | { readonly y: Axis; readonly marks: readonly Mark[] }
    | { readonly spans: readonly Span[] };
}

const LEFT = 58;
const RIGHT = 14;
const TITLE = 22;
const LEGEND_ROW = 18;
const FOOT = 50;
/** Where the x axis stands below another panel, px. */
const BARE_FOOT = 14;
const SWATCH = 22;
const GAP = 16;
/** A point that is nearer than this to the line is not seen, px. */
const TOLERANCE = 0.35;
/** Share of the y range that is left free above and below. */
const ROOM = 0.05;

type Scale = ScaleLinear<number, number>;
interface Entry {
  readonly name: string;
  readonly hue: Hue;
  readonly look: 'line' | 'dashed' | 'area';
}

/** Height of the ticks and the label below the drawing, px. */
export function footHeight({ hasFoot }: Panel): number {
  return hasFoot === false ? BARE_FOOT : FOOT;
}

/** Height of title and legend in a panel of this width, px. */
export function headHeight(panel: Panel, width: number): number {
  return TITLE + legendRows(legend(panel), width).length * LEGEND_ROW + 8;
}

/** One panel with title, legend, axes and what is drawn, its upper left corner at 0, 0 and its drawing from `top`, px. */
export function drawPanel(panel: Panel, width: number, top: number): string {
  const rows = legendRows(legend(panel), width);
  const x = scaleLinear([panel.x.from, panel.x.to], [LEFT, width - RIGHT]);
  const bottom = top + panel.height;
  const { content } = panel;
  const body =
    'spans' in content
      ? content.spans.map((span) => drawSpan(span, x, top, panel.height))
      : drawMarks(content.y, content.marks, x, [bottom, top], width);
  return [
    element('text', { class: 'title', x: LEFT, y: 14 }, escaped(panel.title)),
    ...rows.flatMap((row, index) => drawLegend(row, TITLE + index * LEGEND_ROW)),
    ...drawXAxis(panel.x, x, [top, bottom], panel.hasFoot !== false),
    ...body,
  ].join('\n');
}

function legend({ content }: Panel): readonly Entry[] {
  if ('spans' in content) {
    const seen = new Map(content.spans.map(({ name, hue }) => [name, hue]));
    return [...seen].map(([name, hue]) => ({ name, hue, look: 'area' }));
  }
  return content.marks.map((mark) => ({
    name: mark.name,
    hue: mark.hue,
    look: mark.kind === 'band' ? 'area' : mark.dashed ? 'dashed' : 'line',
  }));
}

/** Entries with their places, in as many rows as the width demands. */
function legendRows(
  entries: readonly Entry[],
  width: number,
): readonly (readonly (readonly [Entry, number])[])[] {
  const rows: [Entry, number][][] = [];
  let left = Number.POSITIVE_INFINITY;
  for (const entry of entries) {
    const needed = SWATCH + 6 + entry.name.length * CHARACTER;
    if (left + needed > width - RIGHT) {
      rows.push([]);
      left = LEFT;
    }
    rows.at(-1)?.push([entry, left]);
    left += needed + GAP;
  }
  return rows;
}

function drawLegend(row: readonly (readonly [Entry, number])[], y: number): readonly string[] {
  return row.flatMap(([{ name, hue, look }, left]) => [
    look === 'area'
      ? element('rect', { class: `area ${hue}`, x: left, y: y + 3, width: SWATCH, height: 10 })
      : element('path', {
          class: `line ${hue}${look === 'dashed' ? ' dashed' : ''}`,
          d: `M${left},${y + 8}h${SWATCH}`,
        }),
    element('text', { x: left + SWATCH + 6, y: y + 12 }, escaped(name)),
  ]);
}

function drawXAxis(
  axis: Axis,
  x: Scale,
  [top, bottom]: readonly [number, number],
  hasFoot: boolean,
): readonly string[] {
  const [left = 0, right = 0] = x.range();
  const ticks = axis.ticks ?? x.ticks(Math.floor((right - left) / 70));
  const format = axis.format ?? x.tickFormat(ticks.length);
  const lines = [
    ...ticks.map((tick) => element('path', { class: 'grid', d: `M${x(tick).toFixed(1)},${top}V${bottom}` })),
    element('path', { class: 'axis', d: `M${left},${bottom}H${right}` }),
  ];
  if (!hasFoot) return lines;
  return [
    ...lines,
    ...ticks.map((tick) =>
      element(
        'text',
        { class: 'soft', x: x(tick), y: bottom + 16, 'text-anchor': 'middle' },
        escaped(format(tick)),
      ),
    ),
    element(
      'text',
      { class: 'soft', x: (left + right) / 2, y: bottom + 34, 'text-anchor': 'middle' },
      escaped(axis.label),
    ),
  ];
}

function drawMarks(
  axis: Axis,
  marks: readonly Mark[],
  x: Scale,
  [bottom, top]: readonly [number, number],
  width: number,
): readonly string[] {
  const widened = Math.max(0, (axis.least ?? 0) - (axis.to - axis.from)) / 2;
  const room = widened + ROOM * (axis.to - axis.from || 1);
  const y = scaleLinear([axis.from - room, axis.to + room], [bottom, top]);
  const ticks = axis.ticks ?? y.ticks(Math.max(2, Math.floor((bottom - top) / 32)));
  const format = axis.format ?? y.tickFormat(ticks.length);
  const middle = (top + bottom) / 2;
  return [
    ...ticks.flatMap((tick) => [
      element('path', { class: 'grid', d: `M${LEFT},${y(tick).toFixed(1)}H${width - RIGHT}` }),
      element(
        'text',
        { class: 'soft', x: LEFT - 7, y: y(tick) + TEXT_SIZE / 3, 'text-anchor': 'end' },
        escaped(format(tick)),
      ),
    ]),
    element('path', { class: 'axis', d: `M${LEFT},${top}V${bottom}` }),
    element(
      'text',
      {
        class: 'soft',
        x: 0,
        y: 0,
        'text-anchor': 'middle',
        transform: `translate(13,${middle}) rotate(-90)`,
      },
      escaped(axis.label),
    ),
    ...marks.map((mark) => drawMark(mark, x, y)),
  ];
}

function drawMark(mark: Mark, x: Scale, y: Scale): string {
  if (mark.kind === 'band') {
    const shape = area<readonly [number, number, number]>()
      .defined((point) => point.every(Number.isFinite))
      .x(([at]) => x(at))
      .y0(([, low]) => y(low))
      .y1(([, , high]) => y(high))
      .digits(1);
    return drawPath(`area ${mark.hue}`, shape(mark.points));
  }
  const pixels = mark.points.map(([at, value]): Point => [x(at), y(value)]);
  const path = line<Point>().digits(1);
  const pieces = unbroken(pixels).map((piece) => path(simplify(piece, TOLERANCE)) ?? '');
  return drawPath(`line ${mark.hue}${mark.dashed ? ' dashed' : ''}`, pieces.join(''));
}

function drawPath(look: string, path: string | null): string {
  return path === null || path === '' ? '' : element('path', { class: look, d: path });
}

/** The pieces of a line between points that are no numbers. */
function unbroken(points: readonly Point[]): readonly (readonly Point[])[] {
  const pieces: Point[][] = [[]];
  for (const point of points) {
    if (point.every(Number.isFinite)) pieces.at(-1)?.push(point);
    else pieces.push([]);
  }
  return pieces;
}

function drawSpan({ from, to, name, hue }: Span, x: Scale, top: number, height: number): string {
  const [left, right] = [x(from), x(to)];
  const fits = right - left > (name.length + 1) * CHARACTER;
  return [
    element('rect', { class: `area ${hue}`, x: left, y: top, width: Math.max(0.5, right - left), height }),
    ...(fits
      ? [
          element(
            'text',
            { x: (left + right) / 2, y: top + height / 2 + TEXT_SIZE / 3, 'text-anchor': 'middle' },
            escaped(name),
          ),
        ]
      : []),
  ].join('');
}
