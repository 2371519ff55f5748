import { constants } from 'node:os';
import { systemClock } from './clock.ts';
import { type Command, type Io, StoppedError } from './commands/command.ts';
import { BmsError, UsageError } from './errors.ts';
import { redact } from './redact.ts';
import { nearest } from './settings/nearest.ts';
import { stdinLines, watchStreams, writeOut } from './standard-streams.ts';
import { VERSION } from './version.ts';

/** Every command; its code is loaded only when it is called. */
const COMMANDS: Readonly<Record<string, () => Promise<Command>>> = {
  run: async () => (await import('./commands/run.ts')).run,
  probe: async () => (await import('./commands/probe.ts')).probe,
  read: async () => (await import('./commands/read.ts')).read,
  scan: async () => (await import('./commands/scan.ts')).scan,
  decode: async () => (await import('./commands/decode.ts')).decode,
  replay: async () => (await import('./commands/replay.ts')).replay,
  simulate: async () => (await import('./commands/simulate/simulate.ts')).simulate,
  demo: async () => (await import('./commands/demo/demo.ts')).demo,
  limits: async () => (await import('./commands/limits/limits.ts')).limits,
  report: async () => (await import('./commands/report/report.ts')).report,
  bridge: async () => (await import('./commands/bridge.ts')).bridge,
  bank: async () => (await import('./commands/bank.ts')).bank,
  'check-config': async () => (await import('./commands/check-config.ts')).checkConfigCommand,
  'import-config': async () => (await import('./commands/import-config.ts')).importConfigCommand,
};

const LIST = `there are: ${Object.keys(COMMANDS).join(', ')}`;

async function help(): Promise<string> {
  const lines = ['dbus-bms: battery driver for Victron Venus OS', '', 'Commands:'];
  for (const [name, load] of Object.entries(COMMANDS)) {
    lines.push(`  ${name.padEnd(14)} ${(await load()).summary}`);
  }
  lines.push(
    '',
    '`dbus-bms help <command>` explains one of them; `dbus-bms --version` names this version.',
    'Exit codes: 0 done, 1 it failed, 2 the command line or a line of stdin cannot be understood,',
    '130 stopped with Ctrl-C (143 by TERM), 70 a bug.',
    '',
  );
  return lines.join('\n');
}

function commandNamed(name: string): (() => Promise<Command>) | undefined {
  return Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined;
}

function unknownCommand(name: string): string {
  const near = nearest(name, [...Object.keys(COMMANDS), '--help', '--version']);
  const what = name.startsWith('-')
    ? `an option follows its command, and "${name}" is no command`
    : `there is no command "${name}"`;
  return `dbus-bms: ${what}; ${near === undefined ? LIST : `did you mean ${near}?`}\n`;
}

/** Runs one command line (without the program's name) and resolves with the exit code. */
export async function main(args: readonly string[], io: Io): Promise<number> {
  const [name, ...rest] = args;
  if (name === undefined || name === '--help' || name === '-h' || name === 'help') {
    const [about, ...more] = rest.filter((word) => word !== '--help' && word !== '-h');
    if (name === undefined || about === undefined) {
      io.out(await help());
      return name === undefined ? 2 : 0;
    }
    const load = commandNamed(about);
    if (load === undefined || more.length > 0) {
      io.err(load === undefined ? unknownCommand(about) : 'dbus-bms help: expected one command\n');
      return 2;
    }
    io.out(`${(await load()).usage}\n`);
    return 0;
  }
  if (name === '--version' || name === '-v' || name === '-V') {
    io.out(`${VERSION}\n`);
    return 0;
  }
  const load = commandNamed(name);
  if (load === undefined) {
    io.err(unknownCommand(name));
    return 2;
  }
  const command = await load();
  const words = rest.includes('--') ? rest.slice(0, rest.indexOf('--')) : rest;
  if (words.includes('--help') || words.includes('-h')) {
    io.out(`${command.usage}\n`);
    return 0;
  }
  try {
    return await command.run(rest, io);
  } catch (error) {
    return failed(name, command, error, io);
  }
}

/** One line for an error that was thrown on purpose; everything else is a bug and goes on. */
function failed(name: string, command: Command, error: unknown, io: Io): number {
  if (error instanceof UsageError) {
    io.err(`dbus-bms ${name}: ${oneLine(error.message)}\n${command.usage.split('\n')[0]}\n`);
    return 2;
  }
  const isExpected = error instanceof BmsError || error instanceof StoppedError;
  if (!isExpected) throw error;
  if (io.signal.aborted) {
    io.err(`dbus-bms ${name}: stopped\n`);
    return 128 + (io.signal.reason === 'SIGTERM' ? constants.signals.SIGTERM : constants.signals.SIGINT);
  }
  io.err(
    `dbus-bms ${name}: ${error instanceof BmsError ? `${error.code}: ` : ''}${oneLine(error.message)}\n`,
  );
  return 1;
}

function oneLine(text: string): string {
  return text.replaceAll(/\s*[\r\n]+\s*/g, ' ');
}

/** The process: signals, streams, exit code. */
export async function start(): Promise<void> {
  const stop = new AbortController();
  for (const name of ['SIGTERM', 'SIGINT'] as const) process.on(name, () => stop.abort(name));
  // Whoever presses Ctrl-C again does not want to wait for a port that is slow to close.
  process.once('SIGINT', () => process.on('SIGINT', () => process.exit(128 + constants.signals.SIGINT)));
  watchStreams();
  const io: Io = {
    out: writeOut,
    err: (text) => void process.stderr.write(redact(text)),
    signal: stop.signal,
    clock: systemClock,
    isTerminal: process.stdout.isTTY === true,
    size: () => {
      const { columns, rows } = process.stdout;
      return columns > 0 && rows > 0 ? { columns, rows } : undefined;
    },
    isErrTerminal: process.stderr.isTTY === true,
    isTyped: process.stdin.isTTY === true,
    env: process.env,
    lines: stdinLines,
  };
  process.exitCode = await main(process.argv.slice(2), io);
}
