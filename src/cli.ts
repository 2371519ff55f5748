import { createInterface } from 'node:readline';
import { systemClock } from './clock.ts';
import type { Command, Io } from './commands/command.ts';
import { BmsError, UsageError } from './errors.ts';
import { VERSION } from './version.ts';

/** Every command; its code is loaded only when it is called. */
const COMMANDS: Readonly<Record<string, () => Promise<Command>>> = {
  run: async () => (await import('./commands/run.ts')).run,
  probe: async () => (await import('./commands/probe.ts')).probe,
  read: async () => (await import('./commands/read.ts')).read,
  decode: async () => (await import('./commands/decode.ts')).decode,
  replay: async () => (await import('./commands/replay.ts')).replay,
  simulate: async () => (await import('./commands/simulate.ts')).simulate,
  demo: async () => (await import('./commands/demo.ts')).demo,
  limits: async () => (await import('./commands/limits.ts')).limits,
  'check-config': async () => (await import('./commands/check-config.ts')).checkConfigCommand,
  'import-config': async () => (await import('./commands/import-config.ts')).importConfigCommand,
};

async function help(): Promise<string> {
  const lines = ['dbus-bms: battery driver for Victron Venus OS', '', 'Commands:'];
  for (const [name, load] of Object.entries(COMMANDS)) {
    lines.push(`  ${name.padEnd(14)} ${(await load()).summary}`);
  }
  lines.push(
    '',
    '`dbus-bms <command> --help` explains one of them; `dbus-bms --version` names this one.',
    '',
  );
  return lines.join('\n');
}

/** Runs one command line (without the program's name) and resolves with the exit code. */
export async function main(args: readonly string[], io: Io): Promise<number> {
  const [name, ...rest] = args;
  if (name === undefined || name === '--help' || name === 'help') {
    io.out(await help());
    return name === undefined ? 2 : 0;
  }
  if (name === '--version') {
    io.out(`${VERSION}\n`);
    return 0;
  }
  const load = Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined;
  if (load === undefined) {
    io.err(`dbus-bms: there is no command "${name}"; there are: ${Object.keys(COMMANDS).join(', ')}\n`);
    return 2;
  }
  const command = await load();
  if (rest.includes('--help')) {
    io.out(`${command.usage}\n`);
    return 0;
  }
  try {
    return await command.run(rest, io);
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    // util.parseArgs reports a mistyped option with its own error class and a stable code.
    const mistyped = 'code' in error && String(error.code).startsWith('ERR_PARSE_ARGS');
    if (error instanceof UsageError || mistyped) {
      io.err(`dbus-bms ${name}: ${error.message.replaceAll('\n', ' ')}\n${command.usage.split('\n')[0]}\n`);
      return 2;
    }
    if (!(error instanceof BmsError)) throw error;
    io.err(`dbus-bms ${name}: ${error.code}: ${error.message}\n`);
    return 1;
  }
}

async function* stdinLines(): AsyncIterable<string> {
  yield* createInterface({ input: process.stdin, crlfDelay: Number.POSITIVE_INFINITY });
}

/** The process: signals, streams, exit code. */
export async function start(): Promise<void> {
  const stop = new AbortController();
  for (const name of ['SIGTERM', 'SIGINT'] as const) process.on(name, () => stop.abort(name));
  // A reader that went away (`| head`) is no reason for a stack trace.
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE') process.exit(0);
    throw error;
  });
  const io: Io = {
    out: (text) => void process.stdout.write(text),
    err: (text) => void process.stderr.write(text),
    signal: stop.signal,
    clock: systemClock,
    isTerminal: process.stdout.isTTY === true,
    env: process.env,
    lines: stdinLines,
  };
  process.exitCode = await main(process.argv.slice(2), io);
}
