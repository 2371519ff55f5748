import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { main } from './cli.ts';
import { systemClock } from './clock.ts';

const folder = mkdtempSync(join(tmpdir(), 'dbus-bms-cli-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** What people give to a command by mistake. */
const FILES: Readonly<Record<string, string | Uint8Array>> = {
  empty: '',
  binary: Uint8Array.from({ length: 512 }, (_, index) => index % 256),
  zeros: new Uint8Array(100),
  'readme.md': '# Batteries\n\nThis driver reads batteries.\n\n* JBD\n* Daly\n',
  'own.toml': '[limits]\nmaxChargeCurrent = 40\n',
  'not.toml': 'this is = not [toml\n',
  'config.ini': '[DEFAULT]\nMAX_BATTERY_CHARGE_CURRENT = 40\n',
  'other.json': '{"hello": 1}\n',
  'broken.jsonl': '{"t": 1, "request"\n{"t": 2}\n',
};
for (const [name, content] of Object.entries(FILES)) writeFileSync(join(folder, name), content);
mkdirSync(join(folder, 'folder'));

interface Ran {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

async function ran(args: readonly string[], input = '', signal = new AbortController().signal): Promise<Ran> {
  let [out, err] = ['', ''];
  const code = await main(args, {
    out: (text) => {
      out += text;
    },
    err: (text) => {
      err += text;
    },
    signal,
    clock: systemClock,
    isTerminal: false,
    env: {},
    async *lines() {
      for (const line of input.split('\n')) yield line;
    },
  });
  return { code, out, err };
}

/** `%x` is the file or folder x of the table above. */
const there = (word: string): string => word.replace(/^%/, `${folder}/`);

const JBD_CELLS = 'dda50400fffc77 dd0400080f450f3d0f370f3dfec677';

describe('a command line that is wrong, or whose input is, is answered by one line', () => {
  it.each<[line: string, input: string, code: number, says: RegExp]>([
    // The command itself.
    ['fly', '', 2, /there is no command "fly"; there are: run, probe/],
    ['prob', '', 2, /there is no command "prob"; did you mean probe\?/],
    ['chekc-config', '', 2, /did you mean check-config\?/],
    ['--hlep', '', 2, /an option follows its command.*did you mean --help\?/],
    ['help prob', '', 2, /there is no command "prob"; did you mean probe\?/],
    ['help read probe', '', 2, /expected one command/],
    // Options of any command.
    ['read --hlep', '', 2, /there is no option --hlep; did you mean --help\?/],
    ['read ttyUSB0 --adress 1', '', 2, /there is no option --adress; did you mean --address\?/],
    ['read ttyUSB0 -x', '', 2, /there is no option -x; there are: --bms/],
    ['read ttyUSB0 --bms', '', 2, /--bms needs a value/],
    ['read ttyUSB0 --bms --json', '', 2, /--bms needs a value/],
    ['read ttyUSB0 --json=yes', '', 2, /--json takes no value, got "yes"/],
    ['read ttyUSB0 --address -1', '', 2, /--address must be a whole number from 0 to 255, got "-1"/],
    ['read ttyUSB0 --config x', '', 2, /there is no option --config/],
    ['demo now', '', 2, /"now" is not expected here/],
    // Ports.
    ['read', '', 2, /expected one port such as ttyUSB0/],
    ['read ttyUSB0 ttyUSB1', '', 2, /expected one port .*, got 2: ttyUSB0 ttyUSB1/],
    ['probe COM3', '', 2, /"COM3" is not a port; write \/dev\/ttyUSB0/],
    ['read ttyNONE7', '', 1, /PORT_MISSING: there is no port \/dev\/ttyNONE7; plug the adapter in/],
    ['read /dev/null', '', 1, /PORT_MISSING: .*it is no serial port/],
    ['read %folder', '', 1, /PORT_MISSING: .*it is a folder/],
    ['read %readme.md', '', 1, /PORT_MISSING: .*it is no serial port/],
    ['probe tcp://127.0.0.1:1', '', 1, /PORT_MISSING: .*refuses the connection/],
    // decode.
    ['decode', '', 2, /expected the name of one BMS/],
    ['decode jbd daly', '', 2, /expected the name of one BMS, got 2: jbd daly/],
    ['decode acme', '', 2, /there is no BMS "acme"/],
    ['decode jbd', '', 2, /expected lines .* on stdin, got none/],
    ['decode jbd', 'hello world', 2, /"h" is no hex digit/],
    ['decode jbd', 'dda dd04', 2, /half a byte is missing/],
    ['decode jbd', ' -> dd04', 2, /there is no request/],
    ['decode jbd', 'dd a5 04 00 dd 04', 2, /the bytes are spaced.*write "<request hex> -> <reply hex>"/],
    ['decode daly', JBD_CELLS, 1, /REPLY_\w+: these are frames of jbd \(.*\): dbus-bms decode jbd;/],
    ['decode jk', JBD_CELLS, 1, /these are frames of jbd/],
    // Files.
    ['replay', '', 2, /expected the name of one capture file/],
    ['replay %none', '', 1, /CONFIG: .*none cannot be read: there is no such file or folder/],
    ['replay %folder', '', 1, /CONFIG: .*it is a folder, not a file/],
    ['replay %empty', '', 1, /CONFIG: .*holds no exchange/],
    ['replay %binary', '', 1, /CONFIG: .*line 1 of the capture is not JSON/],
    ['replay %readme.md', '', 1, /CONFIG: .*line 1 of the capture is not JSON/],
    ['replay %other.json', '', 1, /CONFIG: .*line 1 of the capture is no exchange/],
    ['replay %broken.jsonl', '', 1, /CONFIG: .*line 1 of the capture is not JSON/],
    ['import-config', '', 2, /expected one config\.ini/],
    ['import-config %none', '', 1, /CONFIG: .*there is no such file or folder/],
    ['import-config %folder', '', 1, /CONFIG: .*it is a folder, not a file/],
    ['import-config %empty', '', 1, /CONFIG: .*the file is empty/],
    ['import-config %binary', '', 1, /CONFIG: .*this is not a text/],
    ['import-config %zeros', '', 1, /CONFIG: .*this is not a text/],
    ['import-config %readme.md', '', 1, /CONFIG: .*none of its lines is an option/],
    ['import-config %own.toml', '', 1, /CONFIG: .*settings of this driver already/],
    ['import-config %config.ini --output %own.toml', '', 1, /CONFIG: .*there is such a file already/],
    ['import-config %config.ini --output %none/x', '', 1, /CONFIG: .*there is no such file or folder/],
    ['import-config %config.ini --output %folder', '', 1, /CONFIG: .*there is such a file already/],
    ['check-config %none', '', 1, /none: there is no such file/],
    ['check-config a b', '', 2, /expected one file/],
    ['limits --config %none', '', 1, /CONFIG: .*there is no such file/],
    ['limits --bms acme', '', 2, /there is no BMS "acme"/],
    ['limits --svg %folder', '', 1, /CONFIG: .*it is a folder, not a file/],
    ['limits --svg %none/x.svg', '', 1, /CONFIG: .*there is no such file or folder/],
    ['limits --svg', '', 2, /--svg needs a value/],
    // The simulator.
    ['simulate', '', 2, /expected the name of one BMS/],
    ['simulate acme --listen 0', '', 2, /there is no BMS "acme" to simulate/],
    ['simulate jbd', '', 2, /expected either --listen/],
    ['simulate jbd --listen http', '', 2, /--listen must be a number from 0 to 65535, got "http"/],
    ['simulate jbd --listen 0 --scenario %none', '', 1, /CONFIG: scenario .*no such file.*built in are day/],
    ['simulate jbd --listen 0 --scenario %readme.md', '', 1, /CONFIG: scenario .*it is not JSON/],
    ['simulate jbd --listen 0 --scenario %folder', '', 1, /CONFIG: scenario .*it is a folder/],
    ['simulate jbd --pty %folder', '', 1, /CONFIG: the link .*something else than a link/],
    ['simulate jbd --pty %none/x', '', 1, /CONFIG: the link .*there is no such file or folder/],
    ['simulate jbd --plot %none/day.svg', '', 1, /CONFIG: .*there is no such file or folder/],
    ['demo --config %none', '', 1, /CONFIG: .*there is no such file or folder/],
    ['demo --for ever', '', 2, /--for must be a number/],
  ])('%s, with %j', async (line, input, code, says) => {
    const { code: ended, err } = await ran(line.split(' ').map(there), input);
    const [first = '', usage = '', ...more] = err.split('\n').filter((text) => text !== '');
    expect(first).toMatch(says);
    expect(ended).toBe(code);
    expect(usage).toMatch(/^(usage: .*)?$/);
    expect(more).toEqual([]);
    expect(err).not.toMatch(/\bE[A-Z]{4,}\b|Error|undefined|node:|\bat .*\.ts|Inappropriate|ioctl/);
  });

  it.each(['%folder', '%binary', '%not.toml'])(
    'check-config %s says what is wrong on stdout: exit 1',
    async (file) => {
      const { code, out, err } = await ran(['check-config', there(file)]);
      expect(code).toBe(1);
      expect(out).toMatch(/: error: /);
      expect(err).toBe('');
    },
  );

  it('an empty settings file is as good as none', async () => {
    expect(await ran(['check-config', there('%empty')])).toMatchObject({ code: 0 });
  });
});

describe('help', () => {
  it.each([['--help'], ['-h'], ['help'], ['help', '-h']])(
    '%s lists the commands and the exit codes',
    async (...args) => {
      const { code, out } = await ran(args);
      expect(code).toBe(0);
      expect(out).toMatch(/run .*probe .*read .*import-config .*Exit codes: 0 done, 1 .*130 stopped/s);
    },
  );

  it.each([
    ['help', 'probe'],
    ['--help', 'probe'],
    ['probe', '--help'],
    ['probe', '-h'],
    ['probe', 'ttyUSB0', '--help'],
  ])('%s %s explains that command', async (...args) => {
    const { code, out } = await ran(args);
    expect(code).toBe(0);
    expect(out).toMatch(/^usage: dbus-bms probe <port>/);
  });

  it.each(['--version', '-v', '-V'])('%s names the version', async (option) => {
    expect(await ran([option])).toMatchObject({
      code: 0,
      out: expect.stringMatching(/^\d+\.\d+\.\d+\S*\n$/),
    });
  });

  it('of no command has a line wider than 120 columns', async () => {
    const { out } = await ran(['help']);
    const names = [...out.matchAll(/^ {2}([a-z-]+) /gm)].map(([, name = '']) => name);
    expect(names.length).toBeGreaterThan(9);
    for (const name of names) {
      const { out: usage } = await ran(['help', name]);
      for (const line of usage.split('\n')) expect(line.length, line).toBeLessThanOrEqual(120);
    }
  });
});

describe('a command that is asked to stop', () => {
  it.each([
    ['SIGINT', 130],
    ['SIGTERM', 143],
  ])('by %s says so and ends with %i', async (name, code) => {
    const stopped = AbortSignal.abort(name);
    for (const line of ['decode jbd', `simulate jbd --plot ${folder}/never.svg --hours 0.1`]) {
      const result = await ran(line.split(' '), JBD_CELLS, stopped);
      expect(result).toMatchObject({ code, out: '' });
      expect(result.err).toMatch(/^dbus-bms \w+: stopped\n$/);
    }
  });

  it('in the middle of a simulated day leaves no drawing', async () => {
    const stop = new AbortController();
    const file = join(folder, 'day.svg');
    const result = ran(['simulate', 'jbd', '--plot', file, '--hours', '700'], '', stop.signal);
    setTimeout(() => stop.abort('SIGINT'), 1);
    expect(await result).toEqual({ code: 130, out: '', err: 'dbus-bms simulate: stopped\n' });
    expect(existsSync(file)).toBe(false);
  });
});

describe('decode', () => {
  it.each([
    ['words', JBD_CELLS],
    ['an arrow', 'dd a5 04 00 ff fc 77 -> dd 04 00 08 0f 45 0f 3d 0f 37 0f 3d fe c6 77'],
    ['a bar', 'dda50400fffc77 | dd0400080f450f3d0f370f3dfec677'],
    ['spaced bytes', 'dd a5 04 00 ff fc 77 dd 04 00 08 0f 45 0f 3d 0f 37 0f 3d fe c6 77'],
    [
      '0x and commas',
      '0xdd,0xa5,0x04,0x00,0xff,0xfc,0x77 => 0xdd,0x04,0x00,0x08,0x0f,0x45,0x0f,0x3d,0x0f,0x37,0x0f,0x3d,0xfe,0xc6,0x77',
    ],
    ['colons', 'DD:A5:04:00:FF:FC:77 DD:04:00:08:0F:45:0F:3D:0F:37:0F:3D:FE:C6:77'],
  ])('reads a line of %s', async (_what, line) => {
    const { code, out, err } = await ran(['decode', 'jbd'], `# a log\n\n${line}\n`);
    expect(err).toBe('');
    expect(code).toBe(0);
    expect(JSON.parse(out)).toEqual({ cellVoltages: [3.909, 3.901, 3.895, 3.901] });
  });
});
