import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ConfigError, UsageError } from '../errors.ts';
import { importConfigFile } from './import-config.ts';

let folder = '';
let path = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'import-config-'));
  path = join(folder, 'config.ini');
  await writeFile(path, '[DEFAULT]\r\nMAX_BATTERY_CHARGE_CURRENT = 70\r\nTELEMETRY = False\r\n');
});
afterAll(() => rm(folder, { recursive: true }));

async function run(args: readonly string[]): Promise<{ code: number; out: string; err: string }> {
  let [out, err] = ['', ''];
  const code = await importConfigFile(args, {
    out: (text) => {
      out += text;
    },
    err: (text) => {
      err += text;
    },
  });
  return { code, out, err };
}

describe('import-config', () => {
  it('writes settings to stdout and what was left to stderr', async () => {
    const { code, out, err } = await run([path]);
    expect(code).toBe(0);
    expect(out).toContain('[limits]\nmaxChargeCurrent = 70  # MAX_BATTERY_CHARGE_CURRENT\n');
    expect(err).toContain('line 3: TELEMETRY is not taken over: nothing is ever sent to anyone\n');
    expect(err).toContain('taken over: 1, not taken over: 1\n');
  });

  it('writes a file only when there is none', async () => {
    const output = join(folder, 'dbus-bms.toml');
    expect(await run([path, '--output', output])).toMatchObject({ code: 0, out: '' });
    const text = await readFile(output, 'utf8');
    expect(text).toContain('maxChargeCurrent = 70');
    await expect(run([path, '--output', output])).rejects.toThrow(/there is such a file already/);
    expect(await readFile(output, 'utf8')).toBe(text);
  });

  it('ends with 1 when the result must be put right by hand', async () => {
    const wrong = join(folder, 'nmc.ini');
    await writeFile(wrong, 'MAX_CELL_VOLTAGE = 4.1\n');
    const { code, err } = await run([wrong]);
    expect(code).toBe(1);
    expect(err).toContain('state battery.chemistry');
  });

  it('ends with 1 when a limit of the old file does not count here', async () => {
    const old = join(folder, 'curves.ini');
    await writeFile(old, '[DEFAULT]\nTEMPERATURE_LIMITS_WHILE_DISCHARGING = -20, 0, 5, 10, 15, 45, 55\n');
    const { code, err } = await run([old]);
    expect(code).toBe(1);
    expect(err).toContain('line 2: TEMPERATURE_LIMITS_WHILE_DISCHARGING is not taken over: the curve');
    expect(err).toContain('Limits of the old file that do not count here: 1; compare them by hand.\n');
  });

  it.each([
    ['a README', '# Batteries\n\nThis driver reads batteries.\n', /none of its lines is an option/],
    [
      'a settings file of this driver',
      '[limits]\nmaxChargeCurrent = 40\n',
      /settings of this driver already/,
    ],
    ['an empty file', '', /the file is empty/],
  ])('refuses %s with a sentence, and writes nothing', async (_what, text, sentence) => {
    const odd = join(folder, 'odd.ini');
    await writeFile(odd, text);
    const output = join(folder, 'never.toml');
    await expect(run([odd, '--output', output])).rejects.toThrow(sentence);
    await expect(readFile(output)).rejects.toThrow();
  });

  it('says which file it cannot read, and wants exactly one', async () => {
    await expect(run([join(folder, 'none.ini')])).rejects.toThrow(ConfigError);
    await expect(run([])).rejects.toThrow(UsageError);
  });
});
