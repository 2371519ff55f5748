import { accessSync, constants } from 'node:fs';
import { isAbsolute, join } from 'node:path';

/** A program of the system, by name or by path (then also a library), and the Debian package that brings it. */
export interface SystemProgram {
  readonly program: string;
  readonly debian: string;
}

function isThere({ program }: SystemProgram, path: string): boolean {
  const candidates = isAbsolute(program) ? [program] : path.split(':').map((folder) => join(folder, program));
  return candidates.some((file) => {
    try {
      accessSync(file, isAbsolute(program) ? constants.R_OK : constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}

/** One line that names everything that is not installed, and the command that installs it; undefined where nothing is missing. */
export function lacking(
  programs: readonly SystemProgram[],
  path: string = process.env['PATH'] ?? '',
): string | undefined {
  const missing = programs.filter((program) => !isThere(program, path));
  if (missing.length === 0) return undefined;
  const names = missing.map(({ program }) => program).join(', ');
  const packages = [...new Set(missing.map(({ debian }) => debian))].join(' ');
  const verb = missing.length === 1 ? 'is' : 'are';
  return `${names} ${verb} not installed; on Debian and Ubuntu: sudo apt-get install ${packages}`;
}
