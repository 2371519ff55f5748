import { type Replayed, replay as replayCapture } from '../app/replay.ts';
import { BmsError, ConfigError } from '../errors.ts';
import { exists, readInput } from '../files.ts';
import type { PackReading } from '../model/reading.ts';
import { type Captured, parseCapture } from '../transport/replay.ts';
import { onlyWord, parseArguments } from './arguments.ts';
import { chooseDrivers } from './choose.ts';
import type { Command } from './command.ts';
import { capturesOf } from './report/archive.ts';

const USAGE = `usage: dbus-bms replay FILE [--bms <id>] [--json]
Feeds a capture (option --capture of run, read and probe) back through the driver and prints what every poll came to.
Exit 1 when no driver understands it. FILE may be a report (dbus-bms report), of several batteries as FILE#ttyUSB0.
  --bms <id>        only this BMS or family; default is the one that understands most of the capture
  --json            one JSON document a line: t (s since the capture began), bms, address, fields or error and reason`;

export const replay: Command = {
  summary: 'what a capture of --capture says',
  usage: USAGE,
  async run(args, io) {
    const { values, positionals } = parseArguments(args, {
      bms: { type: 'string' },
      json: { type: 'boolean' },
    });
    const file = onlyWord(positionals, 'the name of one capture file');
    const { driver, conversations } = await replayCapture(chooseDrivers(values.bms), await loadCapture(file));
    for (const conversation of conversations) {
      const text = values.json
        ? JSON.stringify(documentOf(driver.id, conversation))
        : lineOf(driver.id, conversation);
      io.out(`${text}\n`);
    }
    return 0;
  },
};

/** The exchanges of a file; rejects with a ConfigError when it cannot be read or holds none. */
async function loadCapture(file: string): Promise<Captured[]> {
  const text = await captureText(file);
  try {
    const entries = parseCapture(text);
    if (entries.length > 0) return entries;
  } catch (cause) {
    if (!(cause instanceof BmsError)) throw cause;
    throw new ConfigError(`${file}: ${cause.message}`, { cause });
  }
  throw new ConfigError(`${file} holds no exchange`);
}

/** The text of a capture, also of one in a report; a report of several batteries names those to choose from. */
async function captureText(file: string): Promise<string> {
  const [path = file, port] = file.split('#');
  const bytes = await readInput((await exists(file)) ? file : path);
  if (!isGzip(bytes)) return new TextDecoder().decode(bytes);
  const captures = capturesOf(bytes, path);
  const [first, ...others] = captures;
  const wanted = port === undefined ? first : captures.find((capture) => capture.port === port);
  if (wanted !== undefined && (port !== undefined || others.length === 0)) return wanted.text;
  if (first === undefined) throw new ConfigError(`${path} holds no capture`);
  const names = captures.map((capture) => `${path}#${capture.port}`).join(', ');
  throw new ConfigError(`${path} holds ${captures.length} captures; choose one: ${names}`);
}

function isGzip([first, second]: Uint8Array): boolean {
  return first === 0x1f && second === 0x8b;
}

function documentOf(bms: string, conversation: Replayed): unknown {
  const { address, t } = conversation;
  const where = { t, bms, ...(address !== undefined && { address }) };
  return 'reading' in conversation
    ? { ...where, ...conversation.reading }
    : { ...where, error: conversation.error.code, reason: conversation.error.message };
}

function lineOf(bms: string, conversation: Replayed): string {
  const { address, t } = conversation;
  const where = `${t.toFixed(3).padStart(10)} s  ${bms}${address === undefined ? '' : ` ${address}`}`;
  return 'reading' in conversation
    ? `${where}  ${summary(conversation.reading)}`
    : `${where}  ${conversation.error.code}: ${conversation.error.message}`;
}

/** What one looks at first; `--json` has the rest. */
function summary({
  alarms = {},
  cellVoltages = [],
  current,
  soc,
  temperatures,
  voltage,
}: PackReading): string {
  const raised = Object.entries(alarms).filter(([, level]) => level > 0);
  return [
    voltage !== undefined && `${voltage} V`,
    current !== undefined && `${current} A`,
    soc !== undefined && `${soc} %`,
    cellVoltages.length > 0 &&
      `${cellVoltages.length} cells ${Math.min(...cellVoltages)} to ${Math.max(...cellVoltages)} V`,
    temperatures !== undefined && temperatures.length > 0 && `${temperatures.join(' ')} degC`,
    ...raised.map(([name, level]) => `${name} ${level}`),
  ]
    .filter((part) => part !== false)
    .join('  ');
}
