import { parseArgs } from 'node:util';
import { decodeLog } from '../bms/decode.ts';
import { UsageError } from '../errors.ts';
import { fromHex } from '../protocol/bytes.ts';
import { chooseDrivers } from './choose.ts';
import type { Command } from './command.ts';

const USAGE = `usage: dbus-bms decode <bms>
Reads lines "<request hex> <reply hex>" from stdin (a reply may be cut into several words) and prints the canonical
fields that those replies carry as one JSON document. <bms> is a driver or a family: jbd, jbd-up, daly ...
A reply that must be refused ends with exit 1, the error code and the reason on stderr.`;

export const decode: Command = {
  summary: 'turn replies from a support log into values',
  usage: USAGE,
  async run(args, io) {
    const { positionals } = parseArgs({ args: [...args], allowPositionals: true, options: {} });
    const [bms] = positionals;
    if (bms === undefined || positionals.length > 1) throw new UsageError('expected the name of one BMS');
    const drivers = chooseDrivers(bms);
    const exchanges = [];
    for await (const line of io.lines()) {
      if (line.trim() === '' || line.trimStart().startsWith('#')) continue;
      exchanges.push(parseLine(line));
    }
    if (exchanges.length === 0)
      throw new UsageError('expected lines "<request hex> <reply hex>" on stdin, got none');
    const { reading } = decodeLog(drivers, exchanges);
    io.out(`${JSON.stringify(reading)}\n`);
    return 0;
  },
};

function parseLine(line: string): { request: Uint8Array; reply: Uint8Array } {
  const [request = '', ...reply] = line.trim().split(/\s+/);
  const bytes = [request, reply.join('')].map(fromHex);
  const [asked, answered] = bytes;
  if (asked === undefined || answered === undefined || asked.length === 0) {
    throw new UsageError(`expected "<request hex> <reply hex>", got "${line.slice(0, 60)}"`);
  }
  return { request: asked, reply: answered };
}
