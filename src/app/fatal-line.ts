import type { BmsError } from '../errors.ts';

/** First part of an error code, and the scope under which the log speaks of such things. */
const SCOPES: Readonly<Record<string, string>> = {
  PORT: 'port',
  REPLY: 'detect',
  NOTHING: 'detect',
  BUS: 'dbus',
};

/** The last line of a service: level and scope like every line of its log, because both end in the same file. */
export function fatalLine({ code, message }: Pick<BmsError, 'code' | 'message'>): string {
  const scope = SCOPES[code.split('_')[0] ?? ''] ?? 'start';
  return `error ${scope}: ${code}: ${message.replaceAll(/[\r\n]+\s*/g, ' | ')}`;
}
