import { describe, expect, it } from 'vitest';
import { dropNeeded } from '../../tools/pack/elf.ts';
import { clearLanguages } from '../../tools/pack/icu.ts';

const LIBRARIES = ['libdl.so.2', 'libatomic.so.1', 'libc.so.6'];
const STRINGS_AT = 0x200;
const DYNAMIC_AT = 0x100;
const BASE = 0x10000;
const NEEDED = 1;
const STRINGS = 5;

/** A file with the few parts that are read: one loaded segment, and the list of what the loader must do. */
function elf(is64: boolean): Buffer {
  const file = Buffer.alloc(0x300);
  const wordBytes = is64 ? 8 : 4;
  const put = (at: number, value: number): void => {
    if (is64) file.writeBigUInt64LE(BigInt(value), at);
    else file.writeUInt32LE(value, at);
  };
  file.write('\x7fELF', 'latin1');
  file[4] = is64 ? 2 : 1;
  file[5] = 1;
  put(is64 ? 0x20 : 0x1c, 0x40);
  file.writeUInt16LE(is64 ? 56 : 32, is64 ? 0x36 : 0x2a);
  file.writeUInt16LE(2, is64 ? 0x38 : 0x2c);
  const segment = (index: number, type: number, offset: number, size: number): void => {
    const at = 0x40 + index * (is64 ? 56 : 32);
    file.writeUInt32LE(type, at);
    put(at + (is64 ? 8 : 4), offset);
    put(at + (is64 ? 16 : 8), BASE + offset);
    put(at + (is64 ? 32 : 16), size);
  };
  segment(0, 1, 0, file.length);
  segment(1, 2, DYNAMIC_AT, 0x80);
  let text = 1;
  const entries = LIBRARIES.map((library): [number, number] => {
    const at = text;
    file.write(`${library}\0`, STRINGS_AT + at, 'latin1');
    text += library.length + 1;
    return [NEEDED, at];
  });
  for (const [index, [tag, value]] of [...entries, [STRINGS, BASE + STRINGS_AT] as const].entries()) {
    put(DYNAMIC_AT + 2 * index * wordBytes, tag);
    put(DYNAMIC_AT + (2 * index + 1) * wordBytes, value);
  }
  return file;
}

/** What the loader would load. */
function needed(file: Buffer, is64: boolean): string[] {
  const wordBytes = is64 ? 8 : 4;
  const word = (at: number): number => (is64 ? Number(file.readBigUInt64LE(at)) : file.readUInt32LE(at));
  const found = [];
  for (let at = DYNAMIC_AT; word(at) !== 0; at += 2 * wordBytes) {
    const text = STRINGS_AT + word(at + wordBytes);
    if (word(at) === NEEDED) found.push(file.toString('latin1', text, file.indexOf(0, text)));
  }
  return found;
}

describe.each([
  ['32 bits', false],
  ['64 bits', true],
])('the list of needed libraries of a program of %s', (_, is64) => {
  it('loses the one that is named, and keeps the others in their order', () => {
    const file = elf(is64);
    expect(dropNeeded(file, 'libatomic.so.1')).toBe(true);
    expect(needed(file, is64)).toEqual(['libdl.so.2', 'libc.so.6']);
  });

  it('stays as it is when the library is not in it', () => {
    const file = elf(is64);
    const before = Buffer.from(file);
    expect(dropNeeded(file, 'libm.so.6')).toBe(false);
    expect(file.equals(before)).toBe(true);
  });
});

it('refuses to look for libraries in a file that is no program', () => {
  expect(() => dropNeeded(Buffer.alloc(64), 'libc.so.6')).toThrow('ELF');
});

describe('the language data in a program', () => {
  const OTHERS = Array.from(
    { length: 100 },
    (_, index) => `icudt73l/item${String(index).padStart(3, '0')}.icu`,
  );

  /** As ICU lays it out: a header, a table of names and places, then the items, each here 16 times the same byte. */
  function program(names: readonly string[]): Buffer {
    const header = Buffer.alloc(32);
    header.writeUInt16LE(header.length, 0);
    header.set([0xda, 0x27], 2);
    header.write('CmnD', 12, 'latin1');
    const table = Buffer.alloc(4 + 8 * names.length);
    table.writeUInt32LE(names.length, 0);
    const texts = Buffer.from(names.map((name) => `${name}\0`).join(''), 'latin1');
    const items = Buffer.alloc(16 * names.length, 0x55);
    let text = table.length;
    for (const [index, name] of names.entries()) {
      table.writeUInt32LE(text, 4 + 8 * index);
      table.writeUInt32LE(table.length + texts.length + 16 * index, 8 + 8 * index);
      text += name.length + 1;
    }
    return Buffer.concat([Buffer.from('program CmnD code'), header, table, texts, items]);
  }

  function isCleared(file: Buffer, names: readonly string[], name: string): boolean {
    const at = file.length - 16 * (names.length - names.indexOf(name));
    return file.subarray(at, at + 16).every((byte) => byte === 0);
  }

  it.each([
    ['icudt73l/de.res', true],
    ['icudt73l/lang/zh_Hant_TW.res', true],
    ['icudt73l/coll/fil.res', true],
    ['icudt73l/brkitr/thaidict.dict', true],
    ['icudt73l/en.res', false],
    ['icudt73l/en_001.res', false],
    ['icudt73l/root.res', false],
    ['icudt73l/zoneinfo64.res', false],
    ['icudt73l/nfc.nrm', false],
  ])('%s: cleared is %s', (name, cleared) => {
    const names = [name, ...OTHERS];
    const file = program(names);
    expect(clearLanguages(file)).toBe(cleared ? 16 : 0);
    expect(isCleared(file, names, name)).toBe(cleared);
    expect(OTHERS.some((other) => isCleared(file, names, other))).toBe(false);
  });

  it('is not looked for in vain in a program without any', () => {
    expect(clearLanguages(Buffer.from('CmnD and nothing else'))).toBe(0);
  });
});
