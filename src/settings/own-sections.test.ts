import { describe, expect, it } from 'vitest';
import { BRIDGE } from './bridge.ts';
import { parseSettings } from './file.ts';
import { OWN_SECTIONS } from './own-sections.ts';
import { describe as inWords } from './resolve.ts';
import { innerKey } from './section.ts';
import type { Setting } from './table.ts';
import { readValue } from './value.ts';

const ROWS: readonly Setting[] = OWN_SECTIONS.flatMap((section) => [...section.settings]);
const EACH = ROWS.map((row) => [row.key, row] as const);

const bridge = (text: string) => {
  const file = parseSettings(text, 'test.toml', { isPrivate: true });
  return { values: file.section(BRIDGE)?.values, words: file.problems.map(inWords).join('\n') };
};

describe('the sections of their own', () => {
  it('have each setting once, in camel case', () => {
    expect(new Set(ROWS.map(({ key }) => key.toLowerCase())).size).toBe(ROWS.length);
    for (const row of ROWS) expect(innerKey(row)[1]).toMatch(/^[a-z]+([A-Z][a-z]+)*$/);
  });

  it.each(EACH)('%s says in sentences what it is, and what counts without it', (_key, row) => {
    expect(row.help).toMatch(/^[A-Z].*[A-Za-z0-9)"]\.$/);
    expect(row.default === undefined).toBe(row.otherwise !== undefined);
    if (row.default !== undefined) expect(readValue(row, row.default)).toEqual({ value: row.default });
  });

  it.each(EACH)('%s has its secret beside it when it names a file of one', (_key, row) => {
    if (row.fileOf === undefined) return;
    const secret = ROWS.find((other) => other.key === row.key.replace(/\.\w+$/, `.${row.fileOf}`));
    expect(secret?.isSecret).toBe(true);
  });
});

describe('the section of the bridge', () => {
  it('leaves every output off until its table is there', () => {
    expect(bridge('[bridge]\n').values).toEqual({});
    expect(Object.keys(bridge('[bridge.metrics]\n').values ?? {})).toEqual(['metrics']);
  });

  it.each([
    [
      'mqtt',
      'url = "http://a:1"',
      /begins with mqtt:\/\/ or mqtts:\/\/; allowed: mqtt:\/\/host:port or mqtts/,
    ],
    ['mqtt', 'url = "192.168.1.10"', /is no address.*write mqtt:\/\/host:port/],
    ['mqtt', 'url = "mqtt://me:open-sesame@host"', /names a user or a password; .*settings of their own/],
    ['lines', 'url = "https://"', /is no address/],
    ['mqtt', 'period = 5', /bridge\.mqtt\.url: is needed; until it is given \[bridge\.mqtt\] is not used/],
  ])('an output in [bridge.%s] with %s stays off', (table, line, expected) => {
    const { values, words } = bridge(`[bridge.${table}]\n${line}\n[bridge.metrics]\n`);
    expect(words).toMatch(expected);
    expect(Object.keys(values ?? {})).toEqual(['metrics']);
  });

  it('takes an idx for each value of each battery, and tags', () => {
    const text =
      '[bridge.domoticz]\nurl = "http://d:8080"\n[bridge.domoticz.idx]\nX1.voltage = 12\n[bridge.lines]\nurl = "http://s:8086"\ntags = { boat = "Aurora" }\n';
    expect(bridge(text).values).toMatchObject({
      domoticz: { idx: { 'X1.voltage': 12 } },
      lines: { tags: { boat: 'Aurora' }, kind: 'v1' },
    });
  });
});
