import { OWN_SECTIONS } from '../../src/settings/own-sections.ts';
import { innerKey, type Section, tablesOf } from '../../src/settings/section.ts';
import { SECTIONS, SETTINGS, type Setting, splitKey } from '../../src/settings/table.ts';
import { allowed, written } from '../../src/settings/value.ts';
import { wrap } from './wrap.ts';

const TITLES: Readonly<Record<string, string>> = {
  battery: 'The battery',
  limits: 'Current limits',
  charge: 'Charging',
  soc: 'State of charge',
  connection: 'Connection to the BMS',
  switches: 'Switches of the BMS',
  identity: 'Identity',
  log: 'Log',
};

const ROWS: readonly Setting[] = SETTINGS;

/** Values for the example where no default can be shown. */
const EXAMPLES: Readonly<Record<string, string>> = {
  'battery.chemistry': '"lfp"',
  'battery.cellCount': '16',
  'battery.capacity': '280',
  'limits.maxChargeCurrent': '100',
  'limits.maxDischargeCurrent': '120',
  'limits.temperatureTable': '[[0, 0.0], [5, 0.1], [15, 0.3], [25, 0.5], [45, 0.5], [55, 0.0]]',
  'charge.absorbCellVoltage': '3.45',
  'charge.floatCellVoltage': '3.35',
  'charge.minCellVoltage': '2.90',
  'identity.deviceInstance': '1',
  'identity.customName': '"House battery"',
};

const HOW_IT_IS_READ: readonly string[] = [
  'A setting belongs under the header of its section. In another place it is read all the same, with a warning.',
  'A name that does not exist is ignored, with a warning that names the nearest one.',
  'A wrong value is an error. The driver goes on with the value that stands under "When wrong". Until the error is put right the charge current is at most 0.1 C and the charge voltage at most float. Error 119 shows on the display.',
  'One port can differ: `[ports."ttyUSB0"]` may hold any setting. For a serial-to-network bridge write `[ports."tcp://10.0.0.5:8899"]`. An error there concerns that port only.',
  'Limits are for each battery, not for a bank of several.',
  'A password, token or PIN stands in a file of its own with mode 0600, which a setting names. It may stand in this file instead when this file has mode 0600. Otherwise it is refused. No log and no command shows it.',
];

/** `docs/settings.md`. */
export function settingsPage(): string {
  return `${[
    '# Settings',
    '',
    '<!-- Made from src/settings/table.ts by `npm run docs`; do not edit. -->',
    '',
    ...wrap(
      `The settings are in \`/data/conf/dbus-bms.toml\`. Without the file every setting has its default, which suits most batteries. There are ${ROWS.length} settings. An ordinary installation needs at most these:`,
    ),
    '',
    '```toml',
    usualSettings(),
    '```',
    '',
    ...wrap(
      '`dbus-bms check-config` tells, line by line, what is wrong in the file and which settings are in force. A file with every setting is in [dbus-bms.example.toml](dbus-bms.example.toml).',
    ),
    '',
    '## How the file is read',
    '',
    ...HOW_IT_IS_READ.flatMap((text) => wrap(text, '* ', '  ')),
    '',
    ...SECTIONS.flatMap(sectionPart),
    ...OWN_SECTIONS.flatMap(ownSection),
  ].join('\n')}`;
}

function usualSettings(): string {
  return SECTIONS.flatMap((section) => {
    const usual = rowsOf(section).filter((row) => row.usual);
    if (usual.length === 0) return [];
    return [`[${section}]`, ...usual.map((row) => `${assignment(row).padEnd(28)} # ${firstPart(row.help)}`)];
  }).join('\n');
}

function firstPart(help: string): string {
  return help.split(/[;,:.](?:\s|$)/)[0] ?? help;
}

function rowsOf(section: string): readonly Setting[] {
  return ROWS.filter((row) => splitKey(row.key)[0] === section);
}

function assignment(row: Setting): string {
  const value = EXAMPLES[row.key] ?? written(row.default);
  return `${splitKey(row.key)[1]} = ${value}`;
}

function sectionPart(section: string): string[] {
  return [
    `## ${TITLES[section] ?? section}: \`[${section}]\``,
    '',
    ...rowsOf(section).flatMap((row) => settingPart(row)),
  ];
}

/** A section of its own, and the tables inside it. */
function ownSection(section: Section): string[] {
  const { name, title, help, isList, takesPortSettings } = section;
  const header = isList ? `[[${name}]]` : `[${name}]`;
  const more = [
    ...(isList ? [`Write \`${header}\` once for each.`] : []),
    ...(takesPortSettings ? ['Each may also hold any setting of a battery.'] : []),
  ];
  const lines = [
    `## ${title}: \`${header}\``,
    '',
    ...wrap([help, 'Absent by default.', ...more].join(' ')),
    '',
  ];
  for (const table of ['', ...tablesOf(section)]) {
    const rows = section.settings.filter((setting) => innerKey(setting)[0] === table);
    if (table !== '') lines.push(`### \`[${name}.${table}]\``, '');
    lines.push(...rows.flatMap((row) => settingPart(row, table === '' ? '###' : '####')));
  }
  return lines;
}

function settingPart(row: Setting, level = '###'): string[] {
  const preset = row.default === undefined ? (row.otherwise ?? '') : `\`${written(row.default)}\``;
  const wrong = row.safe === undefined ? 'the default' : `\`${written(row.safe)}\``;
  return [
    `${level} \`${row.key.split('.').at(-1)}\``,
    '',
    ...wrap(row.help),
    '',
    ...wrap(`Allowed: ${allowed(row)}.`, '* ', '  '),
    ...wrap(row.isNeeded ? 'Needed.' : `Default: ${preset}.`, '* ', '  '),
    ...wrap(`When wrong: ${row.isNeeded ? 'what it stands in is not used' : wrong}.`, '* ', '  '),
    '',
  ];
}

/** `docs/dbus-bms.example.toml`: every setting with its help; only the usual ones are switched on. */
export function exampleFile(): string {
  const lines = [
    '# Settings of dbus-bms; copy what you need to /data/conf/dbus-bms.toml.',
    '# A line that begins with # has no effect. Check the file with: dbus-bms check-config',
    '# Made from src/settings/table.ts by `npm run docs`; do not edit.',
  ];
  for (const section of SECTIONS) {
    lines.push('', `[${section}]`);
    for (const row of rowsOf(section)) {
      lines.push(...wrap(row.help, '# '), ...wrap(`Allowed: ${allowed(row)}.`, '# '));
      lines.push(`${row.usual ? '' : '# '}${assignment(row)}`);
    }
  }
  lines.push(
    '',
    '# Any setting may differ on one port:',
    '# [ports."ttyUSB0"]',
    '# maxChargeCurrent = 50',
    '',
  );
  return lines.join('\n');
}
