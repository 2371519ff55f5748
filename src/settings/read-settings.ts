import { readFile, stat } from 'node:fs/promises';
import { keepSecret } from '../redact.ts';
import { systemFault } from '../system-fault.ts';
import { type ParseOptions, parseSettings, unreadableSettings } from './file.ts';
import type { SettingsFile } from './resolve.ts';
import { isForOwnerOnly } from './secrets.ts';

/** Where the settings of an installed driver are; it survives updates of Venus OS and of the driver. */
export const SETTINGS_PATH = '/data/conf/dbus-bms.toml';

/**
 * Reads a settings file. Never rejects: a file that does not exist means the defaults, one that cannot be read means
 * careful presets and an error that says why. It knows no drivers: what asks no battery needs none of their code.
 */
export async function readSettings(
  path: string = SETTINGS_PATH,
  options: ParseOptions = {},
): Promise<SettingsFile> {
  let bytes: Uint8Array;
  let isPrivate = false;
  try {
    bytes = await readFile(path);
    isPrivate = isForOwnerOnly((await stat(path)).mode);
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : String(error);
    if (code === 'ENOENT') return { ...parseSettings('', path, options), isMissing: true };
    return unreadableSettings(`the file cannot be read: ${systemFault(error)}`, path);
  }
  // Bytes that are no UTF-8 are usually letters in a comment; anywhere else the replacement character is reported.
  const file = parseSettings(new TextDecoder().decode(bytes), path, { ...options, isPrivate });
  for (const secret of file.secrets) keepSecret(secret);
  return file;
}
