import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { redact } from '../redact.ts';
import { parseSettings } from './file.ts';
import { describe as inWords, type SettingsFile } from './resolve.ts';
import { withSecrets } from './secrets.ts';
import type { Section } from './section.ts';
import { DEFAULT_SETTINGS } from './table.ts';

/** A section that is there once, with tables inside. */
const RELAY = {
  name: 'relay',
  title: 'The relay',
  help: 'A section of these tests.',
  settings: [
    { key: 'relay.site', type: 'text', min: 1, max: 20, otherwise: 'none', help: 'Where it is.' },
    { key: 'relay.period', type: 'number', min: 1, max: 60, unit: 's', default: 5, help: 'Its pace.' },
    { key: 'relay.alias', type: 'labels', min: 1, max: 20, otherwise: 'none', help: 'Other names.' },
    {
      key: 'relay.mail.url',
      type: 'text',
      min: 3,
      max: 40,
      isNeeded: true,
      otherwise: 'none',
      help: 'Where to.',
    },
    { key: 'relay.mail.port', type: 'integer', min: 1, max: 65535, default: 25, help: 'The port.' },
    {
      key: 'relay.mail.password',
      type: 'text',
      min: 1,
      max: 40,
      isSecret: true,
      otherwise: 'none',
      help: 'The password.',
    },
    {
      key: 'relay.mail.passwordFile',
      type: 'text',
      min: 1,
      max: 200,
      fileOf: 'password',
      otherwise: 'none',
      help: 'A file that holds it.',
    },
    {
      key: 'relay.push.kinds',
      type: 'texts',
      values: ['soc', 'voltage'],
      otherwise: 'none',
      help: 'What is sent.',
    },
    { key: 'relay.push.idx', type: 'numbers', min: 1, max: 99, otherwise: 'none', help: 'Numbers by name.' },
  ],
} as const satisfies Section;

/** A section for each of several batteries, which may hold what a port may hold. */
const RADIO = {
  name: 'radio',
  isList: true,
  takesPortSettings: true,
  title: 'Batteries by radio',
  help: 'A section of these tests.',
  settings: [
    {
      key: 'radio.address',
      type: 'text',
      min: 3,
      max: 20,
      isNeeded: true,
      otherwise: 'none',
      help: 'Whose.',
    },
    { key: 'radio.release', type: 'boolean', default: false, help: 'Whether it is let go.' },
    { key: 'radio.pin', type: 'text', min: 4, max: 6, isSecret: true, otherwise: 'none', help: 'Its PIN.' },
  ],
} as const satisfies Section;

const SECTIONS = [RELAY, RADIO];

function parse(text: string, isPrivate = true): SettingsFile {
  return parseSettings(text, 'test.toml', { sections: SECTIONS, isPrivate });
}

function words(file: SettingsFile): string[] {
  return file.problems.map((problem) => `${problem.severity}: ${inWords(problem)}`);
}

describe('a section of its own', () => {
  it('is absent until the file has it', () => {
    const file = parse('[battery]\ncapacity = 280\n');
    expect(file.section(RELAY)).toBeUndefined();
    expect(file.list(RADIO)).toEqual([]);
  });

  it('has its defaults, and only the tables that the file has', () => {
    const file = parse('[relay]\nsite = "home"\n');
    expect(words(file)).toEqual([]);
    expect(file.section(RELAY)?.values).toEqual({ site: 'home', period: 5 });
  });

  it.each([
    ['headers', '[relay]\nsite = "home"\n[relay.mail]\nurl = "a.b"\nport = 26\n'],
    ['inline tables', 'relay = { site = "home", mail = { url = "a.b", port = 26 } }\n'],
    ['dotted keys', 'relay.site = "home"\nrelay.mail.url = "a.b"\nrelay.mail.port = 26\n'],
    ['another spelling', '[Relay]\nSITE = "home"\n[relay.Mail]\nUrl = "a.b"\nport = 26\n'],
  ])('may be written with %s', (_how, text) => {
    const file = parse(text);
    expect(file.section(RELAY)?.values).toEqual({ site: 'home', period: 5, mail: { url: 'a.b', port: 26 } });
    expect(words(file)).toEqual([]);
  });

  it('is on when its table stands there empty', () => {
    expect(parse('[relay.push]\n').section(RELAY)?.values).toEqual({ period: 5, push: {} });
  });

  it('may hold names that the owner chooses', () => {
    const file = parse(
      '[relay.alias]\nAB-1 = "house"\n"x y" = "boat"\n[relay.push.idx]\nAB-1.soc = 12\n"AB-1.voltage" = 13\n',
    );
    expect(words(file)).toEqual([]);
    expect(file.section(RELAY)?.values).toMatchObject({
      alias: { 'AB-1': 'house', 'x y': 'boat' },
      push: { idx: { 'AB-1.soc': 12, 'AB-1.voltage': 13 } },
    });
  });

  it('takes nothing away from a battery, and a fault in it makes no limit careful', () => {
    const file = parse('[relay]\nperiod = 900\ncapacity = 5\n[limits]\nmaxChargeCurrent = 60\n');
    expect(words(file)).toEqual([
      'error: line 2: relay.period: 900 is too high; allowed: 1..60 s; until then: 5 s',
      'warning: line 3: relay.capacity: there is no such setting, it is ignored',
    ]);
    expect(file.forPort('ttyUSB0')).toEqual({
      settings: { ...DEFAULT_SETTINGS, maxChargeCurrent: 60 },
      problems: [],
    });
    expect(file.section(RELAY)?.problems).toHaveLength(2);
    expect(file.section(RELAY)?.values.period).toBe(5);
  });
});

describe('what is wrong in a section', () => {
  it.each([
    ['[relay]\nsyte = "x"\n', /warning: line 2: relay\.syte: .*the nearest is relay\.site/],
    [
      '[relay.mial]\nurl = "x"\nport = 1\n',
      /^warning: line 1: relay\.mial: .*the nearest is \[relay\.mail\]$/,
    ],
    ['[relay]\npasword = "x"\n', /the nearest is relay\.mail\.password/],
    ['[relay.mail]\nurl = "a.b"\nport = 70000\n', /relay\.mail\.port: 70000 is too high; .*until then: 25/],
    [
      '[relay.mail]\nport = 25\n',
      /line 2: relay\.mail\.url: is needed; until it is given \[relay\.mail\] is not used/,
    ],
    ['[relay.mail]\nurl = "a.b\n', /relay\.mail\.url: column .*until then \[relay\.mail\] is not used/],
    [
      '[relay]\nperiod = 5\nperiod = 6\n',
      /error: line 3: relay\.period: is given twice, before in line 2, with another/,
    ],
    [
      '[relay]\nperiod = 5\nperiod = 5\n',
      /warning: line 3: relay\.period: is given twice, before in line 2$/,
    ],
    ['[relay]\nperiod = { a = 1 }\n', /in a table is not possible/],
    [
      '[relay.push]\nkinds = ["soc", "current"]\n',
      /not one of the words; allowed: a list of "soc", "voltage"/,
    ],
    ['[relay.push]\nkinds = ["soc", "soc"]\n', /names "soc" twice/],
    ['[relay.push.idx]\na = "twelve"\n', /relay\.push\.idx: "twelve" is not a number/],
    ['[relay]\nalias = "x"\n', /has no name before it/],
    ['[[relay]]\nsite = "x"\n', /line 1: relay: column 1: a section has one pair of brackets/],
    ['[relay.mail\nurl = "x"\n', /error: line 1: relay: column .*closing bracket/],
    ['relay = 5\n', /relay: is a section: write \[relay\], and its settings below/],
    ['[[radio]\naddress = "aaa"\n', /brackets go in pairs/],
  ])('%j is told with line and name', (text, expected) => {
    const file = parse(text);
    expect(words(file).join('\n')).toMatch(expected);
    expect(file.forPort('ttyUSB0').configError).toBeUndefined();
  });

  it('a setting below a header that cannot be read counts nowhere', () => {
    const file = parse('[relay.mail\nurl = "x"\n');
    expect(file.section(RELAY)).toBeUndefined();
    expect(words(file)[1]).toMatch(/line 2: relay: is not used because the section in line 1 cannot be read/);
  });

  it('leaves the other tables as they are', () => {
    const { values } = parse('[relay.mail]\nport = 1\n[relay.push]\nkinds = "soc"\n').section(RELAY) ?? {};
    expect(values).toEqual({ period: 5, push: { kinds: ['soc'] } });
  });
});

describe('a list of sections', () => {
  const TEXT = `
[limits]
maxChargeCurrent = 50
[[radio]]
address = "aaa"
pin = "1234"
[[radio]]
address = "bbb"
bms = "jbd"
[radio.limits]
maxChargeCurrent = 20
`;

  it('has one for each, with the settings of a battery that are its own', () => {
    const file = parse(TEXT);
    expect(words(file)).toEqual([]);
    const [first, second, ...others] = file.list(RADIO);
    expect(others).toEqual([]);
    expect(first?.values).toEqual({ address: 'aaa', release: false, pin: '1234' });
    expect(first?.port.settings).toEqual({ ...DEFAULT_SETTINGS, maxChargeCurrent: 50 });
    expect(second?.values.address).toBe('bbb');
    expect(second?.port.settings).toEqual({ ...DEFAULT_SETTINGS, maxChargeCurrent: 20, bms: 'jbd' });
    expect(file.ports).toEqual([]);
  });

  it.each([
    ['one pair of brackets', '[radio]\naddress = "aaa"\n[radio]\naddress = "bbb"\n'],
    ['tables in one line', 'radio = [{ address = "aaa" }, { address = "bbb" }]\n'],
  ])('may be written with %s', (_how, text) => {
    expect(
      parse(text)
        .list(RADIO)
        .map(({ values }) => values.address),
    ).toEqual(['aaa', 'bbb']);
  });

  it('says of which one something is wrong, and makes only its limits careful', () => {
    const file = parse(`${TEXT}maxDischargeCurrent = 9999\n[[radio]]\nrelease = true\n`);
    expect(words(file)).toEqual([
      'error: line 12: radio[2].limits.maxDischargeCurrent: 9999 is too high; allowed: 0.5..1000 A or "auto"; until then: at most 20 A',
      'error: line 14: radio[3].address: is needed; until it is given radio[3] is not used',
    ]);
    const [first, second, ...others] = file.list(RADIO);
    expect(others).toEqual([]);
    expect(first?.port.configError).toBeUndefined();
    expect(second?.port.configError).toContain('radio[2].limits.maxDischargeCurrent');
    expect(file.forPort('ttyUSB0').configError).toBeUndefined();
  });

  it('takes its own setting where a battery has one of the same name, unless the section is named', () => {
    const [only] = parse('[[radio]]\naddress = "aaa"\n[radio.connection]\naddress = 3\n').list(RADIO);
    expect(only?.values.address).toBe('aaa');
    expect(only?.port.settings.address).toEqual([3]);
  });

  it('is checked for contradictions one by one', () => {
    const file = parse('[[radio]]\naddress = "aaa"\nchemistry = "lto"\nabsorbCellVoltage = 3.45\n');
    expect(words(file)).toEqual([
      expect.stringMatching(/line 4: radio\[1\]\.charge\.absorbCellVoltage: 3\.45 V would harm/),
    ]);
  });
});

describe('a secret', () => {
  let folder = '';
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'secrets-'));
  });
  afterAll(() => rm(folder, { recursive: true }));

  async function fromFile(content: string, mode: number, name: string) {
    const path = join(folder, name);
    await writeFile(path, content, { mode: 0o600 });
    await chmod(path, mode);
    const stated = parse(`[relay.mail]\nurl = "a.b"\npasswordFile = "${path}"\n`, false).section(RELAY);
    if (stated === undefined) throw new Error('the section is there');
    return withSecrets(RELAY, stated);
  }

  it('may stand in a settings file that nobody else can read', () => {
    const file = parse('[relay.mail]\nurl = "a.b"\npassword = "open sesame"\n');
    expect(words(file)).toEqual([]);
    expect(file.section(RELAY)?.values.mail?.password).toBe('open sesame');
    expect(file.secrets).toEqual(['open sesame']);
  });

  it('is refused in one that others can read, with one line that does not show it', () => {
    const file = parse('[relay.mail]\nurl = "a.b"\npassword = "open sesame"\n', false);
    expect(words(file)).toEqual([
      expect.stringMatching(
        /line 3: relay\.mail\.password: is refused because others may read this file: give it mode 0600, or name a file of mode 0600 as passwordFile/,
      ),
    ]);
    expect(file.section(RELAY)?.values.mail).toEqual({ url: 'a.b', port: 25 });
    expect(file.secrets).toEqual(['open sesame']);
  });

  it('is not shown when it is wrong', () => {
    const file = parse(`[[radio]]\naddress = "aaa"\npin = "123456789"\n`);
    expect(words(file).join()).toMatch(/radio\[1\]\.pin: the value is too long/);
    expect(words(file).join()).not.toContain('123456789');
  });

  it('comes from a file that nobody else can read, and is hidden in every log from then on', async () => {
    const { values, problems } = await fromFile('from a file\n', 0o600, 'good');
    expect(problems).toEqual([]);
    expect(values.mail?.password).toBe('from a file');
    expect(redact('said "from a file"')).toBe('said "***"');
  });

  it.each([
    [
      'that others can read',
      'x-secret',
      0o640,
      /is refused because others may read it \(mode 0640\): chmod 600/,
    ],
    ['that is empty', '\n', 0o600, /is empty$/],
    ['that is something else', 'x'.repeat(9000), 0o600, /holds more than a password/],
  ])('does not come from a file %s', async (_what, content, mode, expected) => {
    const { values, problems } = await fromFile(content, mode, 'bad');
    expect(values.mail?.password).toBeUndefined();
    expect(problems.map(inWords)).toEqual([expect.stringMatching(expected)]);
    await rm(join(folder, 'bad'));
  });

  it('does not come from a file that is not there', async () => {
    const stated = parse('[relay.mail]\nurl = "a.b"\npasswordFile = "/nonexistent/x"\n').section(RELAY);
    if (stated === undefined) throw new Error('the section is there');
    const { problems } = await withSecrets(RELAY, stated);
    expect(problems.map(inWords).join()).toContain('/nonexistent/x cannot be read: there is no such file');
  });
});

it('whatever the file holds, sections never throw and never touch a battery on a cable', () => {
  const piece = fc.constantFrom(
    ...[
      '[relay]',
      '[relay.mail]',
      '[[radio]]',
      '[radio.limits]',
      '[relay.alias]',
      '[[',
      ']]',
      '[',
      'relay.mail',
    ],
    ...[
      'url = "x.y"',
      'address = "aaa"',
      'pin = 12',
      'period = 1e9',
      'maxChargeCurrent = 3',
      'a.b = 1',
      '= 1',
    ],
    ...['radio = [{ address = "b" }, 5]', 'relay = {}', '"', "'''", 'password = "', 'passwordFile = "/x"'],
  );
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 14 }), (pieces) => {
      const inside = pieces[0]?.startsWith('[r') ? pieces : ['[relay]', ...pieces];
      const file = parse(inside.join('\n'), false);
      file.section(RELAY);
      for (const { values, port } of file.list(RADIO)) {
        expect(values.address.length).toBeGreaterThan(2);
        expect(values.pin).toBeUndefined();
        expect(port.settings.maxDischargeCurrent).toBeUndefined();
      }
      expect(file.section(RELAY)?.values.mail?.password).toBeUndefined();
    }),
    { numRuns: 300 },
  );
});
