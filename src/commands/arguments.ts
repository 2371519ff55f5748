import { type ParseArgsConfig, parseArgs } from 'node:util';
import { UsageError } from '../errors.ts';
import { nearest } from '../settings/nearest.ts';

type Options = NonNullable<ParseArgsConfig['options']>;
type Parsed<T extends Options> = ReturnType<
  typeof parseArgs<{ args: string[]; allowPositionals: true; options: T }>
>;

/** Options and the words between them. Throws a UsageError of one line that names what is wrong and what is meant. */
export function parseArguments<const T extends Options>(args: readonly string[], options: T): Parsed<T> {
  const { tokens } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options,
    strict: false,
    tokens: true,
  });
  const sound: string[] = [];
  for (const token of tokens) {
    if (token.kind === 'option-terminator') sound.push('--');
    else if (token.kind === 'positional') sound.push(token.value);
    else {
      const { name, rawName, value, inlineValue } = token;
      const option = Object.hasOwn(options, name) ? options[name] : undefined;
      if (option === undefined) throw new UsageError(unknownOption(rawName, Object.keys(options)));
      if (option.type === 'boolean') {
        if (value !== undefined) throw new UsageError(`${rawName} takes no value, got "${value}"`);
        sound.push(`--${name}`);
      } else {
        // What looks like the next option is one, but for a number below zero.
        const isMissing = value === undefined || value === '' || (!inlineValue && /^-(?!\d)/.test(value));
        if (isMissing) throw new UsageError(`${rawName} needs a value`);
        sound.push(`--${name}=${value}`);
      }
    }
  }
  return parseArgs({ args: sound, allowPositionals: true, options });
}

function unknownOption(written: string, known: readonly string[]): string {
  const meant = nearest(written, [...known, 'help']);
  const there = [...known, 'help'].map((name) => `--${name}`).join(', ');
  return `there is no option ${written}; ${meant === undefined ? `there are: ${there}` : `did you mean --${meant}?`}`;
}

/** The only word of a command line; `what` says in a message what it must be. */
export function onlyWord(words: readonly string[], what: string): string {
  const [word, ...more] = words;
  if (word === undefined || word.trim() === '') throw new UsageError(`expected ${what}`);
  if (more.length > 0) throw new UsageError(`expected ${what}, got ${words.length}: ${words.join(' ')}`);
  return word;
}

/** For a command that takes options only. */
export function noWord(words: readonly string[]): void {
  if (words.length > 0) throw new UsageError(`"${words[0]}" is not expected here`);
}
