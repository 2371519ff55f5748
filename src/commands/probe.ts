import { type Attempt, type Detected, detect } from '../bms/detect/detect.ts';
import { foreignBytes } from '../bms/detect/foreign-bytes.ts';
import { lineText } from '../bms/detect/hit.ts';
import { type BmsError, hex, TimeoutError } from '../errors.ts';
import type { ExchangeRecord } from '../transport/exchange.ts';
import { parseArguments } from './arguments.ts';
import { chooseDrivers } from './choose.ts';
import type { Command } from './command.ts';
import { narrowedBy } from './narrowed.ts';
import { addressOf, captureOf, onePort, PORT_OPTIONS, PORT_USAGE, withPort } from './port-options.ts';

/** Long enough for every driver at every line setting and address. */
const BUDGET_MS = 120_000;

const USAGE = `usage: dbus-bms probe <port> [--bms <id>] [--address <n>]
Tries every known BMS on a port and prints one line per attempt. Only reads. Exit 1 if nothing answers.
${PORT_USAGE}`;

export const probe: Command = {
  summary: 'find out which BMS is on a port',
  usage: USAGE,
  async run(args, io) {
    const { values, positionals } = parseArguments(args, PORT_OPTIONS);
    const port = onePort(positionals);
    const drivers = chooseDrivers(values.bms);
    const address = addressOf(values.address);
    let exchanges: ExchangeRecord[] = [];
    const capture = await captureOf(values, io, (text) => io.err(`dbus-bms probe: ${text}\n`));
    const onExchange = (record: ExchangeRecord): void => void exchanges.push(record);
    return withPort({ port, drivers, capture, onExchange }, io, async (link, reached) => {
      const found = await detect(link, {
        drivers: reached,
        ...(address !== undefined && { addresses: [address] }),
        budgetMs: BUDGET_MS,
        clock: io.clock,
        narrowedBy: narrowedBy(values),
        signal: io.signal,
        onAttempt(attempt) {
          io.out(`${attemptText(attempt, exchanges)}\n`);
          if (values.verbose) for (const record of exchanges) io.err(`  ${recordText(record)}\n`);
          exchanges = [];
        },
      });
      io.out(`${cut(foundText(found), WIDTH)}\n`);
      return 0;
    });
  },
};

function foundText({ driver, address, line, reading }: Detected): string {
  const { model, cellCount, voltage } = reading;
  const facts = [model, cellCount && `${cellCount} cells`, voltage && `${voltage} V`].filter(Boolean);
  return `found ${driver.id} (${driver.name}) at address ${address}, ${lineText(line)}: ${facts.join(', ')}`;
}

/** Columns of a line that nobody has to wrap. */
const WIDTH = 120;
/** Bytes of an answer that tell what it is. */
const FIRST_BYTES = 12;

/** "jbd address 0 9600 8N1: no (silence), 512 ms, sent dda50300fffd77, received nothing": one line, never wider than 120 columns. */
export function attemptText(attempt: Attempt, exchanges: readonly ExchangeRecord[]): string {
  const { id, address, line, patience, error, tookMs } = attempt;
  const last = exchanges.at(-1);
  const where = `${id} address ${address} ${lineText(line)}${patience === 'short' ? ' short' : ''}:`;
  const took = `${tookMs.toFixed(0)} ms`;
  const came = last === undefined ? '' : `, received ${hex(last.received, FIRST_BYTES) || 'nothing'}`;
  const sent = last === undefined ? '' : `, sent ${hex(last.request, FIRST_BYTES)}`;
  const reason = error === undefined ? undefined : why(error, exchanges);
  const room = WIDTH - `${where} no (), ${took}`.length;
  const verdict = reason === undefined ? 'yes' : `no (${cut(reason, room)})`;
  // The reason comes first; the bytes are shown as far as there is room, --verbose has all of them.
  return [sent, came].reduce(
    (text, part) => (text.length + part.length <= WIDTH ? text + part : text),
    `${where} ${verdict}, ${took}`,
  );
}

function cut(text: string, width: number): string {
  return text.length <= width ? text : `${text.slice(0, Math.max(0, width - 3))}...`;
}

/** Why an attempt found nothing; silence is only what brought no byte in any of its tries. */
function why(error: BmsError, exchanges: readonly ExchangeRecord[]): string {
  if (!(error instanceof TimeoutError)) return error.message;
  const tries = exchanges.filter(({ reply }) => reply === undefined);
  const count = (bytes: readonly Uint8Array[]): number => bytes.reduce((sum, { length }) => sum + length, 0);
  if (count([error.received, ...tries.map(({ received }) => received)]) === 0)
    return tries.length === exchanges.length ? 'silence' : 'silence after a reply';
  const sent = exchanges.map(({ request }) => request);
  const foreign = count(tries.map(({ received }) => foreignBytes(received, sent)));
  return foreign === 0 ? 'only our own request came back' : `${foreign} bytes that are no reply`;
}

function recordText({ request, received, error }: ExchangeRecord): string {
  return `${hex(request)} -> ${hex(received, 512) || 'nothing'}${error === undefined ? '' : ` (${error.message})`}`;
}
