/** What can be on a line that is opened: its end, or why not. */
export type Opened = 'ok' | 'busy' | 'missing';

/** What befalls the program from outside, and when (s); everything but the answers on the line. */
export type Outside = { readonly at: number } & (
  | {
      /**
       * start and stop of the program, loss of the line, loss of the bus, localsettings leaves and joins the bus, a consumer
       * looks at all items.
       */
      readonly do: 'start' | 'stop' | 'lose' | 'drop' | 'leave' | 'join' | 'look';
    }
  | {
      /** The owner writes an item; `pack` is the end of the service name of one pack of a bank. */
      readonly do: 'write';
      readonly pack?: string;
      readonly path: string;
      readonly type: 'i' | 'd' | 's';
      readonly value: number | string;
    }
  /** A setting in localsettings is changed in the display. */
  | { readonly do: 'change'; readonly setting: string; readonly value: number | string }
);

/** What the program does with its line, and what it gets for it. `line` is "9600 8N1", times are ms. */
export type Said = { readonly ms: number } & (
  | { readonly does: 'open'; readonly line: string; readonly opened: Opened }
  | { readonly does: 'set'; readonly line: string }
  | { readonly does: 'close' }
  | { readonly does: 'ask'; readonly request: string; readonly answer?: Answer }
);

/** Bytes in hex, and how long after the last byte of the request the first one comes, ms. */
export interface Answer {
  readonly delayMs: number;
  readonly bytes: string;
}

/** Under which circumstances the program runs. */
export interface Circumstances {
  /** Which battery is there. */
  readonly bms: string;
  readonly port: string;
  /** The settings file. */
  readonly settings: string;
  /** What localsettings has from an earlier life, by path. */
  readonly stored: Readonly<Record<string, string | number>>;
  /** s. */
  readonly pollInterval: number;
  /** s. */
  readonly end: number;
}

/** Everything that came to the program from outside, and what it said on the line. */
export interface Conversation {
  readonly circumstances: Circumstances;
  readonly outside: readonly Outside[];
  readonly said: readonly Said[];
}

const MOST_DIGITS = 3;

/** One line each: "12500.25 ask dda50300fffd77 60 dd03...". */
export function printConversation({ circumstances, outside, said }: Conversation): string {
  const timed = [
    ...outside.map(({ at, ...rest }) => ({ ms: 1000 * at, text: `! ${JSON.stringify(rest)}` })),
    ...said.map((item) => ({ ms: item.ms, text: printSaid(item) })),
  ].toSorted((a, b) => a.ms - b.ms);
  const lines = timed.map(({ ms, text }) => `${printMs(ms)} ${text}`);
  return [JSON.stringify(circumstances), ...lines, ''].join('\n');
}

export function parseConversation(text: string): Conversation {
  const [head = '', ...lines] = text.trimEnd().split('\n');
  const outside: Outside[] = [];
  const said: Said[] = [];
  for (const line of lines) {
    const [time = '', word = '', ...rest] = line.split(' ');
    if (word === '!') outside.push({ at: Number(time) / 1000, ...JSON.parse(rest.join(' ')) });
    else said.push({ ms: Number(time), ...parseSaid(word, rest) });
  }
  return { circumstances: JSON.parse(head), outside, said };
}

/** 12500.25: microseconds are the finest that counts. */
export function printMs(ms: number): string {
  return String(Number(ms.toFixed(MOST_DIGITS)));
}

export function printSaid(item: Said): string {
  switch (item.does) {
    case 'open':
      return `open ${item.line} ${item.opened}`;
    case 'set':
      return `set ${item.line}`;
    case 'close':
      return 'close';
    case 'ask':
      return `ask ${item.request}${item.answer === undefined ? '' : ` ${item.answer.delayMs} ${item.answer.bytes}`}`;
  }
}

type Untimed<T> = T extends { readonly ms: number } ? Omit<T, 'ms'> : never;

function parseSaid(word: string, rest: readonly string[]): Untimed<Said> {
  const [first = '', second = '', third = ''] = rest;
  if (word === 'open') return { does: word, line: `${first} ${second}`, opened: openedOf(third) };
  if (word === 'set') return { does: word, line: `${first} ${second}` };
  if (word === 'close') return { does: word };
  if (word !== 'ask') throw new Error(`a conversation has no line that begins with ${word}`);
  const answer = rest.length < 3 ? {} : { answer: { delayMs: Number(second), bytes: third } };
  return { does: word, request: first, ...answer };
}

function openedOf(word: string): Opened {
  if (word === 'ok' || word === 'busy' || word === 'missing') return word;
  throw new Error(`a line is opened ok, busy or missing, not ${word}`);
}
