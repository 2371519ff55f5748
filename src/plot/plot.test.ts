import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { expectDrawing } from '../../test/support/drawing.ts';
import { drawPage } from './page.ts';
import type { Mark, Panel } from './panel.ts';
import { type Point, simplify } from './simplify.ts';
import { coordinate, element } from './svg.ts';
import { HUE_NAMES, styleSheet } from './theme.ts';

const RUNS = 200 * Number(process.env['FUZZ_FACTOR'] ?? 1);

describe('an element', () => {
  it('escapes text, leaves absent attributes out and writes short numbers', () => {
    expect(element('a', { x: 1.25, y: -0.04, b: 'x<"&"', c: undefined }, 'in')).toBe(
      '<a x="1.3" y="0" b="x&lt;&quot;&amp;&quot;">in</a>',
    );
  });

  it.each([Number.NaN, Number.POSITIVE_INFINITY])('refuses %s as a coordinate', (value) => {
    expect(() => coordinate(value)).toThrow(RangeError);
  });
});

describe('a simplified line', () => {
  it('keeps both ends, and nothing lies further away than the tolerance', () => {
    const heights = fc.array(fc.double({ min: -50, max: 50, noNaN: true }), { minLength: 2, maxLength: 80 });
    fc.assert(
      fc.property(heights, (values) => {
        const points = values.map((y, x): Point => [x, y]);
        const short = simplify(points, 1);
        expect([short[0], short.at(-1)]).toEqual([points[0], points.at(-1)]);
        for (const [x, y] of points) {
          const right = short.findIndex(([at]) => at >= x);
          const [ax, ay] = short[Math.max(0, right - 1)] ?? [0, 0];
          const [bx, by] = short[right] ?? [0, 0];
          const on = bx === ax ? by : ay + ((by - ay) * (x - ax)) / (bx - ax);
          const steep = Math.hypot(1, bx === ax ? 0 : (by - ay) / (bx - ax));
          expect(Math.abs(y - on) / steep).toBeLessThanOrEqual(1 + 1e-9);
        }
      }),
      { numRuns: RUNS },
    );
  });

  it.each([[[]], [[[1, 2]]]] as const)('leaves %j as it is', (points) => {
    expect(simplify(points, 1)).toEqual(points);
  });
});

describe('a page', () => {
  const mark = (name: string, points: readonly Point[]): Mark => ({
    kind: 'line',
    name,
    hue: 'blue',
    points,
  });
  const panel = (marks: readonly Mark[]): Panel => ({
    title: 'Current & <limits>',
    x: { label: 'time, h', from: 0, to: 10 },
    height: 100,
    content: { y: { label: 'current, A', from: 0, to: 0 }, marks },
  });

  it('is well-formed whatever is drawn: nothing, one point, a flat line, a gap in the numbers', () => {
    const flat = mark('flat', [
      [0, 0],
      [10, 0],
    ]);
    const gap = mark('gap', [
      [0, 1],
      [1, Number.NaN],
      [2, 1],
      [3, 1],
    ]);
    const marks = [mark('none', []), mark('one', [[1, 1]]), flat, gap];
    expectDrawing(drawPage({ heading: 'A "page"', notes: ['a < b'], columns: 2, panels: [panel(marks)] }));
  });

  it('breaks a long legend into rows inside of the panel', () => {
    const marks = Array.from({ length: 9 }, (_, index) => mark(`a rather long name ${index}`, [[0, 0]]));
    const svg = drawPage({ heading: 'x', notes: [], columns: 2, panels: [panel(marks)] });
    const names = [...svg.matchAll(/<text x="([\d.]+)" y="([\d.]+)">(a rather[^<]*)</g)];
    expect(names).toHaveLength(9);
    for (const [, x, , name] of names) expect(Number(x) + 7 * (name?.length ?? 0)).toBeLessThanOrEqual(450);
    expect(new Set(names.map(([, , y]) => y)).size).toBeGreaterThan(2);
  });

  it('breaks a long note into lines', () => {
    const note = 'word '.repeat(100).trim();
    const svg = drawPage({ heading: 'x', notes: [note], columns: 1, panels: [panel([])] });
    const lines = [...svg.matchAll(/>(word[^<]*)<\/text>/g)].map(([, text]) => text ?? '');
    expect(lines.join(' ')).toBe(note);
    for (const line of lines) expect(line.length).toBeLessThanOrEqual(131);
  });

  it('writes the name of a span into it only where there is room', () => {
    const spans = [
      { from: 0, to: 9.9, name: 'bulk', hue: 'blue' },
      { from: 9.9, to: 10, name: 'absorption', hue: 'orange' },
    ] as const;
    const x = { label: 'time, h', from: 0, to: 10 };
    const strip: Panel = { title: 'State', x, height: 30, content: { spans } };
    const svg = drawPage({ heading: 'x', notes: [], columns: 1, panels: [strip] });
    expectDrawing(svg);
    expect(svg.match(/>bulk</g)).toHaveLength(2);
    expect(svg.match(/>absorption</g)).toHaveLength(1);
  });

  it('has every colour for light and for dark paper', () => {
    const css = styleSheet();
    const dark = css.slice(css.indexOf('prefers-color-scheme:dark'));
    for (const name of ['paper', 'ink', 'soft', 'grid', ...HUE_NAMES]) {
      const colours = [...css.matchAll(new RegExp(`--${name}:(#[0-9a-f]{6})`, 'g'))].map(([, hex]) => hex);
      expect(new Set(colours).size, name).toBe(2);
      expect(dark).toContain(`--${name}:`);
    }
  });
});
