import { decodeLog, type Exchanged } from '../bms/decode.ts';
import type { BmsDriver } from '../bms/driver.ts';
import { BMSES } from '../bms/index.ts';
import { BmsError, UsageError } from '../errors.ts';
import { onlyWord, parseArguments } from './arguments.ts';
import { chooseDrivers } from './choose.ts';
import { type Command, StoppedError } from './command.ts';
import { parseHexLine } from './hex-line.ts';
import { linesUntilAborted } from './lines.ts';

const USAGE = `usage: dbus-bms decode <bms>
Reads lines "<request hex> <reply hex>" from stdin (a reply may be cut into several words) and prints the canonical
fields that those replies carry as one JSON document. <bms> is a driver or a family: jbd, jbd-up, daly ...
Where single bytes are spaced, write "<request hex> -> <reply hex>". A line that begins with # is a comment.
A reply that must be refused ends with exit 1, the error code and the reason on stderr.`;

const EXPECTED = 'lines "<request hex> <reply hex>"';

export const decode: Command = {
  summary: 'turn replies from a support log into values',
  usage: USAGE,
  async run(args, io) {
    const { positionals } = parseArguments(args, {});
    const drivers = chooseDrivers(onlyWord(positionals, 'the name of one BMS'));
    const exchanges: Exchanged[] = [];
    for await (const line of linesUntilAborted(io, EXPECTED)) {
      if (line.trim() === '' || line.trimStart().startsWith('#')) continue;
      exchanges.push(parseHexLine(line, drivers));
    }
    if (io.signal.aborted) throw new StoppedError();
    if (exchanges.length === 0) throw new UsageError(`expected ${EXPECTED} on stdin, got none`);
    const { reading } = decodeFor(drivers, exchanges);
    io.out(`${JSON.stringify(reading)}\n`);
    return 0;
  },
};

/** As `decodeLog`; what another BMS understands is said to be of that one. */
function decodeFor(
  drivers: readonly BmsDriver[],
  exchanges: readonly Exchanged[],
): ReturnType<typeof decodeLog> {
  try {
    return decodeLog(drivers, exchanges);
  } catch (error) {
    if (!(error instanceof BmsError)) throw error;
    const others = BMSES.map(({ driver }) => driver).filter((driver) => !drivers.includes(driver));
    const owner = others.find((driver) => understands(driver, exchanges));
    if (owner === undefined) throw error;
    error.message = `these are frames of ${owner.id} (${owner.name}): dbus-bms decode ${owner.id}; ${error.message}`;
    throw error;
  }
}

function understands(driver: BmsDriver, exchanges: readonly Exchanged[]): boolean {
  try {
    decodeLog([driver], exchanges);
    return true;
  } catch (error) {
    if (error instanceof BmsError) return false;
    throw error;
  }
}
