import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { CELL_LIMITS, CHEMISTRIES } from '../model/chemistry.ts';
import { controlSettings } from './control.ts';
import { parseSettings } from './file.ts';
import { SETTING_BY_NAME, SETTINGS, type Setting, type Settings, splitKey } from './table.ts';
import { readValue, written } from './value.ts';

const RUNS = 300 * Number(process.env['FUZZ_FACTOR'] ?? 1);
const ROWS: readonly Setting[] = SETTINGS;
const DRIVERS = [undefined, ...CHEMISTRIES].map((chemistry) => ({
  limits: 'trip' as const,
  ...(chemistry !== undefined && { chemistry }),
}));

/** What must be true of settings in force, whatever the file was. */
function expectSound(settings: Settings): void {
  for (const [name, value] of Object.entries(settings)) {
    const setting = SETTING_BY_NAME.get(name);
    expect(setting).toBeDefined();
    if (setting !== undefined) expect(readValue(setting, value)).toEqual({ value });
  }
}

function expectSoundControl(text: string): void {
  const file = parseSettings(text, 'fuzz.toml');
  for (const port of ['', 'ttyUSB0', ...file.ports]) {
    const forPort = file.forPort(port);
    expectSound(forPort.settings);
    for (const driver of DRIVERS) {
      const control = controlSettings(forPort, driver);
      const preset = CELL_LIMITS[control.chemistry];
      const absorb = control.absorbCellVoltage ?? preset.absorb;
      const float = control.floatCellVoltage ?? preset.float;
      const min = control.minCellVoltage ?? preset.softMin;
      expect(absorb).toBeLessThanOrEqual(preset.hardMax + 0.05);
      expect(float).toBeLessThanOrEqual(absorb);
      expect(float).toBeGreaterThanOrEqual(preset.floor);
      expect(min).toBeLessThan(float);
      expect(min).toBeGreaterThanOrEqual(preset.hardMin - 0.05);
      if (forPort.configError !== undefined) {
        expect(control.configError).toBe(forPort.configError);
        expect(control.topBalanceDays).toBe(0);
      }
    }
  }
}

/** A value that `row` accepts. */
function good(row: Setting): fc.Arbitrary<unknown> {
  const choices: fc.Arbitrary<unknown>[] = (row.words ?? []).map((word) => fc.constant(word));
  const { min = 0, max = 0, values } = row;
  if (values !== undefined) choices.push(fc.constantFrom(...values));
  else if (row.type === 'boolean') choices.push(fc.boolean());
  else if (row.type === 'text') choices.push(fc.constantFrom('jbd', 'House battery', 'ü"\\#;='));
  else if (row.type === 'rows')
    choices.push(
      fc.constant([
        [0, 0.1],
        [10, 0.3],
      ]),
    );
  else if (row.type === 'number') choices.push(fc.double({ min, max, noNaN: true }));
  else choices.push(fc.integer({ min, max }));
  return fc.oneof(...choices);
}

/** What no setting takes, and what only a text takes. */
const BAD = ['nan', '{ x = 1 }', '[[]]', '"', '= 1', '', '2024-01-01', '[', '""'];
const BAD_UNLESS_TEXT = ['"?"', '1e9', '-1e9', 'inf', '0x', '1 000'];

/** A line of the file, as the owner meant it or garbled. */
const line = fc.constantFrom(...ROWS).chain((row) =>
  fc.record({
    row: fc.constant(row),
    value: good(row),
    bad: fc.option(fc.constantFrom(...BAD, ...(row.type === 'text' ? [] : BAD_UNLESS_TEXT)), {
      nil: undefined,
      freq: 3,
    }),
  }),
);
type Line = typeof line extends fc.Arbitrary<infer L> ? L : never;

function textOf(lines: readonly Line[], header = (row: Setting) => `[${splitKey(row.key)[0]}]`): string {
  return lines
    .map(({ row, value, bad }) => `${header(row)}\n${splitKey(row.key)[1]} = ${bad ?? written(value)}\n`)
    .join('');
}

describe('whatever the file holds', () => {
  it('never throws on random text, and never leaves unsound settings', () => {
    fc.assert(fc.property(fc.string({ unit: 'binary', maxLength: 400 }), expectSoundControl), {
      numRuns: RUNS,
    });
  });

  it('never throws on a file that was damaged, and never leaves unsound settings', () => {
    const damage = fc.array(
      fc.record({
        at: fc.double({ min: 0, max: 1, noNaN: true }),
        remove: fc.nat(20),
        insert: fc.constantFrom(
          '',
          '[',
          ']',
          '"',
          '=',
          '\n',
          '#',
          '{',
          "'''",
          '\0',
          '\r',
          ',',
          '.',
          '9',
          'ttyUSB1',
        ),
      }),
      { minLength: 1, maxLength: 6 },
    );
    fc.assert(
      fc.property(fc.array(line, { maxLength: 12 }), damage, (lines, cuts) => {
        let text = textOf(lines);
        for (const { at, remove, insert } of cuts) {
          const from = Math.floor(at * text.length);
          text = text.slice(0, from) + insert + text.slice(from + remove);
        }
        expectSoundControl(text);
      }),
      { numRuns: RUNS },
    );
  });

  it('uses for each setting what the owner wrote, or when that is bad nothing looser than the default', () => {
    const lines = fc.uniqueArray(line, { selector: ({ row }) => row.key, maxLength: 12 });
    fc.assert(
      fc.property(lines, (written) => {
        const file = parseSettings(textOf(written), 'fuzz.toml');
        const port = file.forPort('ttyUSB0');
        const now = new Map<string, unknown>(Object.entries(port.settings));
        const isBad = written.some(({ bad }) => bad !== undefined);
        if (isBad) expect(port.configError).toBeDefined();
        for (const { row, value, bad } of written) {
          const [, name] = splitKey(row.key);
          const isVoltage = name.endsWith('Voltage') || name === 'voltageDrop';
          // Voltages also depend on each other; `expectSoundControl` looks after them.
          if (isVoltage) continue;
          const wanted = row.type === 'integers' && typeof value === 'number' ? [value] : value;
          // A zero is written with any sign.
          const expected = Object.is(wanted, -0) ? 0 : wanted;
          expect(now.get(name)).toEqual(bad === undefined ? expected : (row.safe ?? row.default));
        }
      }),
      { numRuns: RUNS },
    );
  });

  it('never lets a second, bad value make a good one looser', () => {
    const withSaferEnd = line.filter(({ row, value }) => row.saferEnd !== undefined && value !== 'auto');
    const ways = fc.constantFrom('twice', 'port');
    fc.assert(
      fc.property(withSaferEnd, ways, fc.constantFrom('"?"', '1e9', '"'), ({ row, value }, way, bad) => {
        const [section, name] = splitKey(row.key);
        const header = way === 'twice' ? `[${section}]` : '[ports."ttyUSB0"]';
        const first = `[${section}]\n${name} = ${written(value)}\n`;
        const alone = parseSettings(first, 'fuzz.toml').forPort('ttyUSB0');
        const port = parseSettings(`${first}${header}\n${name} = ${bad}\n`, 'fuzz.toml').forPort('ttyUSB0');
        expect(port.configError).toBeDefined();
        const [now, before] = [port.settings, alone.settings].map((settings) => {
          const control = controlSettings({ settings }, { limits: 'none' });
          const preset = CELL_LIMITS.lfp;
          const all = new Map<string, unknown>([
            ['absorbCellVoltage', preset.absorb],
            ['floatCellVoltage', preset.float],
            ['minCellVoltage', preset.softMin],
            ...Object.entries({ ...settings, ...control }),
          ]);
          return Number(all.get(name));
        });
        if (row.saferEnd === 'low') expect(now).toBeLessThanOrEqual(before ?? Number.NaN);
        else expect(now).toBeGreaterThanOrEqual(before ?? Number.NaN);
      }),
      { numRuns: RUNS },
    );
  });
});
