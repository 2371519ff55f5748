import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

/**
 * What is known of a battery belongs to its session. A variable of a module would be shared by all batteries of a process,
 * whatever line they are on.
 */

const DRIVERS = fileURLToPath(new URL('../src/bms', import.meta.url));

/** Constants of a module that begin with something that can be changed later: an empty collection, or any object of a class. */
const MUTABLE = /^(?:export )?const (\w+)(?:: ([^=]*))? = (?:new (?!Uint8Array)(\w+)|\[\];|\{\};)/;
/** A type that forbids every change. */
const READ_ONLY = /^(Readonly(Map|Set|Array)?<|readonly )/;
const VARIABLE = /^(?:export )?(?:let|var) (\w+)/;

/** The state that a module of this text would hold, as its names. */
function stateIn(source: string): string[] {
  const lines = source.split('\n');
  const constants = lines
    .map((line) => MUTABLE.exec(line))
    .filter((found) => found !== null && !READ_ONLY.test(found[2] ?? ''))
    .map((found) => found?.[1] ?? '');
  const variables = lines.map((line) => VARIABLE.exec(line)?.[1] ?? '').filter((name) => name !== '');
  const top = [...source.matchAll(/^(?:export )?const (\w+)/gm)].map(([, name = '']) => name);
  const changed = top.filter((name) =>
    new RegExp(
      `^ .*\\b${name}(\\.(set|add|delete|clear|push|pop|shift|unshift|splice|fill|sort|reverse)\\(|\\[[^\\]]+\\] (=|\\?\\?=|\\+=) |\\.\\w+ (=|\\?\\?=|\\+=) )`,
      'm',
    ).test(source),
  );
  return [...new Set([...constants, ...variables, ...changed])];
}

describe('state of a module', () => {
  it.each([
    ['a variable', 'let count = 0;'],
    ['an exported variable', 'export let count = 0;'],
    ['a collection', 'const count = new Map<string, number>();'],
    ['a weak collection', 'const count = new WeakMap<Exchange, Standing>();'],
    ['an object of a class', 'const count = new Forms<Form>();'],
    ['an empty list', 'const count: string[] = [];'],
    ['a list that is changed', "const count = ['a'];\nfunction more() {\n  count.push('b');\n}"],
    ['an object that is changed', 'const count = { polls: 0 };\nfunction more() {\n  count.polls += 1;\n}'],
    ['a table that is changed', 'const count = [0];\nfunction more() {\n  count[0] = 1;\n}'],
  ])('is found: %s', (_, source) => {
    expect(stateIn(source)).toEqual(['count']);
  });

  it.each([
    ['a table', 'export const FIELDS: readonly Field[] = [\n  { key: 1 },\n];'],
    ['a map that nobody can change', 'const FACTS: ReadonlyMap<number, number> = new Map([[1, 2]]);'],
    ['bytes', 'const NOTHING = new Uint8Array();'],
    [
      'what a function or an object of a class holds',
      'class A {\n  #b = new Map();\n}\nfunction f() {\n  let c = 0;\n}',
    ],
  ])('is not %s', (_, source) => {
    expect(stateIn(source)).toEqual([]);
  });

  it('is nowhere in the drivers', () => {
    const sources = readdirSync(DRIVERS, { recursive: true, encoding: 'utf8' }).filter(
      (name) => name.endsWith('.ts') && !name.endsWith('.test.ts'),
    );
    expect(sources.length).toBeGreaterThan(50);
    const found = sources.flatMap((name) =>
      stateIn(readFileSync(join(DRIVERS, name), 'utf8')).map((state) => `${name}: ${state}`),
    );
    expect(found).toEqual([]);
  });
});
