import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, constants, openSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { openPty, type Pty } from '../../src/simulator/line/pty.ts';
import { eventually } from '../support/bus.ts';
import { PROGRAM, Program, temporaryFolder } from '../support/program.ts';

/** The program in front of somebody: stdin, stdout and stderr are one terminal. */
class Screen {
  text = '';
  readonly ended: Promise<number | string>;
  readonly process: ChildProcess;
  readonly #pty: Pty;

  constructor(pty: Pty, args: readonly string[]) {
    this.#pty = pty;
    pty.onBytes = (bytes) => {
      this.text += Buffer.from(bytes).toString();
    };
    const fd = openSync(pty.path, constants.O_RDWR | constants.O_NOCTTY);
    this.process = spawn(process.execPath, [PROGRAM, ...args], { stdio: [fd, fd, fd] });
    closeSync(fd);
    this.ended = new Promise((resolve) => {
      this.process.once('close', (code, signal) => resolve(code ?? signal ?? 'nothing'));
    });
  }

  async shows(text: string): Promise<void> {
    await eventually(() => this.text.includes(text));
  }

  async close(): Promise<void> {
    this.process.kill('SIGKILL');
    await this.ended;
    await this.#pty.close();
  }
}

const screens: Screen[] = [];
async function screen(...args: readonly string[]): Promise<Screen> {
  const opened = new Screen(await openPty(), args);
  screens.push(opened);
  return opened;
}

/** A serial bridge behind which nobody answers. */
async function silence(): Promise<{ readonly port: string; close(): void }> {
  const server = createServer((socket) => socket.on('error', () => socket.destroy()));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  return { port: `tcp://127.0.0.1:${port}`, close: () => void server.close() };
}

const closing: (() => unknown)[] = [];
afterEach(async () => {
  for (const opened of screens.splice(0)) await opened.close();
  for (const close of closing.splice(0)) await close();
});
const start = (...args: readonly string[]): Program => {
  const program = new Program(args);
  closing.push(() => program.stop());
  return program;
};

describe('on a terminal', () => {
  it.each([
    ['decode', 'lines "<request hex> <reply hex>"', 'SIGINT', 130],
    ['decode', 'lines "<request hex> <reply hex>"', 'SIGTERM', 143],
  ] as const)(
    '%s says what it waits for (%s), and ends at once on %s',
    async (command, waits, signal, code) => {
      const shown = await screen(command, 'jbd');
      await shown.shows(`waiting for ${waits}; Ctrl-D ends the input`);
      shown.process.kill(signal);
      expect(await shown.ended).toBe(code);
      await shown.shows('dbus-bms decode: stopped');
    },
  );

  it('limits --follow says what it waits for, and ends at once', async () => {
    const shown = await screen('limits', '--follow');
    await shown.shows('waiting for lines of readings');
    shown.process.kill('SIGINT');
    expect(await shown.ended).toBe(0);
  });

  it('read shows what it tries while nobody answers, and Ctrl-C stops it', async () => {
    const line = await silence();
    closing.push(() => line.close());
    const shown = await screen('read', line.port, '--bms', 'jbd');
    await shown.shows('looking for jbd');
    await shown.shows('tried, last jbd');
    shown.process.kill('SIGINT');
    expect(await shown.ended).toBe(130);
    await shown.shows('dbus-bms read: stopped');
    expect(shown.text).not.toContain('PORT_LOST');
  });
});

describe('without a terminal', () => {
  it.each(['read', 'probe'])('%s that is interrupted says so and nothing else', async (command) => {
    const line = await silence();
    closing.push(() => line.close());
    const program = start(command, line.port, '--verbose', '--bms', 'jbd');
    await eventually(() => program.err.length + program.out.length > 0);
    program.process.kill('SIGINT');
    expect(await program.ended).toBe(130);
    expect(program.err.at(-1)).toBe(`dbus-bms ${command}: stopped`);
  });

  it('nobody answers: what was left out is said, because of the option that left it out', async () => {
    const line = await silence();
    closing.push(() => line.close());
    const program = start('read', line.port, '--bms', 'pace', '--address', '2');
    expect(await program.ended).toBe(1);
    expect(program.err).toEqual([
      expect.stringMatching(
        /NOTHING_FOUND: only pace was tried, because of --bms pace and --address 2, and did not answer/,
      ),
    ]);
  });

  it('a reader that goes away is no error', async () => {
    const limits = start('limits');
    limits.process.stdout?.destroy();
    expect(await limits.ended).toBe(0);
    expect(limits.err).toEqual([]);
  });

  it('a capture goes beside an older file of that name, and says where', async () => {
    const folder = temporaryFolder();
    closing.push(() => folder.remove());
    const file = `${folder.path}/report.jsonl`;
    writeFileSync(file, 'of last year\n');
    const battery = start('simulate', 'jbd', '--listen', '0');
    await battery.says('answers at tcp://');
    const port = /tcp:\S+/.exec(battery.out.join())?.[0] ?? '';
    const program = start('read', port, '--bms', 'jbd', '--capture', file);
    expect(await program.ended).toBe(0);
    expect(program.err).toEqual([
      `dbus-bms read: ${file} is there already and stays as it is; the capture goes to ${folder.path}/report-2.jsonl`,
    ]);
    expect(readFileSync(file, 'utf8')).toBe('of last year\n');
    expect(readFileSync(`${folder.path}/report-2.jsonl`, 'utf8')).toContain('"request"');
  });
});
