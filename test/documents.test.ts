import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { COLUMNS } from '../tools/docs/wrap.ts';
import { parseGuide } from './support/guide.ts';

/**
 * The documents are read by owners and newcomers: narrow enough for a terminal (`npm run wrap -- FILE` makes the prose of one
 * so), and what they name is there.
 */

const TOP = fileURLToPath(new URL('..', import.meta.url));

interface Document {
  /** Path from the top of the repository. */
  readonly file: string;
  readonly text: string;
}

const markdownIn = (folder: string): string[] =>
  readdirSync(join(TOP, folder), { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.md'))
    .map((file) => join(folder, file))
    .sort();

const FILES = ['README.md', 'CHANGELOG.md', ...markdownIn('docs'), ...markdownIn('src')];
const DOCUMENTS: readonly Document[] = FILES.map((file) => ({
  file,
  text: readFileSync(join(TOP, file), 'utf8'),
}));

/** Lines that cannot be broken: each is one command, to be copied as a whole. */
const UNBREAKABLE = /^command -v dbus-daemon \|\|/;

/** Documents that are not yet in this form. */
const NOT_YET: ReadonlySet<string> = new Set();
const IN_FORM = DOCUMENTS.filter(({ file }) => !NOT_YET.has(file));

const BLOCK = /^```\w*\n(.*?)^```$/gms;
const CODE = /`([^`]+)`/g;

const prose = (text: string): string => text.replaceAll(BLOCK, '').replaceAll(CODE, '');
const codeOf = (text: string): string[] => {
  const blocks = [...text.matchAll(BLOCK)].flatMap(([, lines = '']) => lines.split('\n'));
  const pieces = [...text.replaceAll(BLOCK, '').matchAll(CODE)].map(([, piece = '']) => piece);
  return [...blocks, ...pieces];
};

/** The names of the headings of a text, as links call them. */
function anchorsOf(text: string): string[] {
  const seen: Record<string, number> = {};
  return [...text.replaceAll(BLOCK, '').matchAll(/^#+ (.+)$/gm)].map(([, heading = '']) => {
    const name = heading
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N}_ -]/gu, '')
      .replaceAll(' ', '-');
    const times = seen[name] ?? 0;
    seen[name] = times + 1;
    return times === 0 ? name : `${name}-${times}`;
  });
}

/** Targets of links and pictures that are in the repository. */
function linksOf({ file, text }: Document): { path: string; anchor: string | undefined }[] {
  return [...prose(text).matchAll(/\]\(([^)\s]+)\)/g)]
    .map(([, target = '']) => target)
    .filter((target) => !/^[a-z]+:/.test(target))
    .map((target) => {
      const [path = '', anchor] = target.split('#');
      return { path: path === '' ? file : join(dirname(file), path), anchor };
    });
}

const PLACES = /^(?:src|test|tools|docs|service|rc|\.\.?)\//;

/** The beginning of a path, as far as it names no pattern and no placeholder. */
const certainPart = (path: string): string => {
  const parts = path.split('/');
  const open = parts.findIndex((part) => /[*<>{}…]/.test(part));
  return open < 0 ? path : parts.slice(0, open).join('/');
};

/** Files of the repository that a text names in its code. */
const pathsOf = (text: string): string[] =>
  codeOf(text)
    .flatMap((code) => code.split(/[\s"'(),;]+/))
    .map((word) => word.replace(/[.:]$/, ''))
    .filter((word) => PLACES.test(word) || /^[\w./-]+\.ts$/.test(word));

const SCRIPTS: ReadonlySet<string> = new Set(
  Object.keys(JSON.parse(readFileSync(join(TOP, 'package.json'), 'utf8')).scripts),
);
const COMMANDS: ReadonlySet<string> = new Set(
  [...readFileSync(join(TOP, 'src/cli.ts'), 'utf8').matchAll(/^ {2}'?([\w-]+)'?: async \(\) =>/gm)].map(
    ([, name = '']) => name,
  ),
);

interface Rule {
  readonly name: string;
  /** What is wrong, in words. */
  readonly broken: (document: Document) => readonly string[];
  /** A text that breaks it: a rule that nothing can break protects nobody. */
  readonly wrong: string;
}

const RULES: readonly Rule[] = [
  {
    name: `has lines of at most ${COLUMNS} characters`,
    broken: ({ text }) =>
      text.split('\n').filter((line) => [...line].length > COLUMNS && !UNBREAKABLE.test(line)),
    wrong: `| ${'wide '.repeat(COLUMNS / 5)} |`,
  },
  {
    name: 'has links that lead to a file',
    broken: (document) =>
      linksOf(document)
        .map(({ path }) => path)
        .filter((path) => !existsSync(join(TOP, path))),
    wrong: 'See [the page](docs/nowhere.md).',
  },
  {
    name: 'has links that lead to a heading',
    broken: (document) =>
      linksOf(document)
        .filter(({ path, anchor }) => {
          if (anchor === undefined || !path.endsWith('.md')) return false;
          if (path === document.file) return !anchorsOf(document.text).includes(anchor);
          const there = join(TOP, path);
          return existsSync(there) && !anchorsOf(readFileSync(there, 'utf8')).includes(anchor);
        })
        .map(({ path, anchor }) => `${path}#${anchor}`),
    wrong: '# A page\n\nSee [the part](#no-such-part).',
  },
  {
    name: 'names files that are there',
    broken: ({ file, text }) =>
      pathsOf(text).filter((path) => {
        const { files, lines } = parseGuide(text);
        const made = files.map((one) => join(TOP, one.file));
        const changed = [...made, ...lines.map((one) => join(TOP, one.file))];
        const from = [TOP, join(TOP, 'src'), join(TOP, dirname(file)), ...changed.map(dirname)];
        const places = from.map((folder) => resolve(folder, certainPart(path)));
        return !places.some((place) => existsSync(place) || made.some((one) => one.startsWith(place)));
      }),
    wrong: 'It is written in `src/no-room/file.ts`.',
  },
  {
    name: 'names scripts that npm knows',
    broken: ({ text }) =>
      codeOf(text)
        .flatMap((code) => [...code.matchAll(/\bnpm run (?:-s )?([\w:-]+)/g)].map(([, name = '']) => name))
        .filter((name) => !SCRIPTS.has(name)),
    wrong: 'Try `npm run nothing`.',
  },
  {
    name: 'names commands that the program knows',
    broken: ({ text }) =>
      codeOf(text)
        .flatMap((code) => [...code.matchAll(/(?:^|[ /])dbus-bms ([a-z][a-z-]*)/g)])
        .map(([, name = '']) => name)
        .filter((name) => !COMMANDS.has(name)),
    wrong: 'Try `dbus-bms guess ttyUSB0`.',
  },
];

describe.each(RULES)('every document $name', ({ broken, wrong }) => {
  it('without exception', () => {
    const found = IN_FORM.flatMap((document) => broken(document).map((what) => `${document.file}: ${what}`));
    expect(found).toEqual([]);
  });

  it('or the rule finds it', () => {
    expect(broken({ file: 'wrong.md', text: wrong })).toHaveLength(1);
  });
});

it('knows the documents, scripts and commands that are there', () => {
  expect(FILES.length).toBeGreaterThan(30);
  expect([...SCRIPTS]).toContain('golden');
  expect([...COMMANDS]).toContain('check-config');
});
