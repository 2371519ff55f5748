import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { UsageError } from '../errors.ts';
import { checkConfig } from './check-config.ts';

let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'check-config-'));
});
afterAll(() => rm(folder, { recursive: true }));

async function check(args: readonly string[]): Promise<{ code: number; out: string; err: string }> {
  let [out, err] = ['', ''];
  const code = await checkConfig(args, {
    out: (text) => {
      out += text;
    },
    err: (text) => {
      err += text;
    },
  });
  return { code, out, err };
}

async function file(text: string): Promise<string> {
  const path = join(folder, 'dbus-bms.toml');
  await writeFile(path, text);
  return path;
}

describe('check-config', () => {
  it('says which settings are in force when all is well', async () => {
    const path = await file('[limits]\nmaxChargeCurrent = 100\n[ports."ttyUSB1"]\nmaxChargeCurrent = 20\n');
    const { code, out } = await check([path]);
    expect(code).toBe(0);
    expect(out).toContain(`${path}: 0 errors, 0 warnings\n`);
    expect(out).toMatch(/limits\.maxChargeCurrent +100 A +\(default: decided by the charge profile/);
    expect(out).toMatch(/On ttyUSB1:\n +limits\.maxChargeCurrent +20 A +\(on other ports: 100 A\)/);
  });

  it('ends with 0 on warnings', async () => {
    const { code, out } = await check(['--config', await file('[limits]\nmaxChargeCurent = 100\n')]);
    expect(code).toBe(0);
    expect(out).toContain('warning: line 2: limits.maxChargeCurent: there is no such setting');
    expect(out).toContain('Every setting has its default.');
  });

  it('ends with 1 on errors, each with line, value and allowed range', async () => {
    const { code, out } = await check([
      await file('[limits]\nmaxChargeCurrent = 5000\nhonourBmsLimits = maybe\n'),
    ]);
    expect(code).toBe(1);
    expect(out).toContain(
      'error: line 2: limits.maxChargeCurrent: 5000 is too high; allowed: 0.5..1000 A or "auto"; until then: at most 10 A',
    );
    expect(out).toContain('error: line 3: limits.honourBmsLimits: "maybe" is neither true nor false');
    expect(out).toMatch(/limits\.maxChargeCurrent +10 A/);
  });

  it('does not say that all is at its default while the limits are reduced', async () => {
    const { code, out } = await check([await file('[limits]\nhonourBmsLimits = maybe\n')]);
    expect(code).toBe(1);
    expect(out).toContain('Until the errors are put right: charge current at most 0.1 C');
    expect(out).toContain('\nApart from that every setting has its default.\n');
  });

  it('reports a file that was named but does not exist', async () => {
    const { code, out, err } = await check([join(folder, 'none.toml')]);
    expect(code).toBe(1);
    expect(out).toBe('');
    expect(err).toContain('there is no such file');
  });

  it('accepts one file only', async () => {
    await expect(check(['a.toml', '--config', 'b.toml'])).rejects.toThrow(UsageError);
  });
});
