import { parse, TomlError } from 'smol-toml';

/**
 * The file, statement by statement. TOML is strict: one misplaced character loses the whole document, and the parser
 * gives no line for what it understood. So each header and each assignment is parsed on its own: what is readable
 * is read, with its line, and what is not is reported where it stands.
 */
export type Statement = Header | Assignment | Broken;

/** `[a.b]`, or `[[a]]` for one of several: what follows belongs to it. */
export interface Header {
  readonly kind: 'header';
  readonly line: number;
  readonly path: readonly string[];
  /** `[[a]]`: one more of a list. */
  readonly isElement?: true;
}

export interface Assignment {
  readonly kind: 'assignment';
  readonly line: number;
  readonly path: readonly string[];
  readonly value: unknown;
  /** How it should have been written. */
  readonly note?: string;
}

export interface Broken {
  readonly kind: 'broken';
  readonly line: number;
  readonly column: number;
  readonly reason: string;
  /** What stands before the `=`, or a header that cannot be read. */
  readonly name: string;
  readonly isHeader: boolean;
}

/** Lines that one value may go on over; a longer one is a forgotten bracket. */
const LONGEST_VALUE = 64;
const STATEMENT = /^\s*(\[+\s*["']?[A-Za-z_]|["']?[A-Za-z_][\w."' -]*=)/;
const OPENS = /=\s*([[{]|"""|''')/;

/** Every statement of `text` in its order; never throws. Inline tables come as one assignment per value. */
export function readStatements(text: string): Statement[] {
  const lines = text.replace(/^\uFEFF/, '').split(/\r\n|\n|\r/);
  const statements: Statement[] = [];
  let at = 0;
  while (at < lines.length) {
    const line = lines[at] ?? '';
    const start = line.trim().charAt(0);
    if (start === '' || start === '#' || start === ';') at += 1;
    else if (start === '[') {
      statements.push(readHeader(line, at + 1));
      at += 1;
    } else {
      const { found, taken } = readAssignment(lines, at);
      statements.push(...found);
      at += taken;
    }
  }
  return statements;
}

function readHeader(line: string, number: number): Statement {
  const parsed = tryParse(withoutSemicolonComment(line));
  if ('table' in parsed) {
    const path: string[] = [];
    let table: unknown = parsed.table;
    while (isTable(table)) {
      const [name] = Object.keys(table);
      if (name === undefined) return { kind: 'header', line: number, path };
      path.push(name);
      table = table[name];
    }
    // What is no table is the list that `[[a]]` makes.
    return { kind: 'header', line: number, path, isElement: true };
  }
  return broken(line, number, parsed);
}

function readAssignment(lines: readonly string[], at: number): { found: Statement[]; taken: number } {
  const line = lines[at] ?? '';
  const first = tryParse(line);
  if ('table' in first) return { found: flattened(first.table, at + 1), taken: 1 };
  const mended = mend(line);
  if (mended !== undefined) {
    const again = tryParse(mended.line);
    if ('table' in again) return { found: flattened(again.table, at + 1, mended.note), taken: 1 };
  }
  const opens = OPENS.exec(line)?.[1];
  if (opens === undefined) return { found: [broken(line, at + 1, first)], taken: 1 };
  const isText = opens.length === 3;
  let taken = 1;
  let last = first;
  while (taken < LONGEST_VALUE && at + taken < lines.length) {
    const next = lines[at + taken] ?? '';
    if (!isText && STATEMENT.test(next)) break;
    taken += 1;
    const longer = tryParse(lines.slice(at, at + taken).join('\n'));
    if ('table' in longer) return { found: flattened(longer.table, at + 1), taken };
    last = longer;
  }
  // A text that never ends would swallow every setting after it: give up on its first line only.
  return isText
    ? { found: [broken(line, at + 1, first)], taken: 1 }
    : { found: [broken(line, at + 1, last)], taken };
}

interface Fault {
  readonly line: number;
  readonly column: number;
  readonly reason: string;
}

function tryParse(text: string): { readonly table: object } | Fault {
  try {
    return { table: parse(text, { maxDepth: 16 }) };
  } catch (error) {
    if (!(error instanceof TomlError)) throw error;
    const [message = ''] = error.message.replace('Invalid TOML document: ', '').split('\n');
    return { line: error.line, column: error.column, reason: message };
  }
}

function broken(line: string, number: number, fault: Fault): Broken {
  const isHeader = line.trim().startsWith('[');
  const name = (isHeader ? line : (line.split('=')[0] ?? '')).trim();
  return {
    kind: 'broken',
    line: number + fault.line - 1,
    column: fault.column,
    reason: isHeader ? headerFault(line, fault) : assignmentFault(line),
    name,
    isHeader,
  };
}

/** What is wrong with a section, in other words than those of the parser. */
function headerFault(line: string, { reason }: Fault): string {
  if (/^\s*\[\[/.test(line)) return 'brackets go in pairs: write [name], or [[name]] for one of a list';
  if (!line.includes(']')) return 'the section lacks its closing bracket: write [name]';
  return reason === '' || !line.trim().endsWith(']')
    ? 'nothing but a comment may follow the section'
    : 'this is no section: write [name], or [ports."ttyUSB0"] for one port';
}

function assignmentFault(line: string): string {
  const [name = '', ...values] = line.split('=');
  const value = values.join('=').trim();
  if (values.length === 0) return 'there is no "=": write name = value';
  if (name.trim() === '') return 'there is no name before the "="';
  if (value === '' || /^[#;]/.test(value)) return 'there is no value; give one or delete the line';
  if (value.startsWith('=')) return 'there are two "="; one is enough';
  if ((value.match(/"/g) ?? []).length % 2 === 1) return 'the text lacks one of its quotes (")';
  if ((value.match(/'/g) ?? []).length % 2 === 1) return "the text lacks one of its quotes (')";
  for (const [open, close] of ['[]', '{}']) {
    const count = (sign = ''): number => value.split(sign).length;
    if (count(open) !== count(close)) return `a bracket is missing: ${open} and ${close} go in pairs`;
  }
  if (/\s/.test(name.trim()) && !/^\s*["']/.test(name)) return 'a name is one word';
  return 'the value cannot be read: a text stands in quotes, a number has a point and no unit';
}

function isTable(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Date);
}

/** The values of a table and of the tables inside it, as assignments. */
export function flattened(table: object, line: number, note?: string): Assignment[] {
  const found: Assignment[] = [];
  const walk = (value: unknown, path: readonly string[]): void => {
    if (isTable(value)) {
      for (const [name, inner] of Object.entries(value)) walk(inner, [...path, name]);
    } else found.push({ kind: 'assignment', line, path, value, ...(note !== undefined && { note }) });
  };
  walk(table, []);
  return found;
}

function withoutSemicolonComment(line: string): string {
  return line.replace(/\s*;[^"']*$/, '');
}

/**
 * A line written by habit of other file formats, as TOML: words without quotes, True, comments after a semicolon,
 * typographic quotes. Undefined when it is none of these.
 */
function mend(line: string): { line: string; note: string } | undefined {
  const straight = line
    .replace(/[“”„«»]/g, '"')
    .replace(/[‘’]/g, "'")
    .replace(/\u00a0/g, ' ');
  const match = /^([^=]+=)\s*("[^"]*"|'[^']*'|[^#;"'[\]{}]+?)\s*([#;].*)?$/u.exec(straight);
  const [, name, value] = match ?? [];
  if (name === undefined || value === undefined) return undefined;
  const asTyped = tryParse(`value = ${value}`);
  if ('table' in asTyped)
    return { line: `${name} ${value}`, note: 'a comment begins with #, quotes are straight (")' };
  if (/^(true|false)$/i.test(value)) {
    return { line: `${name} ${value.toLowerCase()}`, note: `write ${value.toLowerCase()} in lower case` };
  }
  if (!/^[\p{L}\p{N}][\p{L}\p{N} _.,:/+%°-]*$|^[+-]?[\d.,]+$/u.test(value)) return undefined;
  const quoted = JSON.stringify(value);
  return { line: `${name} ${quoted}`, note: `a text stands in quotes: ${quoted}` };
}
