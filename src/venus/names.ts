export const BATTERY_PREFIX = 'com.victronenergy.battery.';
/** Localsettings: the settings of a Venus device. */
export const SETTINGS_SERVICE = 'com.victronenergy.settings';
export const SETTINGS_INTERFACE = 'com.victronenergy.Settings';

/** Where notices go: one line each, the first word says the scope. */
export interface Log {
  info(text: string): void;
  warn(text: string): void;
  debug(text: string): void;
}

/** "com.victronenergy.battery.ttyUSB0" for port "ttyUSB0", with "__0x02" appended for a pack at an address. */
export function batteryServiceName(port: string, address?: number): string {
  const suffix = address === undefined ? '' : `__0x${address.toString(16).padStart(2, '0')}`;
  const cleaned = `${port}${suffix}`.replace(/[^A-Za-z0-9_]/g, '_');
  return `${BATTERY_PREFIX}${/^[0-9]/.test(cleaned) ? '_' : ''}${cleaned}`;
}

/** The service of the bank beside which a pack shows itself; undefined for any other service. */
export function bankServiceOf(service: string): string | undefined {
  return /^(.+)__0x[0-9a-f]{2,}$/.exec(service)?.[1];
}

/** Group of a battery below /Settings/Devices: "dbusbms_JK_1234". Only what has our prefix is ours to touch; the one exception is the number that `takeOver` frees. */
export function settingsId(key: string): string {
  return `${OURS}${key.replace(/[^A-Za-z0-9_]/g, '_')}`;
}

const OURS = 'dbusbms_';

/** "JK_1234" of "dbusbms_JK_1234". */
export function keyOf(id: string): string {
  return id.slice(OURS.length);
}
