import { existsSync, mkdtempSync, readlinkSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ConfigError } from '../../errors.ts';
import { openPty } from './pty.ts';

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'pty-'));
});

afterEach(() => {
  rmSync(folder, { recursive: true });
});

describe('a simulated serial port', () => {
  it('is reachable under its link until it is closed', async () => {
    const link = join(folder, 'bms');
    const pty = await openPty(link);
    expect(pty.path).toBe(link);
    expect(readlinkSync(link)).toMatch(/^\/dev\/pts\/\d+$/);
    await pty.close();
    await pty.close();
    expect(existsSync(link)).toBe(false);
  });

  it('takes over the link of an older one, which then leaves it alone', async () => {
    const link = join(folder, 'bms');
    const older = await openPty(link);
    const newer = await openPty(link);
    const device = readlinkSync(link);
    await older.close();
    expect(readlinkSync(link)).toBe(device);
    await newer.close();
  });

  it('never replaces anything but a link', async () => {
    const file = join(folder, 'precious');
    writeFileSync(file, 'data');
    await expect(openPty(file)).rejects.toThrow(ConfigError);
    await expect(openPty(join(folder, 'missing', 'bms'))).rejects.toThrow(ConfigError);
    expect(existsSync(file)).toBe(true);
  });

  it('does not block when nobody reads', async () => {
    const pty = await openPty();
    for (let count = 0; count < 100; count += 1) pty.write(new Uint8Array(4096));
    await pty.close();
    pty.write(Uint8Array.of(1));
  });
});
