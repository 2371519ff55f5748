import { readdir, readFile, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { ConfigError, UsageError } from '../../errors.ts';
import { exists } from '../../files.ts';
import { loadSettings, SETTINGS_PATH } from '../../settings/load.ts';
import { describe } from '../../settings/resolve.ts';
import { systemFault } from '../../system-fault.ts';
import { BATTERY_PREFIX } from '../../venus/names.ts';
import { VERSION } from '../../version.ts';
import { parseArguments } from '../arguments.ts';
import { type Command, type Io, StoppedError } from '../command.ts';
import { CAPTURES, packed } from './archive.ts';
import { deviceFacts, usbPorts } from './device-facts.ts';
import { Privacy } from './privacy.ts';
import { type ReportedBattery, seenBatteries } from './seen-batteries.ts';

const USAGE = `usage: dbus-bms report [FILE] [--config FILE] [--log FOLDER]
Everything that a report of a fault needs, in one archive (.tar.gz): versions, ports, settings, log, present values,
limits with their reasons, and the last minute on the wire of every battery that runs. Passwords, tokens, names, serial
numbers, the device's half of MAC addresses and the portal id are taken out. Nothing is sent to anybody.
  FILE              default dbus-bms-report-<date>.tar.gz here
  --config FILE     settings; default ${SETTINGS_PATH}
  --log FOLDER      where the logs of the services are; default /var/log`;

/** The end of each log. */
const LOG_LINES = 200;
/** Frames in a debug log may name the battery; the capture has the others. */
const WIRE_LINE = /\bdebug wire: /;
/** Settings whose value is a name that the owner gave. */
const NAME_SETTING = /^\s*(?:customName|batteryId|name|site)\s*=\s*["']([^"']*)["']/gm;

interface Part {
  readonly file: string;
  /** One line for whoever is about to send it. */
  readonly about: string;
  readonly text: string;
}

export const report: Command = {
  summary: 'everything that a report of a fault needs, in one archive without secrets',
  usage: USAGE,
  async run(args, io) {
    const { values, positionals } = parseArguments(args, {
      config: { type: 'string', default: SETTINGS_PATH },
      log: { type: 'string', default: '/var/log' },
    });
    if (positionals.length > 1) throw new UsageError('expected at most the name of one file');
    const stamp = new Date(io.clock.wall()).toISOString().slice(0, 19).replaceAll(/[:T]/g, '-');
    const file = positionals[0] ?? `dbus-bms-report-${stamp}.tar.gz`;
    if (await exists(file)) throw new ConfigError(`${file} is there already; give another name`);
    const parts = await collect(io, { config: values.config, logs: values.log });
    if (io.signal.aborted) throw new StoppedError('the report was not written');
    const list = contents(parts);
    io.out(list);
    const files = [{ file: 'README.txt', text: list }, ...parts];
    const archive = packed(basename(file).replace(/\.(tar\.gz|tgz)$/, ''), files, io.clock.wall());
    await writeFile(file, archive, { flag: 'wx', mode: 0o600 }).catch((cause: unknown) => {
      throw new ConfigError(`${file} cannot be written: ${systemFault(cause)}`, { cause });
    });
    io.out(`${file} written\n`);
    return 0;
  },
};

function contents(parts: readonly Part[]): string {
  const width = Math.max(...parts.map(({ file }) => file.length));
  return [
    `This report of dbus-bms ${VERSION} holds:`,
    ...parts.map(({ about, file }) => `  ${file.padEnd(width)}  ${about}`),
    'Taken out: passwords, tokens, keys, PINs, names, serial numbers (a short code stands in their place),',
    "the device's half of MAC addresses, the portal id, and every frame on the wire that holds a serial number.",
    '',
  ].join('\n');
}

async function collect(
  io: Io,
  { config, logs }: { readonly config: string; readonly logs: string },
): Promise<Part[]> {
  const batteries = await seenBatteries(io);
  const ports = await usbPorts();
  const settings = await configuration(config);
  const privacy = new Privacy();
  for (const { serial } of ports) privacy.serial(serial);
  for (const [, name] of settings.text.matchAll(NAME_SETTING)) privacy.name(name);
  if (typeof batteries !== 'string') for (const { view } of batteries) privacy.note(view);
  const parts: Part[] = [
    { file: 'device.txt', about: 'versions, kind of device, memory', text: await deviceFacts() },
    {
      file: 'ports.txt',
      about: `${ports.length} USB adapters`,
      text: ports
        .map(
          ({ id, maker, name, product, serial = 'none' }) =>
            `${name.padEnd(12)} ${id} ${maker} ${product}, serial number ${serial}\n`,
        )
        .join(''),
    },
    settings,
    ...batteryParts(batteries),
    ...(await logParts(logs)),
  ];
  return parts.map(({ about, file, text }) => ({ about, file, text: privacy.clean(text) }));
}

/** The settings file, and what is wrong in it. */
async function configuration(path: string): Promise<Part> {
  const { isMissing, problems } = await loadSettings(path);
  const text = isMissing ? '' : await readFile(path, 'utf8').catch((error: unknown) => systemFault(error));
  const findings = problems.map((problem) => `# ${problem.severity}: ${describe(problem)}\n`).join('');
  return {
    file: 'dbus-bms.toml',
    about: isMissing
      ? `no settings file (${path}), so the defaults`
      : `settings, ${problems.length} problems`,
    text: `${findings}${text}`,
  };
}

function batteryParts(batteries: readonly ReportedBattery[] | string): Part[] {
  if (typeof batteries === 'string')
    return [{ file: 'batteries.txt', about: `none: ${batteries}`, text: `${batteries}\n` }];
  const views = batteries.map(({ service, view: { identity, ...view } }) => {
    const { keys: _keys, marks: _marks, traits: _traits, ...known } = identity;
    return { service, identity: known, ...view };
  });
  const captures = batteries.flatMap(({ capture, service }) => {
    if (capture === undefined) return [];
    const port = service.slice(BATTERY_PREFIX.length);
    const lines = capture.split('\n').length - 2;
    return [
      {
        file: `${CAPTURES}${port}.jsonl`,
        about: `the last minute on the wire, ${lines} exchanges; dbus-bms replay reads it`,
        text: capture,
      },
    ];
  });
  return [
    {
      file: 'batteries.json',
      about: `${batteries.length} batteries on the bus: values, limits with reasons, alarms, link`,
      text: `${JSON.stringify(views, undefined, 2)}\n`,
    },
    ...captures,
  ];
}

/** The end of the log of every service of this driver. */
async function logParts(folder: string): Promise<Part[]> {
  const services = (await readdir(folder).catch(() => [])).filter((name) => /^dbus-bms\b/.test(name)).sort();
  const parts: Part[] = [];
  for (const service of services) {
    const text = await readFile(join(folder, service, 'current'), 'utf8').catch(() => undefined);
    if (text === undefined) continue;
    const lines = text.split('\n').filter((line) => line !== '' && !WIRE_LINE.test(line));
    const last = lines.slice(-LOG_LINES);
    parts.push({
      file: `log/${service}.txt`,
      about: `the last ${last.length} lines of its log`,
      text: `${last.join('\n')}\n`,
    });
  }
  if (parts.length > 0) return parts;
  return [{ file: 'log.txt', about: `no log of a service in ${folder}`, text: '' }];
}
