import { execFile } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Guide, parseGuide, readGuide } from './support/guide.ts';
import { temporaryFolder } from './support/program.ts';

/** The guide is run: what it gives makes a BMS in a copy of the program, and the contract tests pass on it. */

const TOP = fileURLToPath(new URL('..', import.meta.url));
const COPIED = ['src', 'test', 'tools', 'docs', 'package.json', 'tsconfig.json', 'biome.json'];
const ID = 'acme';
const OWN = new RegExp(`^(src/bms|test/vectors)/${ID}/`);
const LIST = 'src/bms/list.ts';
/** What runs over every driver of the list. */
const CONTRACT = [
  ...['drivers', 'writes', 'sessions', 'silent-parts', 'slow-answers'].map(
    (name) => `test/contract/${name}.test.ts`,
  ),
  'test/scenario/detection.test.ts',
  'src/app/replay.test.ts',
];
const MOST_MS = 180_000;

/** Renders the pages that name every BMS, in the copy. */
const PAGES = `
import { expect, it } from 'vitest';
import { DOCUMENTS } from '../tools/docs.ts';
it.each(['docs/supported-bms.md', 'docs/detection.md'])('%s names ${ID}', async (name) => {
  const page = DOCUMENTS.find(({ file }) => file === name);
  expect(await page?.render()).toContain('${ID}');
});
`;

/** A program of node_modules in a folder; what it prints when it fails is the reason. */
async function run(folder: string, name: string, ...args: readonly string[]): Promise<string> {
  try {
    const { stdout } = await promisify(execFile)(join(TOP, 'node_modules/.bin', name), [...args], {
      cwd: folder,
      timeout: MOST_MS,
      env: { ...process.env, NO_COLOR: '1', FUZZ_FACTOR: '0.2' },
    });
    return stdout;
  } catch (error) {
    const { stdout = '', stderr = '' } = error as { stdout?: string; stderr?: string }; // thrown by execFile
    throw new Error(`${name} ${args.join(' ')} failed\n${stdout.slice(-4000)}\n${stderr.slice(-2000)}`);
  }
}

/** The list with a line more, in the order of the folders. */
function withLine(list: string, line: string): string {
  const lines = list.split('\n');
  const folder = (text: string): string => /from '([^']+)'/.exec(text)?.[1] ?? '';
  const place = lines.findIndex((other) => folder(other) > folder(line));
  return lines.toSpliced(place < 0 ? lines.length - 1 : place, 0, line.trimEnd()).join('\n');
}

describe('the guide for adding a BMS', () => {
  let guide: Guide;
  let copy: ReturnType<typeof temporaryFolder>;

  beforeAll(() => {
    guide = readGuide();
    copy = temporaryFolder();
    for (const name of COPIED) cpSync(join(TOP, name), join(copy.path, name), { recursive: true });
    symlinkSync(join(TOP, 'node_modules'), join(copy.path, 'node_modules'));
    writeFileSync(join(copy.path, 'vitest.config.ts'), 'export default { test: { testTimeout: 60_000 } };\n');
    writeFileSync(join(copy.path, 'test/pages.test.ts'), PAGES);
    for (const { file, text } of guide.files) {
      mkdirSync(dirname(join(copy.path, file)), { recursive: true });
      writeFileSync(join(copy.path, file), text);
    }
    for (const { file, text } of guide.lines) {
      const path = join(copy.path, file);
      writeFileSync(path, withLine(readFileSync(path, 'utf8'), text));
    }
  });
  afterAll(() => copy.remove());

  it('makes files in the folder of the BMS and in that of its vectors, and adds one line elsewhere: nothing else', () => {
    const { files, lines } = guide;
    expect(files.length).toBeGreaterThanOrEqual(4);
    expect(files.map(({ file }) => file).filter((file) => !OWN.test(file))).toEqual([]);
    expect(files.filter(({ file }) => existsSync(join(TOP, file)))).toEqual([]);
    expect(lines.map(({ file }) => file)).toEqual([LIST]);
    expect(lines[0]?.text.trimEnd().split('\n')).toHaveLength(1);
    const before = readFileSync(join(TOP, LIST), 'utf8').split('\n');
    const after = readFileSync(join(copy.path, LIST), 'utf8').split('\n');
    expect(after.filter((line) => !before.includes(line))).toEqual([lines[0]?.text.trimEnd()]);
    expect(after).toHaveLength(before.length + 1);
  });

  it(
    'gives code that the compiler and the formatter take as it is',
    async () => {
      const own = guide.files.map(({ file }) => file).filter((file) => file.endsWith('.ts'));
      writeFileSync(
        join(copy.path, 'tsconfig.guide.json'),
        JSON.stringify({ extends: './tsconfig.json', include: [], files: [LIST, ...own] }),
      );
      await run(copy.path, 'tsc', '-p', 'tsconfig.guide.json');
      await run(copy.path, 'biome', 'check', '--vcs-enabled=false', LIST, ...own);
    },
    MOST_MS,
  );

  it(
    'gives a driver on which the contract tests pass, and that the pages name',
    async () => {
      const printed = await run(copy.path, 'vitest', 'run', ...CONTRACT, 'test/pages.test.ts', '-t', ID);
      const passed = Number(/Tests +(\d+) passed/.exec(printed)?.[1] ?? 0);
      expect(passed, printed).toBeGreaterThan(30);
      expect(printed).not.toMatch(/\d+ failed/);
    },
    MOST_MS,
  );
});

describe('a guide', () => {
  it('is read: files in full, and lines to add', () => {
    const text = [
      'File `a/b.ts`:',
      '',
      '```ts',
      'one',
      '```',
      '',
      'Line in `c.ts`:',
      '',
      '```ts',
      'two',
      '```',
      '',
    ];
    expect(parseGuide(text.join('\n'))).toEqual({
      files: [{ file: 'a/b.ts', text: 'one\n' }],
      lines: [{ file: 'c.ts', text: 'two\n' }],
    });
  });
});
