import { start } from './cli.ts';
import { crashLine } from './log.ts';

/** A bug: say everything about it in one line and let the supervisor start us again. */
function crash(error: unknown): void {
  process.stderr.write(`${crashLine(error)}\n`);
  process.exit(70);
}

process.on('uncaughtException', crash);
process.on('unhandledRejection', crash);
start().then(() => {
  // Whatever is still open (a socket of the bus, a port) must not keep a finished command alive.
  const { exitCode } = process;
  process.stdout.write('', () => process.exit(exitCode));
}, crash);
