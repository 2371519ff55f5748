import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { eventually } from './bus.ts';

/** The bundle as it is installed on a device; the test run makes it first. */
export const PROGRAM = fileURLToPath(new URL('../../dist/dbus-bms.cjs', import.meta.url));

/** A folder that is gone when the test is over. */
export function temporaryFolder(): { readonly path: string; remove(): void } {
  const path = mkdtempSync(join(tmpdir(), 'dbus-bms-test-'));
  return { path, remove: () => rmSync(path, { recursive: true, force: true }) };
}

/** The real program in a process of its own. */
export class Program {
  /** Its lines on stdout and stderr so far. */
  readonly out: string[] = [];
  readonly err: string[] = [];
  readonly process: ChildProcess;
  /** Exit code, or the name of the signal that ended it. */
  readonly ended: Promise<number | string>;
  #isOver = false;

  constructor(args: readonly string[], env: Readonly<Record<string, string>> = {}) {
    this.process = spawn(process.execPath, [PROGRAM, ...args], {
      env: { PATH: process.env['PATH'], ...env },
      stdio: ['pipe', 'pipe', 'pipe'],
    });
    const { stdout, stderr } = this.process;
    if (stdout !== null) createInterface({ input: stdout }).on('line', (line) => this.out.push(line));
    if (stderr !== null) createInterface({ input: stderr }).on('line', (line) => this.err.push(line));
    this.ended = new Promise((resolve) => {
      this.process.once('close', (code, signal) => {
        this.#isOver = true;
        resolve(code ?? signal ?? 'nothing');
      });
    });
  }

  get isRunning(): boolean {
    return !this.#isOver;
  }

  /** Resolves when a line of stdout contains `text`. */
  async says(text: string): Promise<void> {
    await eventually(() => this.out.some((line) => line.includes(text)) || !this.isRunning);
    if (!this.out.some((line) => line.includes(text))) {
      throw new Error(`ended without saying "${text}": ${[...this.out, ...this.err].join(' | ')}`);
    }
  }

  input(text: string): void {
    this.process.stdin?.end(text);
  }

  async stop(): Promise<void> {
    if (this.isRunning) this.process.kill('SIGKILL');
    await this.ended;
  }
}
