import type { SettingsFile } from '../settings/resolve.ts';
import type { SettingName } from '../settings/table.ts';

/** Options of the command line that leave out some BMS types, addresses or line speeds. */
export interface Narrowing {
  readonly bms?: string | undefined;
  readonly address?: string | undefined;
}

/** The settings of a file that do the same, and how they are written there. */
const SETTINGS = ['bms', 'address', 'baudRate'] as const satisfies readonly SettingName[];

/**
 * What keeps a search from trying everything: `--bms jk`, `connection.bms in line 4 of dbus-bms.toml`. Empty when nothing
 * does. Somebody whose battery is not found must hear of it, because he may have forgotten the line.
 */
export function narrowedBy(options: Narrowing, file?: SettingsFile, port?: string): readonly string[] {
  const causes = (['bms', 'address'] as const).flatMap((name) =>
    options[name] === undefined ? [] : [`--${name} ${options[name]}`],
  );
  if (file === undefined) return causes;
  const { settings } = file.forPort(port);
  for (const name of SETTINGS) {
    const line = file.lineOf(name, port);
    const isOverruled = name !== 'baudRate' && options[name] !== undefined;
    if (line !== undefined && !isOverruled && settings[name] !== 'auto') {
      causes.push(`connection.${name} in line ${line} of ${file.fileName}`);
    }
  }
  return causes;
}
