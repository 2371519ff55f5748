import { parseArgs } from 'node:util';
import { detect } from '../bms/detect.ts';
import { hex } from '../errors.ts';
import type { Reading } from '../model/reading.ts';
import type { ExchangeRecord } from '../transport/exchange.ts';
import { chooseDrivers } from './choose.ts';
import type { Command } from './command.ts';
import { addressOf, captureOf, onePort, PORT_OPTIONS, PORT_USAGE, withPort } from './port-options.ts';

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
    const { values, positionals } = parseArgs({
      args: [...args],
      allowPositionals: true,
      options: { ...PORT_OPTIONS, json: { type: 'boolean' } },
    });
    const port = onePort(positionals);
    const drivers = chooseDrivers(values.bms);
    const address = addressOf(values.address);
    const capture = captureOf(values, io, (text) => io.err(`dbus-bms read: ${text}\n`));
    const onExchange = ({ request, received, error }: ExchangeRecord): void => {
      if (values.verbose)
        io.err(`${hex(request)} -> ${hex(received, 512)}${error ? ` (${error.message})` : ''}\n`);
    };
    return withPort({ port, drivers, capture, onExchange }, io, async (link) => {
      const found = await detect(link, {
        drivers,
        ...(address !== undefined && { addresses: [address] }),
        budgetMs: BUDGET_MS,
        clock: io.clock,
        signal: io.signal,
      });
      let known: Reading = {};
      const say = (what: string): void => io.err(`dbus-bms read: the BMS ${what}\n`);
      for (let cycle = 0; cycle < POLLS; cycle += 1) {
        known = await found.driver.poll(link, found.address, { cycle, known, say });
      }
      const document = { bms: found.driver.id, address: found.address, ...known };
      io.out(values.json ? `${JSON.stringify(document)}\n` : table(document));
      return 0;
    });
  },
};

const UNITS: Readonly<Record<string, string>> = {
  voltage: 'V',
  current: 'A (positive charges)',
  power: 'W',
  soc: '%',
  soh: '%',
  capacityRemaining: 'Ah',
  capacityFull: 'Ah',
  capacityDesign: 'Ah',
  cellVoltages: 'V',
  temperatures: 'degC',
  mosfetTemperature: 'degC',
  ambientTemperature: 'degC',
  maxChargeCurrent: 'A',
  maxDischargeCurrent: 'A',
  maxChargeVoltage: 'V',
  minDischargeVoltage: 'V',
};

function table(document: Readonly<Record<string, unknown>>): string {
  const rows = Object.entries(document).map(([key, value]) =>
    `${key.padEnd(22)} ${text(value)} ${UNITS[key] ?? ''}`.trimEnd(),
  );
  return `${rows.join('\n')}\n`;
}

function text(value: unknown): string {
  if (Array.isArray(value))
    return value.map((item) => (typeof item === 'object' ? JSON.stringify(item) : String(item))).join(' ');
  if (typeof value !== 'object' || value === null) return String(value);
  const set = Object.entries(value).filter(([, level]) => level !== 0);
  return set.length === 0 ? 'none' : set.map(([name, level]) => `${name} ${level}`).join(', ');
}
