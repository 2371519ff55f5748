import { describe, expect, it } from 'vitest';
import { type ParseOptions, parseSettings } from './file.ts';
import { describe as inWords, type SettingsFile } from './resolve.ts';
import { DEFAULT_SETTINGS } from './table.ts';

function parse(text: string, options?: ParseOptions): SettingsFile {
  return parseSettings(text, 'test.toml', options);
}

function severities(file: SettingsFile): string[] {
  return file.problems.map(({ severity }) => severity);
}

/** The only error of a file, in words. */
function errorOf(text: string): string {
  const errors = parse(text).problems.filter(({ severity }) => severity === 'error');
  expect(errors).toHaveLength(1);
  return errors.map(inWords).join();
}

describe('a file that is right', () => {
  it('is empty, and every setting has its default', () => {
    const { settings, configError, problems } = parse('').forPort('ttyUSB0');
    expect(settings).toEqual(DEFAULT_SETTINGS);
    expect(configError).toBeUndefined();
    expect(problems).toEqual([]);
    expect(settings.maxChargeCurrent).toBeUndefined();
  });

  it('gives each setting its value and leaves the others alone', () => {
    const file = parse(`
[battery]
chemistry = "nmc"   # a comment at the end of a line
cellCount = 14
[limits]
maxChargeCurrent = 0x40
maxDischargeCurrent = "auto"
temperatureTable = [
  [0, 0.0],   # cold
  [10, 0.2],
]
[charge]
absorbCellVoltage = 4.1
[connection]
address = 3
`);
    expect(file.problems).toEqual([]);
    expect(file.forPort('ttyUSB0').settings).toEqual({
      ...DEFAULT_SETTINGS,
      chemistry: 'nmc',
      cellCount: 14,
      maxChargeCurrent: 64,
      maxDischargeCurrent: 'auto',
      temperatureTable: [
        [0, 0],
        [10, 0.2],
      ],
      absorbCellVoltage: 4.1,
      address: [3],
    });
  });

  it('may hold inline tables and dotted keys', () => {
    const file = parse('limits = { maxChargeCurrent = 30 }\ncharge.profile = "adaptive"\n');
    expect(file.problems).toEqual([]);
    expect(file.forPort().settings).toMatchObject({ maxChargeCurrent: 30, profile: 'adaptive' });
  });

  it('may say something else for one port, under either name of that port', () => {
    const file = parse(`
[limits]
maxChargeCurrent = 50
[ports."ttyUSB1"]
maxChargeCurrent = 20
[ports."/dev/ttyUSB10".limits]
maxChargeCurrent = 30
[ports."tcp://10.0.0.5:23"]
bms = "jbd"
`);
    expect(file.problems).toEqual([]);
    expect(file.ports).toEqual(['ttyUSB1', 'ttyUSB10', 'tcp://10.0.0.5:23']);
    const charge = (port: string) => file.forPort(port).settings.maxChargeCurrent;
    expect(['ttyUSB0', '/dev/ttyUSB1', 'ttyUSB10', 'ttyUSB100'].map(charge)).toEqual([50, 20, 30, 50]);
    expect(file.forPort('tcp://10.0.0.5:23').settings).toMatchObject({ bms: 'jbd', maxChargeCurrent: 50 });
  });
});

describe('habits that are understood', () => {
  it.each([
    ['a byte order mark', '\uFEFF[limits]\nmaxChargeCurrent = 20\n', 0],
    ['lines that end with CR LF', '[limits]\r\nmaxChargeCurrent = 20\r\n', 0],
    ['lines that end with CR', '[limits]\rmaxChargeCurrent = 20\r', 0],
    ['no section at all', 'maxChargeCurrent = 20', 1],
    ['the wrong section', '[charge]\nmaxChargeCurrent = 20', 1],
    ['a section of another driver', '[DEFAULT]\nmaxChargeCurrent = 20', 1],
    ['another spelling', '[limits]\nMAX_CHARGE_CURRENT = 20', 1],
    ['another spelling of the section', '[Limits]\nmaxChargeCurrent = 20', 0],
    ['a comment after a semicolon', '; comment\n[limits] ; comment\nmaxChargeCurrent = 20 ; A', 1],
    ['a number in quotes', '[limits]\nmaxChargeCurrent = "20"', 1],
    ['the same value twice', '[limits]\nmaxChargeCurrent = 20\n[limits]\nmaxChargeCurrent = 20', 1],
  ])('%s', (_habit, text, warnings) => {
    const file = parse(text);
    expect(severities(file)).toEqual(Array(warnings).fill('warning'));
    expect(file.forPort('ttyUSB0')).toMatchObject({ settings: { maxChargeCurrent: 20 } });
    expect(file.forPort('ttyUSB0').configError).toBeUndefined();
  });

  it.each([
    ['chemistry = lfp', { chemistry: 'lfp' }],
    ['chemistry = “nmc”', { chemistry: 'nmc' }],
    ['chemistry = "LFP"', { chemistry: 'lfp' }],
    ['allowSwitches = True', { allowSwitches: true }],
    ['allowSwitches = "true"', { allowSwitches: true }],
    ['customName = House battery # front', { customName: 'House battery' }],
    ['profile = "SOC_STEPS"', { profile: 'soc-steps' }],
    ['address = ["0x40", 2]', { address: [64, 2] }],
  ])('%s', (line, settings) => {
    const file = parse(line);
    expect(severities(file)).not.toContain('error');
    expect(file.forPort().settings).toMatchObject(settings);
  });

  it('takes a section that is named like a port for that port alone', () => {
    const file = parse('[ttyUSB1]\nmaxChargeCurrent = 200');
    expect(severities(file)).toEqual(['warning']);
    expect(file.forPort('ttyUSB0').settings.maxChargeCurrent).toBeUndefined();
    expect(file.forPort('ttyUSB1').settings.maxChargeCurrent).toBe(200);
  });
});

describe('an unknown name', () => {
  it.each([
    ['[limits]\nmaxChargeCurent = 20', 2, 'limits.maxChargeCurrent'],
    ['[battery]\ncellCnt = 16', 2, 'battery.cellCount'],
    ['\n\nvoltage_drops = 1', 3, 'charge.voltageDrop'],
  ])('%j is a warning that names the nearest one', (text, line, nearest) => {
    const [problem, ...others] = parse(text).problems;
    expect(others).toEqual([]);
    expect(problem).toMatchObject({ severity: 'warning', line });
    expect(problem?.text).toContain(nearest);
    expect(parse(text).forPort().configError).toBeUndefined();
  });

  it.each(['maxVoltage', 'foo', 'x', 'theVoltageAtWhichItStops'])(
    '%s is like none, so none is named',
    (name) => {
      const [problem] = parse(`[charge]\n${name} = 3`).problems;
      expect(problem?.text).toBe('there is no such setting, it is ignored');
    },
  );

  it('may be an option of the established driver, whose counterpart is named', () => {
    const file = parse(
      '[DEFAULT]\nMAX_BATTERY_CHARGE_CURRENT = 70\nBMS_TYPE =\nTELEMETRY = False\nCVL_X = 0.5, 1',
    );
    expect(severities(file)).toEqual(['warning', 'warning', 'warning', 'warning']);
    expect(file.problems.map(inWords)).toEqual([
      expect.stringMatching(/^line 2: .*dbus-serialbattery.*limits\.maxChargeCurrent/),
      expect.stringMatching(/^line 3: .*connection\.bms/),
      expect.stringMatching(/^line 4: .*nothing is ever sent/),
      expect.stringMatching(/^line 5: .*the charge profile/),
    ]);
    expect(file.forPort().configError).toBeUndefined();
  });

  it('may be one that objects have by themselves', () => {
    const file = parse('constructor = 1\n__proto__ = 2\n[toString]\nhasOwnProperty = 3');
    expect(severities(file)).toEqual(['warning', 'warning', 'warning']);
    expect(file.forPort().settings).toEqual(DEFAULT_SETTINGS);
  });
});

describe('a bad value', () => {
  it.each([
    [
      '[limits]\n\nmaxChargeCurrent = 5000',
      /^line 3: limits.maxChargeCurrent: 5000 is too high; allowed: 0.5..1000 A/,
    ],
    ['[limits]\nmaxChargeCurrent = 0', /0 is too low; allowed: 0.5..1000 A or "auto"/],
    ['[limits]\nmaxDischargeCurrent = nan', /is not a number/],
    ['[charge]\nfloatCellVoltage = 3,35', /decimals follow a point: 3.35/],
    ['[limits]\nmaxChargeCurrent = 100 A', /without the unit: 100/],
    ['[limits]\nmaxChargeCurrent = { most = 1 }', /line 2: limits.maxChargeCurrent: .*not possible/],
    ['[limits]\nmaxChargeCurrent = [1, 2]', /is not a number/],
    ['[limits]\nhonourBmsLimits = 0', /neither true nor false/],
    ['[battery]\nchemistry = "lead"', /"auto", "lfp", "nmc", "lto" or "naion"/],
    ['[battery]\nchemistry = "LiFePO4"', /is not one of the words; .*; did you mean "lfp"\?/],
    ['[battery]\nchemistry = "Li-Ion"', /did you mean "nmc"\?/],
    ['[battery]\nchemistry = "lpf"', /did you mean "lfp"\?/],
    ['[log]\nlevel = "verbose"', /"verbose" is not one of the words; allowed: [^;]*; until then: "info"$/],
    ['[limits]\nmaxChargeCurrent = 5000', /until then: at most 10 A$/],
    ['[connection]\ngraceMinutes = 99', /until then: at most 1 minutes$/],
    ['[battery]\ncellCount = 15.5', /not a whole number/],
    ['[connection]\nbaudRate = 9601', /9601 is not possible; allowed: .*9600/],
    ['[connection]\naddress = [1, 1]', /names 1 twice/],
    ['[connection]\naddress = []', /empty list/],
    ['[limits]\ntemperatureTable = [[10, 0.2], [0, 0.1]]', /does not rise from 10 to 0/],
    ['[limits]\ntemperatureTable = [[10, 0.2]]', /at least two rows/],
    ['[limits]\ntemperatureTable = [[0, 0.2], [10, 7]]', /out of range, \[10, 7\]/],
    ['[identity]\ncustomName = ""', /too short/],
    ['[log]\nlevel = 2024-01-01', /level/],
  ])('%j is an error that names line, value and range', (text, words) => {
    expect(errorOf(text)).toMatch(words);
  });

  it('takes the safe preset for that setting and makes the limits conservative', () => {
    const text =
      '[limits]\nmaxChargeCurrent = 5000\nmaxDischargeCurrent = 70\n[connection]\nblockOnDisconnect = 7';
    const { settings, configError } = parse(text).forPort('ttyUSB0');
    expect(settings).toMatchObject({
      maxChargeCurrent: 10,
      maxDischargeCurrent: 70,
      blockOnDisconnect: true,
    });
    expect(configError).toMatch(/^line 2: limits.maxChargeCurrent: 5000 .* \(and 1 more\)$/);
  });

  it.each([
    ['5', '20', 5],
    ['20', '5', 5],
    ['20', '30', 10],
    ['"x"', '30', 10],
    ['"auto"', '30', 10],
  ])('counts the more careful of %s and %s, given twice', (a, b, amps) => {
    const file = parse(`[limits]\nmaxChargeCurrent = ${a}\nmaxChargeCurrent = ${b}`);
    expect(file.forPort().settings.maxChargeCurrent).toBe(amps);
    expect(file.forPort().configError).toBeDefined();
  });

  it('on one port is never looser than what counts for all ports, and concerns that port only', () => {
    const file = parse('[limits]\nmaxChargeCurrent = 4\n[ports."ttyUSB1"]\nmaxChargeCurrent = "much"');
    expect(file.forPort('ttyUSB1').settings.maxChargeCurrent).toBe(4);
    expect(file.forPort('ttyUSB1').configError).toContain('ports."ttyUSB1".limits.maxChargeCurrent');
    expect(file.forPort('ttyUSB0').configError).toBeUndefined();
    expect(severities(file)).toEqual(['error']);
  });

  it('for all ports makes every port conservative, also one with a value of its own', () => {
    const file = parse('[limits]\nmaxChargeCurrent = "much"\n[ports."ttyUSB1"]\nmaxChargeCurrent = 30');
    expect(file.forPort('ttyUSB1').settings.maxChargeCurrent).toBe(30);
    expect(file.forPort('ttyUSB1').configError).toBeDefined();
  });

  it('of the BMS type names the nearest type', () => {
    const options = { bmsTypes: ['jbd', 'jbd-up', 'daly'] };
    const file = parse('[connection]\nbms = "dally"', options);
    expect(file.problems.map(inWords).join()).toMatch(/no known BMS type.*nearest: "daly"/);
    expect(file.forPort().settings.bms).toBe('auto');
    expect(parse('[connection]\nbms = "JBD"', options).forPort()).toMatchObject({ settings: { bms: 'jbd' } });
  });
});

describe('what TOML cannot be', () => {
  it.each([
    ['[limits]\nmaxChargeCurrent = = 20', /^line 2: limits.maxChargeCurrent: column 20:/],
    ['[limits]\nmaxChargeCurrent =', /^line 2: limits.maxChargeCurrent: column 19: there is no value/],
    ['[limits]\nmaxChargeCurrent 20', /^line 2: column \d+: there is no "=": write name = value$/],
    ['[limits\n', /^line 1: column \d+: the section lacks its closing bracket: write \[name\]/],
    ['[limits] x\n', /^line 1: column \d+: nothing but a comment may follow the section/],
    ['= 5\n', /^line 1: column \d+: there is no name before the "="/],
    ['[limits]\ntemperatureTable = [[0, 1], [2, 3]', /: a bracket is missing: \[ and \] go in pairs/],
    ['[log]\nlevel = "debug', /^line 2: log.level: column/],
    ['[log\n', /^line 1: column/],
    ['[[log]]\n', /^line 1: column 1: .*one pair of brackets/],
  ])('%j is one error with line and column', (text, words) => {
    expect(errorOf(text)).toMatch(words);
  });

  it('is never told in the words of a parser', () => {
    const texts = [
      '[a',
      'x',
      '= 1',
      'a = = 1',
      'a = "',
      "a = '",
      'a = [1',
      'a b = 1',
      'a = 1 2',
      'this is = not [toml',
    ];
    for (const text of texts) {
      const problems = parse(text).problems.map(inWords).join();
      expect(problems, text).not.toMatch(
        /invalid|unexpected|expected|token|incomplete|redefin|whitespace|delimiter/i,
      );
    }
  });

  it('loses only the lines that cannot be read', () => {
    const text =
      '[limits]\nmaxChargeCurrent = "20\ntemperatureTable = [[0, 0.1],\n[5\nmaxDischargeCurrent = 30\n';
    const file = parse(text);
    expect(severities(file)).toEqual(['error', 'error']);
    expect(file.forPort().settings).toMatchObject({ maxChargeCurrent: 10, maxDischargeCurrent: 30 });
    expect(file.forPort().settings.temperatureTable).toBeUndefined();
  });

  it('never gives a value meant for one port to all of them because the header is broken', () => {
    const file = parse(
      '[limits]\nmaxDischargeCurrent = 15\n[ports."ttyUSB1"\nmaxDischargeCurrent = 500\n[log]\nlevel = "debug"',
    );
    const { settings, configError } = file.forPort('ttyUSB0');
    expect(settings).toMatchObject({ maxDischargeCurrent: 15, level: 'debug' });
    expect(configError).toBeDefined();
    const alone = parse('[ports."ttyUSB1"\nmaxDischargeCurrent = 500').forPort('ttyUSB0');
    expect(alone.settings.maxDischargeCurrent).toBe(20);
  });

  it.each([
    ['a text of another encoding', '\u0000[\u0000l'],
    ['a file that is far too large', '#'.repeat(300_000)],
  ])('%s is one error, and careful presets for everything', (_what, text) => {
    const { settings, configError, problems } = parse(text).forPort('ttyUSB0');
    expect(problems).toHaveLength(1);
    expect(configError).toBeDefined();
    expect(settings).toMatchObject({
      maxChargeCurrent: 10,
      maxDischargeCurrent: 20,
      blockOnDisconnect: true,
    });
  });
});

describe('settings that contradict each other', () => {
  it.each([
    ['absorbCellVoltage = 3.7', /3.7 V would harm lfp cells, at most 3.65 V; .*chemistry/],
    ['absorbCellVoltage = 2.5', /would drain lfp cells/],
    ['floatCellVoltage = 3.5', /float voltage of 3.5 V is above the absorption voltage of 3.45 V/],
    ['absorbCellVoltage = 3.4\nfloatCellVoltage = 3.42', /above the absorption voltage of 3.4 V/],
    ['minCellVoltage = 3.4', /an empty cell at 3.4 V is not below the float voltage of 3.35 V/],
    ['minCellVoltage = 2.5', /would harm lfp cells, at least 2.75 V/],
    ['cellCount = 4\nvoltageDrop = 0.4', /0.4 V is too much for 4 cells, at most 0.13 V/],
    ['chemistry = "lto"\nabsorbCellVoltage = 3.45', /would harm lto cells, at most 2.85 V/],
  ])('%j is an error in plain words', (text, words) => {
    expect(errorOf(text)).toMatch(words);
  });

  it('leave the presets of the chemistry, or what is stricter', () => {
    const { settings } = parse('absorbCellVoltage = 3.3\nfloatCellVoltage = 3.4').forPort();
    expect(settings).toMatchObject({ absorbCellVoltage: 3.3, floatCellVoltage: 3.3 });
    const other = parse('absorbCellVoltage = 3.9').forPort().settings;
    expect(other.absorbCellVoltage).toBeUndefined();
  });

  it('are none when float simply follows a lower absorption voltage', () => {
    const { settings, configError } = parse('[charge]\nabsorbCellVoltage = 3.3').forPort();
    expect(configError).toBeUndefined();
    expect(settings.floatCellVoltage).toBe(3.3);
  });

  it('may do so on one port only, and are then shown once with the name of the port', () => {
    const file = parse(
      '[charge]\nabsorbCellVoltage = 3.45\n[ports."ttyUSB1"]\nchemistry = "lto"\nfloatCellVoltage = 2.4\nminCellVoltage = 2.0',
    );
    expect(file.forPort('ttyUSB0').configError).toBeUndefined();
    expect(file.forPort('ttyUSB1').configError).toContain('3.45 V would harm lto cells');
    expect(severities(file)).toEqual(['error']);
  });
});

describe('what is odd, though it can be read', () => {
  it('a port that nobody opens is named, once, with the one that was meant', () => {
    const file = parse('[ports."USB0"]\nmaxChargeCurrent = 20\nmaxDischargeCurrent = 20\n');
    expect(file.problems.map(inWords)).toEqual([
      'line 2: ports."USB0": is no name of a port, such as ttyUSB0 or tcp://10.0.0.5:23; did you mean [ports."ttyUSB0"]?',
    ]);
    expect(severities(file)).toEqual(['warning']);
  });

  it.each(['ttyUSB0', '/dev/ttyUSB0', '/dev/serial/by-id/x', 'tcp://10.0.0.5:23', 'ttyO2'])(
    '%s is a port',
    (port) => {
      expect(parse(`[ports."${port}"]\nmaxChargeCurrent = 20\n`).problems).toEqual([]);
    },
  );

  it('letters of another encoding are a warning with their line', () => {
    const file = parse('[limits]\n# f\uFFFDr den Keller\nmaxChargeCurrent = 20\n');
    expect(file.problems.map(inWords)).toEqual([expect.stringMatching(/^line 2: a letter is not in UTF-8/)]);
    expect(file.forPort().settings.maxChargeCurrent).toBe(20);
  });
});

it('starts with everything wrong at once: BOM, CRLF, no header, unknown keys, one bad number', () => {
  const text =
    '\uFEFFmaxChargeCurrent = 20\r\nfoo = "bar"\r\nmaxDischargeCurrent = 1OO\r\ncapacity = 280 # Ah\r\n';
  const file = parse(text);
  expect(file.problems.map(({ line, severity }) => `${line} ${severity}`)).toEqual([
    '1 warning',
    '2 warning',
    '3 warning',
    '3 error',
    '4 warning',
  ]);
  expect(file.forPort('ttyUSB0').settings).toEqual({
    ...DEFAULT_SETTINGS,
    maxChargeCurrent: 20,
    maxDischargeCurrent: 20,
    capacity: 280,
  });
});
