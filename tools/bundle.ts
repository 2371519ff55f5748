import { chmod, cp, mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { type BuildOptions, build, type Plugin } from 'esbuild';
import { buildPage, pageInputs } from './page.ts';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const PREBUILDS = 'node_modules/@serialport/bindings-cpp/prebuilds';
/** The machines on which the program runs: GX devices (arm, arm64) and development machines. */
const BINDINGS = [
  'linux-arm/@serialport+bindings-cpp.armv7.glibc.node',
  'linux-arm64/@serialport+bindings-cpp.armv8.glibc.node',
  'linux-x64/@serialport+bindings-cpp.glibc.node',
];

/** One character beyond Latin-1 makes V8 keep the whole text in two bytes a character; as escapes all fit into one. */
async function makePlain(program: string): Promise<void> {
  const text = await readFile(program, 'utf8');
  const escaped = (unit: string): string => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`;
  await writeFile(program, text.replaceAll(/[^\0-\x7f]/g, escaped));
}

/** The client of MQTT has a file of its own: a driver never reads it. */
const MQTT = './mqtt.cjs';
const mqttApart: Plugin = {
  name: 'mqtt-apart',
  setup: ({ onResolve }) => onResolve({ filter: /^mqtt$/ }, () => ({ path: MQTT, external: true })),
};

/** Of the commands only the bridge: its program has no drivers and no control, which it never runs. */
const bridgeOnly: Plugin = {
  name: 'bridge-only',
  setup({ onLoad, onResolve }) {
    const kept = ['./commands/bridge.ts', './commands/command.ts'];
    onResolve({ filter: /^\.\/commands\// }, ({ importer, path }) =>
      importer.endsWith('/src/cli.ts') && !kept.includes(path) ? { path, namespace: 'left-out' } : undefined,
    );
    onLoad({ filter: /.*/, namespace: 'left-out' }, () => ({ contents: 'module.exports = {};' }));
  },
};

function options(version: string): BuildOptions {
  return {
    absWorkingDir: ROOT,
    entryPoints: ['src/main.ts'],
    bundle: true,
    platform: 'node',
    target: 'node20',
    format: 'cjs',
    banner: { js: '#!/usr/bin/env node' },
    define: { DBUS_BMS_VERSION: JSON.stringify(version) },
    // koffi makes ptys for simulations; it is not shipped. x11 is an optional way of dbus-next to find a bus.
    external: ['koffi', 'x11'],
    alias: {
      'node-gyp-build': './tools/stubs/node-gyp-build/index.cjs',
      usocket: './tools/stubs/empty/index.cjs',
      xml2js: './tools/stubs/xml2js/index.cjs',
      'event-stream': './tools/stubs/empty/index.cjs',
      // Of mqtt only the client over TCP and TLS: no websockets, no proxies, no command line, and the streams of Node.
      'readable-stream/lib/_stream_writable.js': './tools/stubs/stream-writable/index.cjs',
      'readable-stream': 'node:stream',
      buffer: 'node:buffer',
      debug: './tools/stubs/debug/index.cjs',
      ws: './tools/stubs/empty/index.cjs',
      socks: './tools/stubs/empty/index.cjs',
      'worker-timers': './tools/stubs/empty/index.cjs',
      commist: './tools/stubs/empty/index.cjs',
      'help-me': './tools/stubs/empty/index.cjs',
    },
    // Half the text to read at every start. Lines stay short, so that a stack trace tells where.
    minifyWhitespace: true,
    lineLimit: 160,
    logLevel: 'warning',
  };
}

/** The files of the program, by name, and how each is made. */
function programs(version: string): readonly (readonly [name: string, options: BuildOptions])[] {
  const { banner: _, entryPoints: __, ...common } = options(version);
  const client = { contents: "export { connect } from 'mqtt';", resolveDir: ROOT };
  return [
    ['dbus-bms.cjs', { ...options(version), plugins: [mqttApart] }],
    ['bridge.cjs', { ...options(version), plugins: [mqttApart, bridgeOnly] }],
    ['mqtt.cjs', { ...common, stdin: client }],
  ];
}

/** Names of the files of the program in the folder that `bundle` makes. */
export const PROGRAMS: readonly string[] = programs('').map(([name]) => name);

/** The packages of which something stands in the program, in the order of their names. */
export async function shipped(): Promise<string[]> {
  const made = programs('').map(([, how]) => build({ ...how, metafile: true, write: false }));
  const inputs = (await Promise.all(made)).flatMap(({ metafile }) => Object.keys(metafile.inputs));
  const names = [...inputs, ...(await pageInputs())].flatMap((file) => {
    const [, name] = /.*node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(file) ?? [];
    return name === undefined ? [] : [name];
  });
  return [...new Set(names)].sort();
}

/** Makes `folder` (default dist/): the files of the program and the serial bindings beside them. */
export async function bundle(folder = join(ROOT, 'dist')): Promise<string> {
  const { version } = JSON.parse(await readFile(join(ROOT, 'package.json'), 'utf8')) as { version: string };
  const program = join(folder, 'dbus-bms.cjs');
  for (const [name, how] of programs(version)) {
    await build({ ...how, outfile: join(folder, name) });
    await makePlain(join(folder, name));
  }
  await chmod(program, 0o755);
  for (const file of BINDINGS) {
    const target = join(folder, 'prebuilds', file);
    await mkdir(dirname(target), { recursive: true });
    await cp(join(ROOT, PREBUILDS, file), target);
  }
  await buildPage(join(folder, 'page'));
  return program;
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) await bundle(process.argv[2]);
