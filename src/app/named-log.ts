import type { LogSource } from '../log.ts';

/** The log of one of several batteries: its name stands before every text. */
export function namedLog(log: LogSource, name: string): LogSource {
  return {
    scope(scope) {
      const inner = log.scope(scope);
      return {
        error: (text) => inner.error(`${name}: ${text}`),
        warn: (text) => inner.warn(`${name}: ${text}`),
        info: (text) => inner.info(`${name}: ${text}`),
        debug: (text) => inner.debug(`${name}: ${text}`),
        get debugging() {
          return inner.debugging;
        },
      };
    },
    setLevel: (level) => log.setLevel(level),
  };
}
