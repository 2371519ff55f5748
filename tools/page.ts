import { cp, mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { type BuildOptions, build } from 'esbuild';

const ROOT = fileURLToPath(new URL('..', import.meta.url));

function options(folder: string): BuildOptions {
  return {
    absWorkingDir: ROOT,
    entryPoints: { app: 'src/page/main.tsx' },
    outdir: folder,
    bundle: true,
    minify: true,
    format: 'iife',
    // The browsers in a GX display and on an old tablet.
    target: ['chrome87', 'safari15', 'firefox90'],
    jsx: 'automatic',
    jsxImportSource: 'preact',
    legalComments: 'none',
    logLevel: 'warning',
  };
}

/** The files of which the page is made. */
export async function pageInputs(): Promise<readonly string[]> {
  const { metafile } = await build({ ...options(ROOT), metafile: true, write: false });
  return Object.keys(metafile.inputs);
}

/** Makes the page of the bridge: a document, a program and a style sheet that need nothing from elsewhere. */
export async function buildPage(folder: string): Promise<void> {
  await mkdir(folder, { recursive: true });
  await build(options(folder));
  await cp(join(ROOT, 'src/page/index.html'), join(folder, 'index.html'));
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href)
  await buildPage(process.argv[2] ?? join(ROOT, 'dist/page'));
