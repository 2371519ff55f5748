import { fstatSync, writeSync } from 'node:fs';
import { UsageError } from './errors.ts';
import { systemFault } from './system-fault.ts';

/** Characters of the longest line that is read; a reply of a BMS has some hundreds. */
const MOST = 1024 * 1024;
const LINE_END = /\r\n|\n|\r(?!$)/;

/** Lines of text that comes in pieces. Throws a UsageError at a line that does not end, which would fill the memory. */
export async function* linesOf(chunks: AsyncIterable<string>, most: number = MOST): AsyncIterable<string> {
  let rest = '';
  for await (const chunk of chunks) {
    const lines = (rest + chunk).split(LINE_END);
    rest = lines.pop() ?? '';
    for (const line of lines) yield bounded(line, most);
    bounded(rest, most);
  }
  if (rest !== '') yield rest.replace(/\r$/, '');
}

function bounded(line: string, most: number): string {
  if (line.length <= most) return line;
  throw new UsageError(
    `expected lines of at most ${most} characters on stdin, got one that is longer; is this a text file?`,
  );
}

/** Lines of stdin as they come. */
export function stdinLines(): AsyncIterable<string> {
  return linesOf(process.stdin.setEncoding('utf8'));
}

/** Writes to stdout. */
export function writeOut(text: string): void {
  const { fd, isTTY } = process.stdout;
  const kind = fstatSync(fd);
  // Others tell their errors later, when the exit code may be decided already.
  if (!kind.isFile() && (isTTY || !kind.isCharacterDevice())) {
    process.stdout.write(text);
    return;
  }
  try {
    writeWhole(text, (bytes, from) => writeSync(fd, bytes, from));
  } catch (error) {
    cannotWrite('stdout', error);
  }
}

/**
 * Node hands a file as much as the disk takes and is silent about the rest. Here what is left is written again, so that the
 * system says why it cannot be. `write` writes from an index on, gives how many bytes it wrote, and throws.
 */
export function writeWhole(text: string, write: (bytes: Buffer, from: number) => number): void {
  const bytes = Buffer.from(text);
  for (let from = 0; from < bytes.length; ) from += write(bytes, from);
}

/** Ends the program when nobody can take what it says. */
export function watchStreams(): void {
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    // A reader that had enough (`| head`) is no failure.
    if (error.code === 'EPIPE') process.exit(0);
    cannotWrite('stdout', error);
  });
  // Not 0: nobody knows yet whether stdout takes the result.
  process.stderr.on('error', () => process.exit(1));
}

function cannotWrite(name: string, error: unknown): never {
  process.stderr.write(`dbus-bms: ${name} cannot be written: ${systemFault(error)}\n`);
  process.exit(1);
}
