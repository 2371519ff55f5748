import { expect } from 'vitest';

/** Fails unless this is one well-formed SVG document whose paths and attributes are numbers where they must be. */
export function expectDrawing(svg: string): void {
  const open: string[] = [];
  let roots = 0;
  const style = /<style>[^<]*<\/style>/;
  expect(svg).toMatch(style);
  for (const [tag, closing, name, attributes = '', single] of svg.matchAll(
    /<(\/?)([\w-]+)((?:\s[\w:-]+="[^"<]*")*)\s*(\/?)>/g,
  )) {
    if (closing === '/') expect(open.pop(), tag).toBe(name);
    else {
      if (open.length === 0) roots += 1;
      if (single !== '/') open.push(name ?? '');
      const names = [...attributes.matchAll(/\s([\w:-]+)=/g)].map(([, attribute]) => attribute);
      expect(new Set(names).size, tag).toBe(names.length);
    }
  }
  expect(open).toEqual([]);
  expect(roots).toBe(1);
  // What is left without tags must be plain text.
  const text = svg.replaceAll(/<(\/?)([\w-]+)((?:\s[\w:-]+="[^"<]*")*)\s*(\/?)>/g, '');
  expect(text).not.toMatch(/[<>]|&(?!amp;|lt;|gt;|quot;)/);
  expect(svg).not.toMatch(/NaN|Infinity|undefined|null/);
  const paths = [...svg.matchAll(/\sd="([^"]*)"/g)].map(([, path]) => path ?? '');
  expect(paths.length).toBeGreaterThan(0);
  for (const path of paths) expect(path).toMatch(/^M[-\d.,MLHVZhv]+$/);
}
