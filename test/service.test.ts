import { spawn } from 'node:child_process';
import { chmodSync, copyFileSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { temporaryFolder } from './support/program.ts';

const SERVICE = fileURLToPath(new URL('../service', import.meta.url));

describe('the daemontools template', () => {
  it('names the tty once on the line that serial-starter replaces, and in its log', () => {
    for (const file of ['run', 'log/run']) {
      const lines = readFileSync(join(SERVICE, file), 'utf8').split('\n');
      expect(lines[0]).toBe('#!/bin/sh');
      expect(lines.filter((line) => line.includes('TTY'))).toHaveLength(1);
      expect(lines.every((line) => line.split('TTY').length <= 2)).toBe(true);
    }
  });

  it('does not start before serial-starter says so', () => {
    expect(readFileSync(join(SERVICE, 'down'), 'utf8')).toBe('');
  });
});

describe('start.sh', () => {
  let folder: ReturnType<typeof temporaryFolder>;

  beforeEach(() => {
    folder = temporaryFolder();
    // What run-service.sh of serial-starter gives a driver: the tty, and a trap that unlocks it.
    write(
      'run-service.sh',
      'tty=$(basename "$1")\ntrap \'echo unlocked $tty >> "$FOLDER/events"\' EXIT\nstart() { "$app" "$@"; }\n',
    );
    copyFileSync(join(SERVICE, 'start.sh'), join(folder.path, 'start.sh'));
    chmodSync(join(folder.path, 'start.sh'), 0o755);
  });

  afterEach(() => {
    folder.remove();
  });

  function write(name: string, text: string): void {
    writeFileSync(join(folder.path, name), text, { mode: 0o755 });
  }

  /** Runs start.sh with a driver made of shell lines; `signal` is sent once the driver said that it runs. */
  function run(driver: string, signal?: NodeJS.Signals): Promise<{ code: number | null; events: string[] }> {
    write('dbus-bms', `#!/bin/sh\n${driver}`);
    const child = spawn('/bin/sh', [join(folder.path, 'start.sh'), 'ttyUSB3'], {
      env: { PATH: process.env['PATH'], FOLDER: folder.path, SERIAL_STARTER: folder.path },
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    child.stdout.on('data', (text: Buffer) => {
      if (signal !== undefined && text.includes('running')) child.kill(signal);
    });
    return new Promise((resolve) => {
      child.once('close', (code) => {
        const events = readFileSync(join(folder.path, 'events'), 'utf8').trim().split('\n');
        resolve({ code, events });
      });
    });
  }

  const obedient = `echo args "$@" >> "$FOLDER/events"
trap 'sleep 0.2; echo driver left >> "$FOLDER/events"; exit 0' TERM
echo running
while :; do sleep 0.1; done`;

  it('starts the driver on the tty and gives the tty back when the driver leaves, with its exit code', async () => {
    const { code, events } = await run('echo args "$@" >> "$FOLDER/events"; exit 7');
    expect(code).toBe(7);
    expect(events[0]).toBe('args run /dev/ttyUSB3');
    expect(events.at(-1)).toBe('unlocked ttyUSB3');
  });

  it('passes TERM on, waits for the driver to leave, and only then unlocks', async () => {
    const { code, events } = await run(obedient, 'SIGTERM');
    expect(code).toBe(0);
    expect(events.slice(1)).toEqual(['driver left', 'unlocked ttyUSB3']);
  });

  it('unlocks when the driver is killed', async () => {
    const { code, events } = await run('kill -KILL $$');
    expect(code).toBe(137);
    expect(events).toEqual(['unlocked ttyUSB3']);
  });
});
