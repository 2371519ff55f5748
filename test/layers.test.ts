import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

const SRC = fileURLToPath(new URL('../src', import.meta.url));

interface Import {
  readonly from: string;
  readonly to: string;
  readonly typeOnly: boolean;
}

/** One source file, as far as the rules look at it. */
interface Source {
  readonly file: string;
  readonly text: string;
}

const SOURCES: readonly Source[] = readdirSync(SRC, { recursive: true, encoding: 'utf8' })
  .filter((file) => /\.tsx?$/.test(file) && !file.endsWith('.test.ts'))
  .sort()
  .map((file) => ({ file, text: readFileSync(join(SRC, file), 'utf8') }));
const FILES = new Set(SOURCES.map(({ file }) => file));

/** Every import of a source; files inside of src are named relative to it. */
function importsOf({ file: from, text }: Source): Import[] {
  const statements = text.matchAll(
    /(?:^|\n)\s*(import|export)\s+(type\s)?[^;]*?from\s+'([^']+)'|import\('([^']+)'\)/g,
  );
  return [...statements].map(([, , type, named, dynamic]) => {
    const to = named ?? dynamic ?? '';
    const inside = to.startsWith('.') ? relative(SRC, resolve(SRC, dirname(from), to)) : to;
    return { from, to: inside, typeOnly: type !== undefined };
  });
}

/** The room of a file: its first folder, or the file itself where it stands at the top. */
const room = (file: string): string => file.split('/')[0] ?? '';
const isPackage = (to: string): boolean => !FILES.has(to) && !to.includes('.ts');

const PURE = ['model', 'protocol', 'control', 'history'];

/** What each room may know. A room that is not named here may know everything; only the command line and the tests do. */
const MAY_KNOW: Readonly<Record<string, readonly string[]>> = {
  model: [],
  protocol: ['model', 'errors.ts'],
  control: ['model', 'errors.ts'],
  history: ['model'],
  transport: ['protocol', 'model', 'dbus', 'clock.ts', 'errors.ts', 'system-fault.ts', 'version.ts'],
  bms: ['protocol', 'model', 'transport', 'clock.ts', 'errors.ts'],
  battery: [
    'bms',
    'transport',
    'control',
    'history',
    'model',
    'clock.ts',
    'errors.ts',
    'log.ts',
    'version.ts',
  ],
  dbus: ['clock.ts', 'errors.ts'],
  venus: ['dbus', 'battery', 'history', 'model', 'clock.ts', 'errors.ts', 'log.ts'],
  output: ['battery', 'model', 'clock.ts', 'errors.ts', 'log.ts', 'system-fault.ts', 'version.ts'],
  settings: ['bms', 'control', 'model', 'errors.ts', 'files.ts', 'redact.ts', 'system-fault.ts'],
  plot: [],
  page: ['output'],
};

/** Packages that only one folder may know. */
const OWNERS: Readonly<Record<string, string>> = {
  'dbus-next': 'dbus',
  serialport: 'transport/serial',
  winston: '.',
  'smol-toml': 'settings',
  'd3-scale': 'plot',
  'd3-shape': 'plot',
  koffi: 'simulator/line',
  nanotar: 'commands/report',
  mqtt: 'output/mqtt',
  preact: 'page',
  uplot: 'page',
};

interface Rule {
  readonly name: string;
  /** Whether a source breaks it; gives what is wrong, in words. */
  readonly broken: (source: Source) => readonly string[];
  /** A source that breaks it: a rule that nothing can break protects nobody. */
  readonly wrong: Source;
}

const wrongImports =
  (isWrong: (item: Import) => boolean) =>
  (source: Source): string[] =>
    importsOf(source)
      .filter(isWrong)
      .map(({ from, to }) => `${from} imports ${to}`);
const mentions =
  (applies: (file: string) => boolean, pattern: RegExp) =>
  ({ file, text }: Source): string[] =>
    applies(file) && pattern.test(text) ? [`${file}: ${pattern.exec(text)?.[0]}`] : [];
const family = (file: string): string => file.split('/').slice(0, 2).join('/');
const isOfFamily = (file: string): boolean =>
  room(file) === 'bms' && file.split('/').length > 2 && family(file) !== 'bms/detect';

const RULES: readonly Rule[] = [
  ...Object.entries(MAY_KNOW).map(([name, known]) => ({
    name: `${name} knows only ${known.length === 0 ? 'itself' : known.join(', ')}`,
    broken: wrongImports(
      ({ from, to }) => room(from) === name && FILES.has(to) && ![name, ...known].includes(room(to)),
    ),
    wrong: {
      file: `${name}/wrong.ts`,
      text: "import { main } from '../main.ts';\n",
    },
  })),
  ...PURE.map((name) => ({
    name: `${name} is pure: no package, no Node module`,
    broken: wrongImports(({ from, to }) => room(from) === name && isPackage(to)),
    wrong: { file: `${name}/wrong.ts`, text: "import { readFileSync } from 'node:fs';\n" },
  })),
  ...PURE.map((name) => ({
    name: `${name} reads no clock, no timer, no chance and no environment`,
    broken: mentions(
      (file) => room(file) === name,
      /\b(Date\.now|new Date\(\)|performance\.|setTimeout|setInterval|setImmediate|process\.|Math\.random|console\.)/,
    ),
    wrong: { file: `${name}/wrong.ts`, text: 'export const now = Date.now();\n' },
  })),
  {
    name: 'a family of BMSes imports the contract, building blocks, the model, exchange types and errors, never another family',
    broken: wrongImports(({ from, to, typeOnly }) => {
      if (!isOfFamily(from)) return false;
      const isContract = room(to) === 'bms' && to.split('/').length === 2 && to !== 'bms/index.ts';
      const isAllowed =
        family(to) === family(from) ||
        isContract ||
        to === 'errors.ts' ||
        ['protocol', 'model'].includes(room(to)) ||
        (to === 'transport/exchange.ts' && typeOnly);
      return !isAllowed;
    }),
    wrong: { file: 'bms/daly/wrong.ts', text: "import { jbd } from '../jbd/index.ts';\n" },
  },
  ...Object.entries(OWNERS).map(([name, folder]) => ({
    name: `${name} is imported in ${folder === '.' ? 'log.ts' : folder} only`,
    broken: wrongImports(
      ({ from, to }) => (to === name || to.startsWith(`${name}/`)) && dirname(from) !== folder,
    ),
    wrong: { file: 'control/wrong.ts', text: `import { it } from '${name}';\n` },
  })),
  {
    name: 'no D-Bus path of Venus OS is written outside venus and what stands in for Venus OS',
    broken: mentions(
      (file) => room(file) !== 'venus' && !file.startsWith('simulator/venus/'),
      /['"`]\/(Ac|Alarms|Balanc|Bank|Capacity|ConsumedAmp|Connect|CustomName|Dc|DeviceI|Diagnostics|ErrorCode|Family|FirmwareV|HardwareV|History|Info|InstalledC|Io|Manufacturer|Mgmt|Mode|Product|Serial|Settings|Soc|Soh|State|System|TimeToGo|Voltages)\b[^'"`]*/,
    ),
    wrong: { file: 'app/wrong.ts', text: "const path = '/Info/MaxChargeCurrent';\n" },
  },
  {
    name: 'only the page, the metrics and the simulator listen on the network',
    broken: mentions(
      (file) => !/^(output\/web|output\/metrics|simulator)\//.test(file),
      /\bcreateServer\(|\.listen\(/,
    ),
    wrong: { file: 'app/wrong.ts', text: 'createServer().listen(80);\n' },
  },
  {
    name: 'nothing that controls talks to a network, and nothing that talks to a network controls',
    broken: wrongImports(
      ({ from, to }) =>
        (room(from) !== 'transport' &&
          room(from) !== 'simulator' &&
          room(from) !== 'output' &&
          /^(node:)?(net|http|https|http2|tls|dgram|dns)$/.test(to)) ||
        (room(from) === 'output' && /^(bms|control|transport|app)$/.test(room(to)) && FILES.has(to)),
    ),
    wrong: { file: 'battery/wrong.ts', text: "import { request } from 'node:http';\n" },
  },
  {
    name: 'of the ways to a battery only Bluetooth knows the bus',
    broken: wrongImports(
      ({ from, to }) =>
        room(from) === 'transport' &&
        !from.startsWith('transport/ble/') &&
        room(to) === 'dbus' &&
        FILES.has(to),
    ),
    wrong: {
      file: 'transport/wrong.ts',
      text: "import { connectBus } from '../dbus/client.ts';\n",
    },
  },
  {
    name: 'a bank, its batteries and their control ask nobody and say nothing: no clock, no log, no line',
    broken: wrongImports(
      ({ from, to }) =>
        /^battery\/(bank|battery|bus-bank|bank-\w+|controller)\.ts$/.test(from) &&
        /^(clock\.ts|log\.ts|transport\/.*|battery\/(poller|pack-poller|conditions|.*-log)\.ts)$/.test(to),
    ),
    wrong: { file: 'battery/bank.ts', text: "import type { Clock } from '../clock.ts';\n" },
  },
  {
    name: 'only the application and the commands know outputs of the bridge',
    broken: wrongImports(
      ({ from, to, typeOnly }) =>
        room(to) === 'output' &&
        !['output', 'app', 'commands'].includes(room(from)) &&
        // The page in the browser knows what it is told.
        !(room(from) === 'page' && to === 'output/web/told.ts' && typeOnly),
    ),
    wrong: { file: 'venus/wrong.ts', text: "import { VALUES } from '../output/values.ts';\n" },
  },
  {
    name: 'the library of an output is loaded only where that output is opened',
    broken: wrongImports(
      ({ from, to, typeOnly }) => to === 'output/mqtt/library.ts' && !typeOnly && room(from) === 'output',
    ),
    wrong: { file: 'output/mqtt/wrong.ts', text: "import { openLink } from './library.ts';\n" },
  },
  {
    name: 'outputs do not know each other',
    broken: wrongImports(({ from, to }) => {
      const output = (file: string): string => file.split('/')[1] ?? '';
      return (
        room(from) === 'output' &&
        room(to) === 'output' &&
        to.split('/').length > 2 &&
        output(from) !== output(to)
      );
    }),
    wrong: { file: 'output/mqtt/wrong.ts', text: "import { page } from '../web/page.ts';\n" },
  },
  {
    name: 'nothing imports the app but the commands',
    broken: wrongImports(({ from, to }) => room(to) === 'app' && !['app', 'commands'].includes(room(from))),
    wrong: { file: 'bms/wrong.ts', text: "import { PortService } from '../app/port-service.ts';\n" },
  },
  {
    name: 'nothing imports the commands but the command line',
    broken: wrongImports(
      ({ from, to }) => room(to) === 'commands' && !['commands', 'cli.ts'].includes(room(from)),
    ),
    wrong: { file: 'app/wrong.ts', text: "import { run } from '../commands/run.ts';\n" },
  },
  {
    name: 'only the commands and the simulator itself know that there is a simulator',
    broken: wrongImports(
      ({ from, to }) => room(to) === 'simulator' && !['simulator', 'commands'].includes(room(from)),
    ),
    wrong: { file: 'app/wrong.ts', text: "import { seeded } from '../simulator/random.ts';\n" },
  },
  {
    name: 'only the simulator starts programs, and nobody starts a shell',
    broken: (source) => {
      const starts = importsOf(source).some(({ to }) => /^(node:)?child_process$/.test(to));
      if (!starts) return [];
      const mayStart = room(source.file) === 'simulator';
      const shell = /\b(exec|execSync|execFile|execFileSync)\(\s*['"`a-z]|\bshell:/;
      const isShell = shell.test(source.text.replaceAll(/\.exec\(/g, ''));
      return mayStart && !isShell ? [] : [`${source.file} starts ${isShell ? 'a shell' : 'programs'}`];
    },
    wrong: { file: 'app/wrong.ts', text: "import { spawn } from 'node:child_process';\n" },
  },
];

describe('the rooms of the house', () => {
  it('are read: files and their imports are found', () => {
    expect(SOURCES.length).toBeGreaterThan(100);
    const imports = SOURCES.flatMap(importsOf);
    expect(imports).toContainEqual({ from: 'model/reading.ts', to: 'model/alarms.ts', typeOnly: false });
  });

  it.each(RULES.map((rule) => [rule.name, rule] as const))('%s', (_, { broken }) => {
    expect(SOURCES.flatMap(broken)).toEqual([]);
  });

  it.each(RULES.map((rule) => [rule.name, rule] as const))('would notice a break of: %s', (_, rule) => {
    const breaks = rule.broken(rule.wrong);
    expect(breaks).toHaveLength(1);
    expect(breaks[0]).toContain(rule.wrong.file);
  });

  it('every package that the sources import is pinned in package.json', () => {
    const { dependencies, devDependencies } = JSON.parse(
      readFileSync(join(SRC, '../package.json'), 'utf8'),
    ) as { dependencies: Record<string, string>; devDependencies: Record<string, string> };
    const pinned = { ...dependencies, ...devDependencies };
    const packages = SOURCES.flatMap(importsOf)
      .map(({ to }) => to)
      .filter((to) => isPackage(to) && !to.startsWith('node:') && !to.startsWith('.'));
    // "preact/hooks" is a part of preact.
    const names = packages.map((to) =>
      to
        .split('/')
        .slice(0, to.startsWith('@') ? 2 : 1)
        .join('/'),
    );
    for (const name of new Set(names)) expect(pinned[name], name).toMatch(/^\d+\.\d+\.\d+$/);
  });
});
