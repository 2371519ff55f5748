import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { fromHex } from '../../src/protocol/bytes.ts';

/** One reply to command 42 and the dialect in which it is written. */
export interface AnalogReply {
  readonly name: string;
  readonly dialect: string;
  readonly reply: Uint8Array;
}

interface VectorFile {
  readonly cases?: readonly {
    readonly name: string;
    /** Only cases of the ASCII frame have one. */
    readonly dialect?: string;
    readonly expect: { readonly error?: unknown };
    readonly exchanges: readonly {
      readonly request: string;
      readonly response: string | readonly string[];
    }[];
  }[];
}

const VECTORS = fileURLToPath(new URL('../vectors', import.meta.url));
const ANALOG = '42';

/** Every undamaged reply to command 42 of all ASCII dialects, captured and constructed. */
export function analogReplies(): AnalogReply[] {
  return repliesTo((command) => command === ANALOG);
}

/** Every undamaged reply to another command. */
export function otherReplies(): AnalogReply[] {
  return repliesTo((command) => command !== ANALOG);
}

function repliesTo(wanted: (command: string) => boolean): AnalogReply[] {
  const files = readdirSync(VECTORS, { recursive: true, encoding: 'utf8' });
  return files
    .filter((file) => file.endsWith('.json'))
    .sort()
    .flatMap((file) => {
      const { cases = [] }: VectorFile = JSON.parse(readFileSync(join(VECTORS, file), 'utf8'));
      return cases.flatMap(({ name, dialect, expect, exchanges }) =>
        exchanges.flatMap(({ request, response }) => {
          if (dialect === undefined) return [];
          const command = Buffer.from(request.slice(14, 18), 'hex').toString('latin1');
          const reply = fromHex([response].flat().at(-1) ?? '');
          const whole = reply !== undefined && reply.length > 20 && expect.error === undefined;
          return whole && wanted(command) ? [{ name, dialect, reply }] : [];
        }),
      );
    });
}
