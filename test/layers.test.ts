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

const FILES = readdirSync(SRC, { recursive: true, encoding: 'utf8' })
  .filter((file) => file.endsWith('.ts') && !file.endsWith('.test.ts'))
  .sort();

/** Every import of the sources; files inside of src are named relative to it. */
const IMPORTS: readonly Import[] = FILES.flatMap((from) => {
  const text = readFileSync(join(SRC, from), 'utf8');
  const statements = text.matchAll(
    /(?:^|\n)\s*(import|export)\s+(type\s)?[^;]*?from\s+'([^']+)'|import\('([^']+)'\)/g,
  );
  return [...statements].map(([, , type, named, dynamic]) => {
    const to = named ?? dynamic ?? '';
    const inside = to.startsWith('.') ? relative(SRC, resolve(SRC, dirname(from), to)) : to;
    return { from, to: inside, typeOnly: type !== undefined };
  });
});

const room = (file: string): string => file.split('/')[0] ?? '';
const wrong = (rule: (item: Import) => boolean): string[] =>
  IMPORTS.filter(rule).map(({ from, to }) => `${from} imports ${to}`);

describe('the rooms of the house', () => {
  it('finds the imports that it judges', () => {
    expect(FILES.length).toBeGreaterThan(20);
    expect(IMPORTS).toContainEqual({ from: 'model/reading.ts', to: 'model/alarms.ts', typeOnly: false });
  });

  it.each(['model', 'protocol', 'control'])(
    '%s is pure: no package, no Node module, no room with I/O',
    (pure) => {
      const allowed = ['model', 'protocol', 'control', 'errors.ts'];
      expect(wrong(({ from, to }) => room(from) === pure && !allowed.includes(room(to)))).toEqual([]);
    },
  );

  it.each(['model', 'protocol', 'control'])(
    '%s reads no clock, no timer, no chance and no environment',
    (pure) => {
      const forbidden =
        /\b(Date\.now|new Date\(\)|performance\.|setTimeout|setInterval|setImmediate|process\.|Math\.random|console\.)/;
      const guilty = FILES.filter(
        (file) => room(file) === pure && forbidden.test(readFileSync(join(SRC, file), 'utf8')),
      );
      expect(guilty).toEqual([]);
    },
  );

  it('a BMS imports only the contract, building blocks, the model, exchange types and errors, never another BMS', () => {
    const allowed = (from: string, { to, typeOnly }: Import): boolean =>
      dirname(to).startsWith(dirname(from)) ||
      to === 'bms/driver.ts' ||
      to === 'errors.ts' ||
      ['protocol', 'model'].includes(room(to)) ||
      (to === 'transport/exchange.ts' && typeOnly);
    const inFolder = (file: string): boolean => room(file) === 'bms' && file.split('/').length > 2;
    expect(wrong((item) => inFolder(item.from) && !allowed(item.from, item))).toEqual([]);
  });

  it.each([
    ['dbus-next', 'publish/dbus'],
    ['serialport', 'transport'],
    ['winston', '.'],
    ['smol-toml', 'settings'],
    ['d3-scale', 'plot'],
    ['d3-shape', 'plot'],
    ['koffi', 'simulator'],
  ])('%s is imported in exactly one folder', (name, folder) => {
    const users = IMPORTS.filter(({ to }) => to === name || to.startsWith(`${name}/`)).map(({ from }) =>
      dirname(from),
    );
    expect([...new Set(users)]).toEqual([folder]);
  });

  it('only the demo and the simulator start programs, and nobody starts a shell', () => {
    const starters = IMPORTS.filter(({ to }) => /^(node:)?child_process$/.test(to)).map(({ from }) => from);
    expect(starters.filter((from) => room(from) !== 'simulator')).toEqual(['commands/demo/demo.ts']);
    const shell = /\b(exec|execSync|execFile|execFileSync)\(\s*['"`a-z]|\bshell:/;
    expect(
      starters.filter((from) =>
        shell.test(readFileSync(join(SRC, from), 'utf8').replaceAll(/\.exec\(/g, '')),
      ),
    ).toEqual([]);
  });

  it('nothing listens on the network but the simulator', () => {
    const listens = FILES.filter((file) =>
      /\bcreateServer\(|\.listen\(/.test(readFileSync(join(SRC, file), 'utf8')),
    );
    expect(listens.filter((file) => room(file) !== 'simulator')).toEqual([]);
  });

  it('nothing imports the app but the commands', () => {
    expect(wrong(({ from, to }) => room(to) === 'app' && !['app', 'commands'].includes(room(from)))).toEqual(
      [],
    );
  });

  it('nothing imports the commands but the command line', () => {
    expect(
      wrong(({ from, to }) => room(to) === 'commands' && !['commands', 'cli.ts'].includes(room(from))),
    ).toEqual([]);
  });

  it('only the commands and the simulator itself know that there is a simulator', () => {
    expect(
      wrong(({ from, to }) => room(to) === 'simulator' && !['simulator', 'commands'].includes(room(from))),
    ).toEqual([]);
  });

  it('every package that the sources import is pinned in package.json', () => {
    const { dependencies, devDependencies } = JSON.parse(
      readFileSync(join(SRC, '../package.json'), 'utf8'),
    ) as { dependencies: Record<string, string>; devDependencies: Record<string, string> };
    const pinned = { ...dependencies, ...devDependencies };
    const packages = IMPORTS.map(({ to }) => to).filter(
      (to) => /^[a-z@]/.test(to) && !to.startsWith('node:'),
    );
    const outside = packages.filter((to) => !FILES.includes(to));
    for (const name of new Set(outside)) expect(pinned[name], name).toMatch(/^\d+\.\d+\.\d+$/);
  });
});
