import { describe, expect, it } from 'vitest';
import { banksOf } from './bank.ts';
import { parseSettings } from './file.ts';

const banks = (text: string) => banksOf(parseSettings(text, 'test.toml'));
const bank = (name: string, ...members: readonly string[]): string =>
  `[[bank]]\nname = "${name}"\nmembers = [${members.map((member) => `"${member}"`).join(', ')}]\n`;

describe('banks of a settings file', () => {
  it('are none until the owner writes one', () => {
    expect(banks('')).toEqual({ banks: [], refused: [] });
  });

  it('are what the file says, in its order', () => {
    const text = `${bank('house', 'ttyUSB0', 'A100')}deviceInstance = 40\n${bank('boat', 'instance 3', 'ttyUSB7')}`;
    expect(banks(text).banks).toEqual([
      { name: 'house', members: ['ttyUSB0', 'A100'], deviceInstance: 40 },
      { name: 'boat', members: ['instance 3', 'ttyUSB7'] },
    ]);
  });

  it.each([
    ['no letter first', bank('1house', 'a', 'b'), 'bank[1].name', /is no name/],
    ['a sign in its name', bank('my house', 'a', 'b'), 'bank[1].name', /is no name/],
    ['one battery', bank('house', 'a'), 'bank[1].members', /two batteries at least/],
    ['a battery twice', bank('house', 'a', '/dev/a'), 'bank[1].members', /names \/dev\/a twice/],
    ['itself', bank('house', 'a', 'house'), 'bank[1].members', /cannot be its own member/],
    [
      'itself by its service',
      bank('house', 'a', 'com.victronenergy.battery.house'),
      'bank[1].members',
      /cannot be its own member/,
    ],
  ])('with %s are refused in one line', (_, text, key, expected) => {
    const { banks: used, refused } = banks(text);
    expect(used).toEqual([]);
    expect(refused).toHaveLength(1);
    expect(refused[0]).toMatchObject({ key, line: 1 });
    expect(refused[0]?.text).toMatch(expected);
    expect(refused[0]?.text).toMatch(/until then this bank is not used$/);
  });

  it('that claim one battery are both refused, and a third one is used', () => {
    const { banks: used, refused } = banks(
      bank('one', 'ttyUSB0', 'b') + bank('two', '/dev/ttyUSB0', 'c') + bank('three', 'd', 'e'),
    );
    expect(used.map(({ name }) => name)).toEqual(['three']);
    expect(refused.map(({ text }) => text.split(':')[0])).toEqual([
      'ttyUSB0 is a member of "two" too',
      '/dev/ttyUSB0 is a member of "one" too',
    ]);
  });

  it('do not have banks as members', () => {
    const { banks: used } = banks(bank('one', 'a', 'two') + bank('two', 'c', 'd'));
    expect(used.map(({ name }) => name)).toEqual(['two']);
  });
});
