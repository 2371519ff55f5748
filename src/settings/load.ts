import { BMSES } from '../bms/index.ts';
import { readSettings } from './read-settings.ts';
import type { SettingsFile } from './resolve.ts';

export { SETTINGS_PATH } from './read-settings.ts';

/** BMS types that a settings file may name. */
export function bmsTypes(): readonly string[] {
  return [...new Set(BMSES.flatMap(({ driver }) => [driver.family, driver.id]))];
}

/** Reads a settings file as `readSettings` does, and checks the types of BMSes that it names. */
export function loadSettings(path?: string): Promise<SettingsFile> {
  return readSettings(path, { bmsTypes: bmsTypes() });
}
