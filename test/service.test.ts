import { spawn } from 'node:child_process';
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { temporaryFolder } from './support/program.ts';

const SERVICE = fileURLToPath(new URL('../service', import.meta.url));
const STAND_INS = fileURLToPath(new URL('gx/run-service', import.meta.url));
const VICTRON = '/opt/victronenergy/serial-starter';

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

/** What start.sh may find as run-service.sh: the kinds that a device may have, and such as no device should have. */
const KINDS: Readonly<Record<string, string | undefined>> = {
  ...Object.fromEntries(
    readdirSync(STAND_INS).map((name) => [name, readFileSync(join(STAND_INS, name), 'utf8')]),
  ),
  'none at all': undefined,
  'an empty file': '',
  'a file that ends with an error': `. ${VICTRON}/functions.sh\ntty=$1\nreturn 3\n`,
  'a file whose last command fails where errors end the shell': `set -e\n. ${VICTRON}/functions.sh\nfalse\n`,
  'a file that cannot be parsed': `. ${VICTRON}/functions.sh\nstart( {\n`,
  'a file that only sources a function': `tty=$1\nunlock() { . ${VICTRON}/functions.sh; unlock_tty "$tty"; }\n`,
  'a file whose trap ends the shell': `. ${VICTRON}/functions.sh\ntrap 'exit 99' EXIT\n`,
  'a file whose trap waits for the driver': `. ${VICTRON}/functions.sh\ntrap 'kill $!; wait; unlock_tty $1' 0 TERM\n`,
  'a file that takes a trap back': `trap - EXIT\ntrap -- - TERM INT\n`,
  'a file that changes folder, arguments and rules of the shell': `cd /\nset -euf\nIFS=/\nset -- rubbish\n`,
};
const FUNCTIONS = `unlock_tty() {
    echo "unlocked $1" >>"$FOLDER/events"
    rm -f "$SERIAL_STARTER_LOCKS/$1"
}
`;

describe('start.sh', () => {
  let folder: ReturnType<typeof temporaryFolder>;

  beforeEach(() => {
    folder = temporaryFolder();
    mkdirSync(join(folder.path, 'locks'));
    symlinkSync('1', join(folder.path, 'locks/ttyUSB3'));
    writeFileSync(join(folder.path, 'events'), '');
    write('functions.sh', FUNCTIONS);
    copyFileSync(join(SERVICE, 'start.sh'), join(folder.path, 'start.sh'));
    chmodSync(join(folder.path, 'start.sh'), 0o755);
  });

  afterEach(() => {
    folder.remove();
  });

  function write(name: string, text: string): void {
    writeFileSync(join(folder.path, name), text, { mode: 0o755 });
  }

  function serialStarter(runService: string | undefined): void {
    if (runService !== undefined) write('run-service.sh', runService.replaceAll(VICTRON, folder.path));
  }

  interface End {
    readonly code: number | null;
    /** What driver and serial-starter did, in their order. */
    readonly events: readonly string[];
    readonly log: string;
    readonly isLocked: boolean;
  }

  /** Runs start.sh with a driver made of shell lines; `signal` is sent when `trigger` is in its output. */
  function run(driver: string, signal?: NodeJS.Signals, trigger = 'running'): Promise<End> {
    write('dbus-bms', `#!/bin/sh\n${driver}`);
    const child = spawn(join(folder.path, 'start.sh'), ['ttyUSB3'], {
      env: {
        PATH: process.env['PATH'],
        FOLDER: folder.path,
        SERIAL_STARTER: folder.path,
        SERIAL_STARTER_LOCKS: join(folder.path, 'locks'),
      },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let log = '';
    const note = (text: Buffer): void => {
      log += text.toString();
      if (signal !== undefined && text.includes(trigger)) child.kill(signal);
    };
    child.stdout.on('data', note);
    child.stderr.on('data', note);
    return new Promise((resolve) => {
      child.once('close', (code) => {
        const events = readFileSync(join(folder.path, 'events'), 'utf8').split('\n').slice(0, -1);
        // The link points nowhere, so that existsSync cannot see it.
        const isLocked = readdirSync(join(folder.path, 'locks')).length > 0;
        resolve({ code, events, log, isLocked });
      });
    });
  }

  const obedient = `echo args "$@" >>"$FOLDER/events"
trap 'sleep 0.2; [ -L "$SERIAL_STARTER_LOCKS/ttyUSB3" ] && echo left a locked tty >>"$FOLDER/events"; exit 0' TERM
echo running
while :; do sleep 0.1; done`;

  describe.each(Object.entries(KINDS))('beside a run-service.sh of the kind: %s', (_, text) => {
    it.each([
      ['ends well', 'exit 0', 0],
      ['ends with an error', 'exit 7', 7],
      ['is killed', 'kill -KILL $$', 137],
    ])('gives the tty back when the driver %s, with its exit code', async (_how, end, expected) => {
      serialStarter(text);
      const { code, events, isLocked } = await run(`echo args "$@" >>"$FOLDER/events"; ${end}`);
      expect(events[0]).toBe('args run /dev/ttyUSB3');
      expect(code).toBe(expected);
      expect(isLocked).toBe(false);
    });

    it('passes TERM on, and gives the tty back only when the driver has left', async () => {
      serialStarter(text);
      const { code, events, isLocked } = await run(obedient, 'SIGTERM');
      expect(events.slice(0, 2)).toEqual(['args run /dev/ttyUSB3', 'left a locked tty']);
      expect(code).toBe(0);
      expect(isLocked).toBe(false);
    });
  });

  it.each([
    ['at once', 'exit 5'],
    [
      'after it set a trap that unlocks',
      `. ${VICTRON}/functions.sh\ntty=$1\ntrap 'unlock_tty $tty' EXIT\nexit 5`,
    ],
    ['after it set a trap that does not unlock', "trap 'echo of theirs' EXIT\nexit 5"],
    ['by a variable that is not set', `set -u\n. ${VICTRON}/functions.sh\necho "$NOT_SET"`],
  ])('says it and gives the tty back when run-service.sh ends the shell %s', async (_, text) => {
    serialStarter(text);
    const { code, events, isLocked, log } = await run(obedient);
    expect(code).not.toBe(0);
    expect(events.filter((event) => event.startsWith('args'))).toEqual([]);
    expect(isLocked).toBe(false);
    expect(log).toMatch(/^error start: .*run-service\.sh .*ttyUSB3/m);
  });

  it('starts no driver and gives the tty back when TERM comes while run-service.sh is at work', async () => {
    serialStarter(`. ${VICTRON}/functions.sh\necho preparing\nsleep 0.5\n`);
    const { code, events, isLocked } = await run(obedient, 'SIGTERM', 'preparing');
    expect(code).toBe(0);
    expect(events).toEqual(['unlocked ttyUSB3']);
    expect(isLocked).toBe(false);
  });

  it('gives the tty back where neither run-service.sh nor functions.sh is there, and says what it misses', async () => {
    writeFileSync(join(folder.path, 'functions.sh'), '');
    const { code, isLocked, log } = await run('exit 7');
    expect(code).toBe(7);
    expect(isLocked).toBe(false);
    expect(log).toMatch(/^warn start: .*run-service\.sh/m);
  });

  it('gives the tty back when the program itself is not there', async () => {
    serialStarter(KINDS['unlock-in-start.sh']);
    // It waits before it gives up; TERM ends the wait.
    const { log, isLocked } = await run('exec /nowhere/node', 'SIGTERM', 'not found');
    expect(log).toContain('/nowhere/node');
    expect(isLocked).toBe(false);
  });

  it('refuses to start without the name of a tty', async () => {
    const child = spawn(join(folder.path, 'start.sh'), [], { env: { SERIAL_STARTER: folder.path } });
    expect(await new Promise((resolve) => child.once('close', resolve))).toBe(2);
  });
});

describe('the run script of the template', () => {
  it('gives the tty back when the installation it starts is not there', async () => {
    const folder = temporaryFolder();
    try {
      const text = readFileSync(join(SERVICE, 'run'), 'utf8').replace('TTY', 'ttyUSB3');
      const lock = join(folder.path, 'ttyUSB3');
      writeFileSync(lock, '');
      const script = join(folder.path, 'run');
      writeFileSync(script, text.replaceAll('/var/lock/serial-starter', folder.path), { mode: 0o755 });
      const child = spawn(script, { stdio: ['ignore', 'pipe', 'inherit'] });
      let log = '';
      child.stdout.on('data', (data: Buffer) => {
        log += data.toString();
      });
      expect(await new Promise((resolve) => child.once('close', resolve))).toBe(127);
      expect(log).toMatch(/^error start: .*install it again/);
      expect(existsSync(lock)).toBe(false);
    } finally {
      folder.remove();
    }
  });
});
