import type { Answer } from '../../dbus/bus.ts';
import { entriesOf, unwrap } from '../../dbus/wire-values.ts';

export type Reply = Answer | Promise<Answer>;

export const DONE: Answer = { signature: '', body: [] };

/** An error with a name of BlueZ: `bluezError('Failed', 'Input/output error')`. */
export function bluezError(name: string, text: string): Answer {
  return { error: `org.bluez.Error.${name}`, text };
}

/** The options of a WriteValue: which kind of write is wanted. */
export function writeType(options: unknown): string | undefined {
  const type = new Map(entriesOf(options)).get('type');
  return type === undefined ? undefined : String(unwrap(type));
}
