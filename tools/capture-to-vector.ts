import { readFile } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import { type Replayed, replay } from '../src/app/replay.ts';
import { decodeLog } from '../src/bms/decode.ts';
import { chooseDrivers } from '../src/commands/choose.ts';
import { BmsError, hex, UsageError } from '../src/errors.ts';
import { type Captured, parseCapture } from '../src/transport/replay.ts';

const USAGE = `usage: tsx tools/capture-to-vector.ts CAPTURE --name TEXT [--bms ID] [--at SECONDS] [--origin TEXT]
Prints a file for test/vectors/<family>/ with one case: the first good poll of the capture, or the conversation that was
going on at SECONDS. Its expectation is what the driver makes of it now: correct it where the driver is wrong.`;

interface VectorCase {
  readonly name: string;
  readonly origin: string;
  readonly transport: 'serial';
  readonly exchanges: readonly { readonly request: string; readonly response: string }[];
  readonly expect: object;
}

export interface VectorFile {
  readonly bms: string;
  readonly cases: readonly VectorCase[];
}

export interface VectorOptions {
  readonly name: string;
  readonly origin: string;
  readonly bms?: string;
  /** A moment of the wanted conversation, s. */
  readonly at?: number;
}

/** One conversation of a capture as a vector file. Rejects with a BmsError when no driver understands the capture. */
export async function vectorOf(entries: readonly Captured[], options: VectorOptions): Promise<VectorFile> {
  const { at, bms, name, origin } = options;
  const { conversations, driver } = await replay(chooseDrivers(bms), entries);
  const chosen = conversations.find((one) => (at === undefined ? 'reading' in one : covers(one, at)));
  if (chosen === undefined)
    throw new UsageError(`there is no conversation ${at === undefined ? 'that succeeded' : `at ${at} s`}`);
  // A failed conversation is judged by the exchange at which it failed.
  const exchanges = 'reading' in chosen ? answered(chosen) : chosen.exchanges.slice(-1);
  return {
    bms: driver.family,
    cases: [
      {
        name,
        origin,
        transport: 'serial',
        exchanges: exchanges.map(({ received, request }) => ({
          request: hexOf(request),
          response: hexOf(received),
        })),
        expect: expectation(driver.family, exchanges),
      },
    ],
  };
}

function covers({ exchanges, t }: Replayed, at: number): boolean {
  return (exchanges[0]?.t ?? t) <= at && at <= t;
}

/** Of several tries the last one. */
function answered({ exchanges }: Replayed): Captured[] {
  return exchanges.filter(
    ({ request }, index) => hexOf(request) !== hexOf(exchanges[index + 1]?.request ?? new Uint8Array()),
  );
}

function expectation(family: string, exchanges: readonly Captured[]): object {
  const log = exchanges.map(({ received, request }) => ({ request, reply: received }));
  try {
    return decodeLog(chooseDrivers(family), log).reading;
  } catch (error) {
    if (!(error instanceof BmsError)) throw error;
    return { error: error.code.replace('REPLY_', '').toLowerCase() };
  }
}

function hexOf(bytes: Uint8Array): string {
  return hex(bytes, bytes.length);
}

if (import.meta.url === `file://${process.argv[1]}`) {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      name: { type: 'string' },
      bms: { type: 'string' },
      at: { type: 'string' },
      origin: { type: 'string', default: 'capture of dbus-bms' },
    },
  });
  const [file] = positionals;
  if (file === undefined || values.name === undefined) {
    process.stderr.write(`${USAGE}\n`);
    process.exit(2);
  }
  const { at, bms, name, origin } = values;
  const entries = parseCapture(await readFile(file, 'utf8'));
  const vector = await vectorOf(entries, {
    name,
    origin,
    ...(bms !== undefined && { bms }),
    ...(at !== undefined && { at: Number(at) }),
  });
  process.stdout.write(`${JSON.stringify(vector, null, 2)}\n`);
}
