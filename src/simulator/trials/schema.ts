import { ConfigError } from '../../errors.ts';

/** Takes a value of JSON apart; throws a ConfigError of one line that begins with the path of the value. */
export type Parser<T> = (value: unknown, path: string) => T;
type Parsed<P> = P extends Parser<infer T> ? T : never;

function refuse(path: string, expected: string, value: unknown): never {
  const shown = JSON.stringify(value) ?? 'nothing';
  throw new ConfigError(
    `${path}: expected ${expected}, got ${shown.length > 40 ? `${shown.slice(0, 40)}..` : shown}`,
  );
}

export function number(min: number, max: number): Parser<number> {
  return (value, path) =>
    typeof value === 'number' && value >= min && value <= max
      ? value
      : refuse(path, `a number from ${min} to ${max}`, value);
}

export function integer(min: number, max: number): Parser<number> {
  return (value, path) =>
    typeof value === 'number' && Number.isInteger(value) && value >= min && value <= max
      ? value
      : refuse(path, `a whole number from ${min} to ${max}`, value);
}

export const flag: Parser<boolean> = (value, path) =>
  typeof value === 'boolean' ? value : refuse(path, 'true or false', value);

export const text: Parser<string> = (value, path) =>
  typeof value === 'string' ? value : refuse(path, 'a text', value);

export function oneOf<const T extends string | number>(choices: readonly T[]): Parser<T> {
  return (value, path) =>
    choices.find((choice) => choice === value) ?? refuse(path, `one of ${choices.join(', ')}`, value);
}

/** A probability: a number of 0..1, or true for always. */
export const chance: Parser<number> = (value, path) =>
  typeof value === 'boolean' ? Number(value) : number(0, 1)(value, path);

/** Null instead of a value has a meaning of its own: "no longer". */
export function nullable<T>(parser: Parser<T>): Parser<T | null> {
  return (value, path) => (value === null ? null : parser(value, path));
}

export function optional<T>(parser: Parser<T>): Parser<T | undefined> {
  return (value, path) => (value === undefined ? undefined : parser(value, path));
}

/** The fallback stands as if it had been written. */
export function or<T>(parser: Parser<T>, fallback: unknown): Parser<T> {
  return (value, path) => parser(value === undefined ? fallback : value, path);
}

export function list<T>(item: Parser<T>, least: number, most: number): Parser<readonly T[]> {
  return (value, path) =>
    Array.isArray(value) && value.length >= least && value.length <= most
      ? value.map((entry: unknown, index) => item(entry, `${path}[${index}]`))
      : refuse(path, `a list of ${least} to ${most} entries`, value);
}

/** Any names, one kind of value. */
export function record<T>(key: Parser<string>, item: Parser<T>): Parser<Readonly<Record<string, T>>> {
  return (value, path) =>
    isObject(value)
      ? Object.fromEntries(
          Object.entries(value).map(([name, entry]) => [
            key(name, `${path}.${name}`),
            item(entry, `${path}.${name}`),
          ]),
        )
      : refuse(path, 'an object', value);
}

type Shape = Readonly<Record<string, Parser<unknown>>>;
type Shaped<S extends Shape> = { readonly [K in keyof S]: Parsed<S[K]> };

/** An object with these names and no others. */
export function object<S extends Shape>(shape: S): Parser<Shaped<S>> {
  return (value, path) => {
    if (!isObject(value)) return refuse(path, 'an object', value);
    const within = path === '' ? '' : `${path}.`;
    for (const name of Object.keys(value)) {
      if (!Object.hasOwn(shape, name))
        throw new ConfigError(`${within}${name}: unknown; known are ${Object.keys(shape).join(', ')}`);
    }
    // Every name of the shape is visited, which the type of Object.fromEntries cannot tell.
    return Object.fromEntries(
      Object.entries(shape).map(([name, parser]) => [name, parser(value[name], within + name)]),
    ) as Shaped<S>;
  };
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
