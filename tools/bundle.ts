import { chmod, cp, mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { type BuildOptions, build } from 'esbuild';
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

/** The packages of which something stands in the program, in the order of their names. */
export async function shipped(): Promise<string[]> {
  const { metafile } = await build({ ...options(''), metafile: true, write: false });
  const names = [...Object.keys(metafile.inputs), ...(await pageInputs())].flatMap((file) => {
    const [, name] = /.*node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(file) ?? [];
    return name === undefined ? [] : [name];
  });
  return [...new Set(names)].sort();
}

/** Makes `folder` (default dist/): one program file and the serial bindings beside it. */
export async function bundle(folder = join(ROOT, 'dist')): Promise<string> {
  const { version } = JSON.parse(await readFile(join(ROOT, 'package.json'), 'utf8')) as { version: string };
  const program = join(folder, 'dbus-bms.cjs');
  await build({ ...options(version), outfile: program });
  await makePlain(program);
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
