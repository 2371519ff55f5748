import { readdirSync, readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { drivers } from './golden/adapter.ts';
import { type Conversation, parseConversation, printConversation, type Said } from './golden/conversation.ts';
import { decode, encode, lengthOf, type Message } from './golden/dbus-messages.ts';
import { Variant } from './golden/dbus-values.ts';
import { differenceOf } from './golden/difference.ts';
import { read, storedBytes, storedNames } from './golden/files.ts';
import { judge } from './golden/judge.ts';
import { PLANS } from './golden/plans.ts';
import { replay } from './golden/replay.ts';

/** `npm run golden` compares all of them; these are one of every kind: serial and network, alone and several, each profile, a search. */
const QUICK = ['jbd/single', 'hubble-am2/single', 'topbms/bank', 'search/bad-line'];
const PLAY_MS = 120_000;
/** Where nobody answers, nobody is published. */
const NOTHING_FOUND = ['search/nobody', 'search/noise'];
const MIB = 1024 * 1024;

describe('the golden recordings', () => {
  it.each(QUICK)(
    '%s comes out as it was recorded, byte for byte',
    async (name) => {
      const { difference } = await judge(name);
      expect(difference).toBeUndefined();
    },
    PLAY_MS,
  );

  it('are those that are planned, every recorded driver among them', () => {
    expect(storedNames()).toEqual(PLANS.map(({ name }) => name).toSorted());
    expect(drivers().map(({ id }) => `${id}/single`)).toEqual(
      PLANS.map(({ name }) => name).filter((name) => name.endsWith('/single')),
    );
  });

  it.each(storedNames().filter((name) => !name.startsWith('search/')))(
    '%s holds at least 200 polls, lost requests and late answers',
    (name) => {
      const { circumstances, said } = read(name).conversation;
      const asked = said.filter((item) => item.does === 'ask');
      const polls = new Set(asked.map(({ ms }) => Math.floor(ms / (1000 * circumstances.pollInterval))));
      expect(polls.size).toBeGreaterThan(200);
      expect(asked.filter(({ answer }) => answer === undefined).length).toBeGreaterThan(20);
      expect(Math.max(...asked.map(({ answer }) => answer?.delayMs ?? 0))).toBeGreaterThan(250);
    },
  );

  it.each(storedNames())('%s holds what consumers saw and what the program said', (name) => {
    const lines = read(name)
      .transcript.trimEnd()
      .split('\n')
      .map((line): Record<string, unknown> => JSON.parse(line));
    const kinds = new Set(lines.flatMap((line) => Object.keys(line)));
    expect([...kinds]).toEqual(expect.arrayContaining(['started', 'ended', 'log']));
    if (!NOTHING_FOUND.includes(name)) {
      expect([...kinds]).toEqual(
        expect.arrayContaining(['name', 'asked', 'items', 'changed', 'calls', 'file']),
      );
      expect(
        lines.some(({ items = {} }) => Object.keys(Object(items)).includes('/Info/MaxChargeCurrent')),
      ).toBe(true);
    }
    if (name.endsWith('/single')) {
      const answers = lines
        .filter(({ wrote }) => typeof wrote === 'string')
        .map(({ answer }) => JSON.stringify(answer));
      expect(answers).toContain('["i",0]');
      expect(answers).toContain('["i",1]');
    }
  });

  it('know the program in one file only', () => {
    const folder = new URL('./golden/', import.meta.url);
    const users = readdirSync(folder)
      .filter((file) => file.endsWith('.ts'))
      .filter((file) => /from '[./]*\/src\//.test(readFileSync(new URL(file, folder), 'utf8')));
    expect(users).toEqual(['adapter.ts']);
  });

  it('are small', () => {
    expect(storedBytes()).toBeLessThan(3 * MIB);
  });
});

describe('a replay', () => {
  /** Some seconds are enough to tell. */
  function beginning(change: (conversation: Conversation) => Conversation): Conversation {
    const { circumstances, outside, said } = read('jbd/single').conversation;
    const end = 20;
    return change({
      circumstances: { ...circumstances, end },
      outside: outside.filter(({ at }) => at < end),
      said: [...said.filter(({ ms }) => ms < 1000 * end), { ms: 1000 * end, does: 'close' }],
    });
  }

  it(
    'says when, at which poll and with what the program departs from its recording',
    async () => {
      const conversation = beginning((whole) => {
        const said = whole.said.map((item) =>
          item.does === 'ask' && item.ms > 12_000 ? { ...item, request: `${item.request}00` } : item,
        );
        return { ...whole, said };
      });
      const wanted = conversation.said.find(({ ms }) => ms > 12_000);
      const { departure } = await replay(conversation);
      expect(departure).toMatch(/^13\.\d+ s, about poll 4 since the start at 0 s: the program does "ask dd/);
      expect(departure).toContain(wanted?.does === 'ask' ? `has "ask ${wanted.request}"` : 'never');
    },
    PLAY_MS,
  );

  it(
    'does not take the same request at another time for the same',
    async () => {
      const conversation = beginning((whole) => ({
        ...whole,
        said: whole.said.map((item) => (item.ms > 12_000 ? { ...item, ms: item.ms + 1 } : item)),
      }));
      expect((await replay(conversation)).departure).toContain('about poll 4');
    },
    PLAY_MS,
  );

  it(
    'tells what the recording has and the program does not',
    async () => {
      const conversation = beginning((whole) => ({
        ...whole,
        said: [...whole.said, { ms: 20_000, does: 'ask', request: 'dda5' }],
      }));
      expect((await replay(conversation)).departure).toBe(
        'the program ended; the recording goes on with "ask dda5" at 20000 ms',
      );
    },
    PLAY_MS,
  );

  it(
    'shows what an answer changes as a difference of the items on the bus',
    async () => {
      const asIs = await replay(beginning((whole) => whole));
      const higher = await replay(
        beginning((whole) => ({
          ...whole,
          said: whole.said.map((item) => (item.ms > 12_000 ? lifted(item) : item)),
        })),
      );
      expect(higher.departure).toBeUndefined();
      expect(differenceOf(asIs.transcript, higher.transcript)).toMatch(
        /changed\.\/Dc\/0\/Voltage\.1: [\d.]+ -> [\d.]+\n/,
      );
    },
    PLAY_MS,
  );

  /** The basic information of a JBD battery with 0.1 V more: dd 03 00 length, voltage in 10 mV, ..., checksum, 77. */
  function lifted(item: Said): Said {
    if (item.does !== 'ask' || !item.answer?.bytes.startsWith('dd0300')) return item;
    const bytes = Buffer.from(item.answer.bytes, 'hex');
    bytes[5] = (bytes[5] ?? 0) + 10;
    bytes.writeUInt16BE(bytes.readUInt16BE(bytes.length - 3) - 10, bytes.length - 3);
    return { ...item, answer: { ...item.answer, bytes: bytes.toString('hex') } };
  }
});

describe('a difference', () => {
  it('names the first line and every value in it that changed', () => {
    const before =
      '{"t":1}\n{"t":2,"changed":{"/Soc":["d",50,"50%"],"/Dc/0/Voltage":["d",52.1,"52.1V"]}}\n{"t":3}\n';
    const after =
      '{"t":1}\n{"t":2,"changed":{"/Soc":["d",51,"51%"],"/Dc/0/Voltage":["d",52.1,"52.1V"]}}\n{"t":3}\n';
    const shown = differenceOf(before, after) ?? '';
    expect(shown).toContain('line 2:');
    expect(shown).toContain('changed./Soc.1: 50 -> 51');
    expect(shown).toContain('changed./Soc.2: "50%" -> "51%"');
    expect(shown).not.toContain('52.1V" ->');
  });

  it('is there when one text only begins like the other', () => {
    expect(differenceOf('a\nb\n', 'a\n')).toContain('- b');
    expect(differenceOf('a\n', 'a\nb\n')).toContain('+ b');
    expect(differenceOf('a\n', 'a\n')).toBeUndefined();
  });
});

describe('a conversation', () => {
  it('reads back as it was written', () => {
    const { conversation } = read('daly/single');
    const text = printConversation(conversation);
    expect(printConversation(parseConversation(text))).toBe(text);
  });
});

describe('the D-Bus messages of the harness', () => {
  const scalar = fc.oneof(
    fc
      .string({ unit: 'grapheme' })
      .filter((text) => !text.includes('\0'))
      .map((text) => new Variant('s', text)),
    fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 }).map((value) => new Variant('i', value)),
    fc.double({ noNaN: true }).map((value) => new Variant('d', value)),
    fc.constant(new Variant('ai', [])),
  );
  const items = fc.array(
    fc.tuple(
      fc.stringMatching(/^\/[A-Za-z0-9]{1,9}$/),
      fc.array(fc.tuple(fc.constant('Value'), scalar), { maxLength: 2 }),
    ),
    { maxLength: 5 },
  );

  it('are read as they were written, and know their length', () => {
    fc.assert(
      fc.property(items, fc.nat(), (dictionary, serial) => {
        const message: Message = {
          type: 4,
          flags: 1,
          serial,
          path: '/',
          interface: 'com.victronenergy.BusItem',
          member: 'ItemsChanged',
          signature: 'a{sa{sv}}',
          body: [dictionary],
        };
        const bytes = encode(message);
        expect(lengthOf(bytes)).toBe(bytes.length);
        expect(decode(bytes)).toEqual(message);
      }),
    );
  });
});
