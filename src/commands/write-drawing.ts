import { writeOver } from '../files.ts';
import type { Io } from './command.ts';

/** Writes a drawing and says so on stderr, because stdout may be a document. */
export async function writeDrawing(path: string, svg: string, io: Pick<Io, 'err'>): Promise<void> {
  await writeOver(path, svg);
  io.err(`${path} written\n`);
}
