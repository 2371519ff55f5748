import { wrap } from './wrap.ts';

/** Every error code, when it comes, and what helps. The codes are those of src/errors.ts. */
export const ERROR_ROWS: readonly (readonly [code: string, when: string, todo: string])[] = [
  [
    'PORT_MISSING',
    'there is no such port, or it cannot be reached',
    'plug the adapter in; check the name, or address and port number of the bridge',
  ],
  [
    'PORT_BUSY',
    'another program holds the port',
    'stop it, or give the port to this driver (serial-starter does it by itself)',
  ],
  ['PORT_LOST', 'the port vanished while it was in use', 'plug the adapter in again; replace a loose cable'],
  [
    'PORT_RESTING',
    'a Bluetooth battery is left alone for now: others have their turn, or your phone',
    'nothing; the log tells how often each battery is read',
  ],
  [
    'REPLY_TIMEOUT',
    'nothing came that begins like an answer',
    'check wiring (A/B or RX/TX, ground), line speed, address, and that the BMS is awake',
  ],
  [
    'REPLY_START',
    'what came does not begin like a reply of this BMS',
    'another BMS type, or another line speed',
  ],
  [
    'REPLY_LENGTH',
    'the length field or the length does not fit',
    'noise, or a firmware that this driver does not know: send a report (`dbus-bms report`)',
  ],
  ['REPLY_END', 'the end of the frame is not where it must be', 'as above'],
  [
    'REPLY_ADDRESS',
    'another battery of the line answered',
    'two batteries with the same address, or two programs on one line',
  ],
  ['REPLY_COMMAND', 'the answer belongs to another question', 'two programs on one line, or a late answer'],
  [
    'REPLY_INCOMPLETE',
    'the frame began and did not end',
    'noise, a weak adapter, a line without termination',
  ],
  [
    'REPLY_CHECKSUM',
    'the checksum does not match',
    'noise: shorter cable, twisted pair, ground, 120 ohm at both ends of RS485',
  ],
  [
    'REPLY_REFUSED',
    'the BMS answered that it will not',
    'the firmware lacks this function; usually harmless',
  ],
  [
    'REPLY_IMPLAUSIBLE',
    'a sound frame whose content cannot be true',
    'a broken sensor wire, or another device with a similar protocol',
  ],
  ['NOTHING_FOUND', 'no BMS of the list was recognised', '`dbus-bms probe <port>` shows each attempt'],
  ['USAGE', 'the command line cannot be understood', '`dbus-bms <command> --help`'],
  ['CONFIG', 'a file cannot be used', 'the message names line, value and what is allowed'],
  ['PROGRAM_MISSING', 'a program or package is not installed', 'the message names the package'],
  [
    'BUS',
    'D-Bus is out of reach, went away, or another instance holds the name',
    'on a GX device the supervisor starts the driver again by itself',
  ],
];

export function errorsPage(): string {
  return [
    '# Errors',
    '',
    'Made by `npm run docs`.',
    '',
    ...wrap(
      'A command that fails prints `dbus-bms <command>: CODE: what was expected and what came`. The service (`run`) says it as a line of its log, `error port: CODE: ...`. Codes are stable.',
    ),
    '',
    '## Exit codes',
    '',
    '| exit | meaning |',
    '|---|---|',
    '| 0 | done |',
    '| 1 | an error of the list below |',
    '| 2 | the command line, or a line of stdin, cannot be understood |',
    '| 70 | a fault of the program: please report the line |',
    '| 130 | stopped with Ctrl-C |',
    '| 143 | stopped by the signal TERM |',
    '',
    ...wrap(
      '`run`, `simulate` and `demo` end with 0 when they are stopped, because that is how they end. `check-config` ends with 1 too when a file holds an error. `import-config` does the same, and also when a limit of the old file does not count here.',
    ),
    '',
    '## Codes',
    '',
    ...ERROR_ROWS.flatMap(([code, when, todo]) => [
      `### \`${code}\``,
      '',
      ...wrap(`**When:** ${when}.`),
      '',
      ...wrap(`**What helps:** ${todo}.`),
      '',
    ]),
  ]
    .join('\n')
    .replace(/\n+$/, '\n');
}
