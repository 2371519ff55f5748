import type { Clock } from '../clock.ts';

/** Characters. */
export interface TerminalSize {
  readonly columns: number;
  readonly rows: number;
}

/** What a command may use of the world around it. */
export interface Io {
  /** Writes text as it is to stdout (stderr). */
  out(text: string): void;
  err(text: string): void;
  /** Aborts on TERM and INT. */
  readonly signal: AbortSignal;
  readonly clock: Clock;
  /** Somebody is looking: stdout is a terminal. */
  readonly isTerminal: boolean;
  /** Size of the terminal on stdout now; absent where there is none or where it does not say. */
  readonly size?: () => TerminalSize | undefined;
  /** Somebody sees stderr at once: it is a terminal. */
  readonly isErrTerminal?: boolean;
  /** Somebody types the lines of stdin. */
  readonly isTyped?: boolean;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Lines of stdin as they come. */
  lines(): AsyncIterable<string>;
}

/** The command was asked to end before it was done; it becomes the word "stopped" and exit 130 (INT) or 143 (TERM). */
export class StoppedError extends Error {
  override get name(): string {
    return 'StoppedError';
  }
}

export interface Command {
  /** One line for the list of commands. */
  readonly summary: string;
  /** `dbus-bms run <port> [--config FILE]`, and what the options mean. */
  readonly usage: string;
  /**
   * Resolves with the exit code. A BmsError becomes one line on stderr and exit 1 (2 for a usage error); after the
   * program was asked to end, any error means that the command was stopped.
   */
  run(args: readonly string[], io: Io): Promise<number>;
}
