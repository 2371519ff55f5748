import { spawn, spawnSync } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { PROGRAM } from './support/program.ts';

/** The program with `input` on stdin and stdout on a device that takes nothing. */
function onFullDisk(args: readonly string[], input: string) {
  const full = openSync('/dev/full', 'w');
  const { status, stderr } = spawnSync(process.execPath, [PROGRAM, ...args], {
    input,
    stdio: ['pipe', full, 'pipe'],
  });
  closeSync(full);
  return { status, stderr: stderr.toString() };
}

describe('a disk that is full', () => {
  it.each([
    ['--version', ''],
    ['help limits', ''],
    ['limits', ''],
    ['limits --follow', '{"t":0}\n{"t":1}\nnonsense\n'],
    ['limits --follow', 'nonsense\n{"t":1}\n'],
    ['decode jbd', 'dda50400fffc77 dd0400080f450f3d0f370f3dfec677\n'],
  ])('makes %s fail with one line', (line, input) => {
    const { status, stderr } = onFullDisk(line.split(' '), input);
    expect(status).toBe(1);
    expect(stderr).toContain('dbus-bms: stdout cannot be written: the disk is full\n');
  });
});

describe('a line that never ends', () => {
  it.each(['decode jbd', 'limits --follow'])('ends %s with one clear line', async (line) => {
    const child = spawn(process.execPath, [PROGRAM, ...line.split(' ')], { stdio: ['pipe', 'pipe', 'pipe'] });
    let said = '';
    child.stderr.on('data', (chunk: Buffer) => {
      said += chunk.toString();
    });
    const code = new Promise((resolve) => child.once('close', resolve));
    const piece = Buffer.alloc(64 * 1024, 'a');
    // The program goes away while it is being written to.
    child.stdin.on('error', () => child.stdin.destroy());
    const more = (): void => {
      while (!child.stdin.destroyed && child.stdin.write(piece));
    };
    child.stdin.on('drain', more);
    more();
    expect(await code).toBe(2);
    expect(said).toContain('expected lines of at most 1048576 characters on stdin, got one that is longer');
  });
});
