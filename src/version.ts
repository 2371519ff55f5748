declare const DBUS_BMS_VERSION: string | undefined;

/** Version of this driver; the bundler puts the one of package.json here. */
export const VERSION = typeof DBUS_BMS_VERSION === 'string' ? DBUS_BMS_VERSION : '0.0.0-source';

/** A clock that shows an earlier time has not been set since its device started, ms since 1970. */
export const NOT_BEFORE = Date.UTC(2026, 0, 1);
