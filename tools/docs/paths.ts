import type { BatteryView } from '../../src/battery/battery-view.ts';
import { pathsOf } from '../../src/venus/battery-paths.ts';
import type { PathLine } from '../../src/venus/path-line.ts';
import { wrap } from './wrap.ts';

/** Paths of other battery services that are not exported here, and why. */
const LEFT_OUT: readonly (readonly [paths: string, why: string])[] = [
  [
    '`/Alarms/Alarm`',
    'a general alarm beside the particular ones would be a second notification for one cause',
  ],
  [
    '`/Diagnostics/LastErrors/*`, `/Diagnostics/ShutDownsDueError`',
    'counters inside a Lynx BMS; no BMS here tells them',
  ],
  [
    '`/Redetect`, `/Sense/*`, `/SystemSwitch`, `/Io/ExternalRelay`, `/Io/ProgrammableContact`, `/Relay/0/State`, `/NrOfDistributors`, `/NumberOfBmses`',
    'hardware and functions of Victron devices',
  ],
  ['`/Dc/1/Voltage`, `/AirTemperature`, `/BusVoltage`, `/Alarms/MidVoltage`', 'no BMS here measures it'],
  [
    '`/Heating`, `/Info/Heating*`, `/Io/AllowToHeat`, `/Settings/TurnHeatingOff`',
    'no driver here reads or operates a heater',
  ],
  ['`/Settings/ResetSocTo`, `/Settings/ResetSocToApply`', 'nothing is written to the counter of a BMS'],
  [
    '`/Settings/HasSettings`',
    'it opens a page of the display whose rows belong to another device; the settings above are reached over D-Bus, MQTT and Node-RED',
  ],
  [
    '`/TimeToSoC/*`',
    '21 values that change with every poll, for what `/TimeToGo`, `/CurrentAvg` and `/InstalledCapacity` say already',
  ],
  [
    '`/Info/ChargeModeDebug*`',
    'the reason stands in `/Info/ChargeLimitation` and `/Info/DischargeLimitation`',
  ],
  [
    '`/Info/Config/*`, `/JsonData`',
    '`check-config` and `read --json` show it without a large signal per poll',
  ],
  ['`/Cell/n/Volts`', 'an older form of `/Voltages/Cell<n>`'],
  ['`/Capabilities/ChargeVoltageControl`', 'it is read for one product id only, which is not ours'],
  [
    '`/N2kDeviceInstance`, `/Devices/0/*`, `/Heartbeat`, `/UpdateTimestamp`',
    'nobody reads it from a battery on a serial port',
  ],
];

const TYPES = { i: 'integer', d: 'number', s: 'text' } as const;

const ONE: BatteryView = {
  identity: {
    keys: [],
    traits: { place: '' },
    productName: '',
    connection: '',
    deviceInstance: 0,
    customName: '',
    processVersion: '',
  },
  facts: { cellCount: 1 },
  link: { online: true, text: '', silentForS: 0, errorCode: 0 },
  control: {
    ...{ cvl: 0, ccl: 0, dcl: 0, low: 0, allowToCharge: true, allowToDischarge: true, state: 'bulk' },
    ...{ chargeMode: '', chargeReason: '', dischargeReason: '', alarms: {}, freshness: 'fresh', notices: [] },
  },
};
const { control: _, ...MONITOR } = ONE;
const LED: BatteryView = { ...ONE, bank: { name: '', isLed: true } };
const BANK: BatteryView = { ...ONE, facts: { modules: [{ address: 1 }, { address: 2 }] } };

export function pathsPage(): string {
  const single = pathsOf(ONE);
  const shared = new Set(pathsOf(MONITOR).map(({ path }) => path));
  const known = new Set(single.map(({ path }) => path));
  const member = pathsOf(LED).filter(({ path }) => !known.has(path));
  const bank = pathsOf(BANK).filter(({ path }) => !known.has(path) && path.includes('/Module0/'));
  return [
    '# What stands on D-Bus',
    '',
    'Made by `npm run docs`.',
    '',
    ...wrap(
      'The service is `com.victronenergy.battery.<port>`. Each service has a connection of its own. It answers `GetItems`, `GetValue`, `GetText` and `SetValue`, and sends one `ItemsChanged` per poll with what changed.',
    ),
    '',
    ...wrap(
      'What a BMS does not tell is the invalid value (an empty array, text `---`), never 0.',
      '* ',
      '  ',
    ),
    ...wrap('Current and power are positive while charging.', '* ', '  '),
    ...wrap('Paths marked *w* can be written. A write to any other is refused with 1.', '* ', '  '),
    ...wrap(
      'Paths marked *limits* are only on the service that controls the chargers, not on the packs of a bank.',
      '* ',
      '  ',
    ),
    ...wrap('`Cell1` stands for each cell.', '* ', '  '),
    ...wrap(
      '`/Mode` is valid where the owner allows switches and the BMS has both of them. 3 is on. 252 is standby, which switches charge and discharge off.',
      '* ',
      '  ',
    ),
    '',
    ...table(single, (path) => (shared.has(path) ? '' : 'limits')),
    '',
    'A bank (several packs on one port) has, instead of the cells, for each of its first ten packs:',
    '',
    ...table(bank, () => ''),
    '',
    ...wrap(
      'Each pack of a bank is also a service of its own, `com.victronenergy.battery.<port>__0x<address>`, with its cells.',
    ),
    '',
    '## A member of a bank',
    '',
    ...wrap(
      'A battery that the owner made a member of a [bank](bank.md) has `/Bank/Name`. While the bank is there it has none of the paths below `/Info`, and hands its limits over on these:',
    ),
    '',
    ...table(member, () => ''),
    '',
    '## Not there, and why',
    '',
    ...LEFT_OUT.flatMap(([paths, why]) => wrap(`${paths}: ${why}.`, '* ', '  ')),
    '',
  ].join('\n');
}

function table(lines: readonly PathLine[], where: (path: string) => string): string[] {
  return [
    '| path | type | as text | w | only |',
    '|---|---|---|---|---|',
    ...lines.map((line) => {
      const text = line.type === 's' ? '' : `\`${line.text(0)}\``;
      return `| \`${line.path}\` | ${TYPES[line.type]} | ${text} | ${line.write === undefined ? '' : 'w'} | ${where(line.path)} |`;
    }),
  ];
}
