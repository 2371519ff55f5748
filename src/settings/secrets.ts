import { open } from 'node:fs/promises';
import { keepSecret } from '../redact.ts';
import { systemFault } from '../system-fault.ts';
import type { InForce, Problem } from './resolve.ts';
import { innerKey, type Section, type SectionValues } from './section.ts';

/** A secret is a word, a token or a key; anything longer is another file than was meant. */
const LONGEST_SECRET = 8 * 1024;

/** Whether a file of this mode can be read and written by nobody but its owner. */
export function isForOwnerOnly(mode: number): boolean {
  return (mode & 0o077) === 0;
}

/**
 * The values of a section with the secrets that stand in files of their own: `passwordFile` becomes `password`. A file that
 * others may read, or that cannot be read, gives no secret and one problem. Never rejects.
 */
export async function withSecrets<S extends Section>(
  section: S,
  { values, place, line }: InForce<S>,
): Promise<{ readonly values: SectionValues<S>; readonly problems: readonly Problem[] }> {
  const problems: Problem[] = [];
  const copy: Record<string, unknown> = { ...values };
  for (const setting of section.settings) {
    if (setting.fileOf === undefined) continue;
    const [table, name] = innerKey(setting);
    const holder = table === '' ? copy : copy[table];
    if (!isRecord(holder)) continue;
    const path = holder[name];
    if (typeof path !== 'string') continue;
    const read = await readSecret(path);
    if ('fault' in read) {
      const key = `${place}${setting.key.slice(section.name.length)}`;
      problems.push({ line, key, severity: 'error', text: read.fault });
    } else if (table === '') copy[setting.fileOf] = read.secret;
    else copy[table] = { ...holder, [setting.fileOf]: read.secret };
  }
  // Only secrets were added, under the names that the rows of the section give them.
  return { values: copy as SectionValues<S>, problems };
}

/** The text of a file that nobody else may read, without the line feed at its end. */
async function readSecret(path: string): Promise<{ readonly secret: string } | { readonly fault: string }> {
  try {
    // One descriptor for both, so that the file that is looked at is the file that is read.
    const file = await open(path);
    try {
      const { mode, size } = await file.stat();
      if (!isForOwnerOnly(mode)) {
        const shown = (mode & 0o777).toString(8).padStart(4, '0');
        return { fault: `${path} is refused because others may read it (mode ${shown}): chmod 600 ${path}` };
      }
      if (size > LONGEST_SECRET) return { fault: `${path} holds more than a password or a token` };
      const secret = (await file.readFile('utf8')).replace(/(\r?\n)+$/, '');
      if (secret === '') return { fault: `${path} is empty` };
      keepSecret(secret);
      return { secret };
    } finally {
      await file.close();
    }
  } catch (error) {
    return { fault: `${path} cannot be read: ${systemFault(error)}` };
  }
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
