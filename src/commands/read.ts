import { remarkText } from '../battery/remarks.ts';
import { detect } from '../bms/detect/detect.ts';
import { hitText } from '../bms/detect/hit.ts';
import { hex } from '../errors.ts';
import type { PackReading } from '../model/reading.ts';
import type { ExchangeRecord } from '../transport/exchange.ts';
import { portName } from '../transport/port-url.ts';
import { parseArguments } from './arguments.ts';
import { chooseDrivers } from './choose.ts';
import type { Command } from './command.ts';
import { narrowedBy } from './narrowed.ts';
import { addressOf, captureOf, onePort, PORT_OPTIONS, PORT_USAGE, withPort } from './port-options.ts';
import { Progress } from './progress.ts';
import { readTable } from './read-table.ts';

const BUDGET_MS = 60_000;
/** A driver reads slow facts (limits, texts) at its second poll; a complete reading has them. */
const POLLS = 2;

const USAGE = `usage: dbus-bms read <port> [--bms <id>] [--address <n>] [--json]
Reads one battery once. With --json stdout is exactly one JSON document.
${PORT_USAGE}
  --json            one JSON document instead of a table`;

export const read: Command = {
  summary: 'read one battery once',
  usage: USAGE,
  async run(args, io) {
    const { values, positionals } = parseArguments(args, { ...PORT_OPTIONS, json: { type: 'boolean' } });
    const port = onePort(positionals);
    const drivers = chooseDrivers(values.bms);
    const address = addressOf(values.address);
    const capture = await captureOf(values, io, (text) => io.err(`dbus-bms read: ${text}\n`));
    const onExchange = ({ request, received, error }: ExchangeRecord): void => {
      if (values.verbose)
        io.err(`${hex(request)} -> ${hex(received, 512)}${error ? ` (${error.message})` : ''}\n`);
    };
    const narrowed = narrowedBy(values);
    const progress = new Progress(io, `opening ${portName(port)}`);
    return withPort({ port, drivers, capture, onExchange }, io, async (link, reached) => {
      const wanted = narrowed.length === 0 ? 'a BMS' : drivers.map(({ id }) => id).join(', ');
      let attempts = 0;
      progress.say(`looking for ${wanted}`);
      const found = await detect(link, {
        drivers: reached,
        ...(address !== undefined && { addresses: [address] }),
        budgetMs: BUDGET_MS,
        clock: io.clock,
        narrowedBy: narrowed,
        signal: io.signal,
        onAttempt(attempt) {
          attempts += 1;
          progress.say(`looking for ${wanted}, ${attempts} tried, last ${hitText(attempt)}`);
        },
      });
      progress.say(`reading ${found.driver.id}`);
      const session = found.driver.open(link, found.address);
      let known: PackReading = {};
      for (let poll = 0; poll < POLLS; poll += 1) {
        known = await session.read();
        for (const remark of session.takeRemarks()) io.err(`dbus-bms read: ${remarkText(remark)}\n`);
      }
      progress.end();
      const document = { bms: found.driver.id, address: found.address, ...known };
      io.out(values.json ? `${JSON.stringify(document)}\n` : readTable(document));
      return 0;
    }).finally(() => progress.end());
  },
};
