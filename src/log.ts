import winston from 'winston';
import { redact } from './redact.ts';

/** What every room needs of a log; `debugging` lets a caller skip building text that nobody reads. */
export interface Log {
  error(text: string): void;
  warn(text: string): void;
  info(text: string): void;
  debug(text: string): void;
  readonly debugging: boolean;
}

export const LOG_LEVELS = ['error', 'warn', 'info', 'debug'] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

export interface LogSource {
  /** A log whose lines begin with `scope`: a driver id, `dbus`, `control`, `detect`. */
  scope(scope: string): Log;
  setLevel(level: LogLevel): void;
}

/**
 * One physical line per event on stdout, without time and colour: multilog stamps the lines and keeps the files.
 * `warn jbd: no reply to 0x03 within 500 ms`. Secrets are taken out of every line, whatever its level.
 */
export function createLog(level: LogLevel): LogSource {
  const line = winston.format.printf(({ level: at, scope, message }) => {
    const text = `${at} ${String(scope)}: ${String(message)}`;
    return redact(text.replaceAll(/[\r\n]+\s*/g, ' | '));
  });
  const logger = winston.createLogger({
    level,
    format: line,
    transports: [new winston.transports.Console({ forceConsole: false })],
  });
  return {
    scope(scope) {
      const child = logger.child({ scope });
      return {
        error: (text) => void child.error(text),
        warn: (text) => void child.warn(text),
        info: (text) => void child.info(text),
        debug: (text) => void child.debug(text),
        get debugging() {
          return logger.level === 'debug';
        },
      };
    },
    setLevel(next) {
      logger.level = next;
    },
  };
}

/** A bug in one line: everything about it but secrets. */
export function crashLine(error: unknown): string {
  const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
  return redact(`error bug: ${text.replaceAll(/\n\s*/g, ' | ')}`);
}
