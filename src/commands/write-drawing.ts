import { writeFile } from 'node:fs/promises';
import { ConfigError } from '../errors.ts';
import type { Io } from './command.ts';

/** Writes a drawing and says so on stderr, because stdout may be a document. */
export async function writeDrawing(path: string, svg: string, io: Pick<Io, 'err'>): Promise<void> {
  try {
    await writeFile(path, svg);
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new ConfigError(`the drawing cannot be written: ${reason}`, { cause });
  }
  io.err(`${path} written\n`);
}
