import { parseArgs } from 'node:util';
import { type Attempt, type Detected, detect, lineText } from '../bms/detect.ts';
import { hex, NothingFoundError, TimeoutError } from '../errors.ts';
import type { ExchangeRecord } from '../transport/exchange.ts';
import { chooseDrivers } from './choose.ts';
import type { Command } from './command.ts';
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
    const { values, positionals } = parseArgs({
      args: [...args],
      allowPositionals: true,
      options: PORT_OPTIONS,
    });
    const port = onePort(positionals);
    const drivers = chooseDrivers(values.bms);
    const address = addressOf(values.address);
    let exchanges: ExchangeRecord[] = [];
    const capture = captureOf(values, io, (text) => io.err(`dbus-bms probe: ${text}\n`));
    const onExchange = (record: ExchangeRecord): void => void exchanges.push(record);
    return withPort({ port, drivers, capture, onExchange }, io, async (link) => {
      try {
        const found = await detect(link, {
          drivers,
          ...(address !== undefined && { addresses: [address] }),
          budgetMs: BUDGET_MS,
          clock: io.clock,
          signal: io.signal,
          onAttempt(attempt) {
            io.out(`${attemptText(attempt, exchanges)}\n`);
            if (values.verbose) for (const record of exchanges) io.err(`  ${recordText(record)}\n`);
            exchanges = [];
          },
        });
        io.out(`${foundText(found)}\n`);
        return 0;
      } catch (error) {
        if (!(error instanceof NothingFoundError)) throw error;
        io.err(`dbus-bms probe: ${error.code}: ${error.message}\n`);
        return 1;
      }
    });
  },
};

function foundText({ driver, address, line, reading }: Detected): string {
  const { model, cellCount, voltage } = reading;
  const facts = [model, cellCount && `${cellCount} cells`, voltage && `${voltage} V`].filter(Boolean);
  return `found ${driver.id} (${driver.name}) at address ${address}, ${lineText(line)}: ${facts.join(', ')}`;
}

/** "jbd address 0 9600 8N1: no (no reply ... ), sent dda50300fffd77, received nothing, 512 ms". */
export function attemptText(attempt: Attempt, exchanges: readonly ExchangeRecord[]): string {
  const { id, address, line, error, tookMs } = attempt;
  const last = exchanges.at(-1);
  const sent =
    last === undefined
      ? ''
      : `, sent ${hex(last.request, 16)}, received ${hex(last.received, 24) || 'nothing'}`;
  const verdict =
    error === undefined ? 'yes' : `no (${error instanceof TimeoutError ? 'silence' : error.message})`;
  return `${id} address ${address} ${lineText(line)}: ${verdict}${sent}, ${tookMs.toFixed(0)} ms`;
}

function recordText({ request, received, error }: ExchangeRecord): string {
  return `${hex(request)} -> ${hex(received, 512) || 'nothing'}${error === undefined ? '' : ` (${error.message})`}`;
}
