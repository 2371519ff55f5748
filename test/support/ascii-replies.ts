import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { fromHex } from '../../src/protocol/bytes.ts';

/** One reply to command 42 and the dialect in which it is written. */
export interface AnalogReply {
  readonly name: string;
  readonly dialect: string;
  readonly reply: Uint8Array;
}

interface VectorFile {
  readonly cases: readonly {
    readonly name: string;
    readonly dialect: string;
    readonly expect: { readonly error?: unknown };
    readonly exchanges: readonly {
      readonly request: string;
      readonly response: string | readonly string[];
    }[];
  }[];
}

const FILES = ['pylontech/captures', 'pace/captures', 'topbms/captures', 'ascii-frame/siblings'];
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
  return FILES.flatMap((file) => {
    const path = fileURLToPath(new URL(`../vectors/${file}.json`, import.meta.url));
    const { cases }: VectorFile = JSON.parse(readFileSync(path, 'utf8'));
    return cases.flatMap(({ name, dialect, expect, exchanges }) =>
      exchanges.flatMap(({ request, response }) => {
        const command = Buffer.from(request.slice(14, 18), 'hex').toString('latin1');
        const reply = fromHex([response].flat().at(-1) ?? '');
        const whole = reply !== undefined && reply.length > 20 && expect.error === undefined;
        return whole && wanted(command) ? [{ name, dialect, reply }] : [];
      }),
    );
  });
}
