import { mayBe } from '../bms/bluetooth.ts';
import { BMSES } from '../bms/index.ts';
import { UsageError } from '../errors.ts';
import { BLUETOOTH } from '../settings/bluetooth.ts';
import { loadSettings } from '../settings/load.ts';
import type { SettingsFile } from '../settings/resolve.ts';
import type { Heard } from '../transport/ble/bluetooth.ts';
import { openBluetooth } from '../transport/ble/open.ts';
import { parseArguments } from './arguments.ts';
import type { Command } from './command.ts';
import { Progress } from './progress.ts';

const USUAL_S = 10;
const LONGEST_S = 300;

const USAGE = `usage: dbus-bms scan [--adapter <name>] [--for <seconds>] [--all] [--json]
Lists the Bluetooth batteries in reach: address, strength, likely type, name, and whether the settings have them.
A battery that a phone or another program is connected to does not advertise and is not seen.
  --adapter <name>  the adapter that listens, such as hci1
  --for <seconds>   how long it listens; default ${USUAL_S}
  --all             also devices that are no battery that is known
  --config FILE     settings; default /data/conf/dbus-bms.toml
  --json            one JSON document`;

/** One device that was heard. */
export interface Found {
  readonly address: string;
  readonly name?: string;
  readonly rssi?: number;
  /** Types whose advertisements look like this; only an answer proves which it is. */
  readonly types: readonly string[];
  readonly configured: boolean;
  readonly connected: boolean;
}

export const scan: Command = {
  summary: 'list the Bluetooth batteries in reach',
  usage: USAGE,
  async run(args, io) {
    const { values, positionals } = parseArguments(args, {
      adapter: { type: 'string' },
      for: { type: 'string' },
      all: { type: 'boolean' },
      json: { type: 'boolean' },
      config: { type: 'string' },
    });
    if (positionals.length > 0) throw new UsageError(`scan takes no port, got "${positionals[0]}"`);
    const seconds = Number(values.for ?? USUAL_S);
    if (!(seconds >= 1 && seconds <= LONGEST_S))
      throw new UsageError(`--for must be a number of seconds from 1 to ${LONGEST_S}, got "${values.for}"`);
    const file = await loadSettings(values.config);
    const bluetooth = await openBluetooth(io.clock);
    const progress = new Progress(io, 'listening');
    try {
      const heard = await bluetooth.scan(1000 * seconds, values.adapter, io.signal);
      progress.end();
      const found = heard.map((one) => foundOf(one, file));
      const shown = found.filter(({ types, configured }) => values.all || types.length > 0 || configured);
      io.out(values.json ? `${JSON.stringify(shown)}\n` : tableOf(shown, heard.length));
      return 0;
    } finally {
      progress.end();
      await bluetooth.close();
    }
  },
};

function foundOf(heard: Heard, file: SettingsFile): Found {
  const { address, isConnected, name, rssi } = heard;
  const types = BMSES.filter(
    ({ driver: { reach } }) => reach.bluetooth !== undefined && mayBe(reach.bluetooth, heard),
  ).map(({ driver }) => driver.id);
  const isMeant = ({
    values,
  }: {
    readonly values: { readonly address?: string; readonly name?: string };
  }): boolean =>
    values.address?.toUpperCase() === address ||
    (values.address === undefined && values.name === printable(name));
  return {
    address,
    types,
    configured: file.list(BLUETOOTH).some(isMeant),
    connected: isConnected,
    ...(name !== undefined && { name: printable(name) ?? '' }),
    ...(rssi !== undefined && { rssi }),
  };
}

/** A name may hold anything: it must not steer a terminal. */
function printable(name: string | undefined): string | undefined {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is taken out.
  return name?.replaceAll(/[\u0000-\u001f\u007f-\u009f]/g, '').trim();
}

function tableOf(found: readonly Found[], heard: number): string {
  if (found.length === 0) {
    return heard === 0
      ? 'nothing was heard: is the battery near, awake, and not connected to a phone?\n'
      : `${heard} devices were heard, but no battery that is known by its advertisement; --all lists them\n`;
  }
  const rows = found.map(({ address, configured, connected, name = '', rssi, types }) => [
    address,
    rssi === undefined ? '' : `${rssi} dBm`,
    types.join(' or ') || '?',
    name,
    [configured && 'configured', connected && 'connected'].filter((word) => word !== false).join(', '),
  ]);
  const header = ['address', 'strength', 'likely type', 'name', ''];
  const widths = header.map((_, column) =>
    Math.max(...[header, ...rows].map((row) => row[column]?.length ?? 0)),
  );
  return [header, ...rows]
    .map(
      (row) =>
        `${row
          .map((cell, column) => cell.padEnd(widths[column] ?? 0))
          .join('  ')
          .trimEnd()}\n`,
    )
    .join('');
}
