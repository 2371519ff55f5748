/** Where the parts of a little-endian ELF file are, as far as we need them. */
interface Layout {
  readonly wordBytes: 4 | 8;
  readonly segments: readonly Segment[];
}

interface Segment {
  readonly type: number;
  readonly offset: number;
  readonly address: number;
  readonly size: number;
}

const LOAD = 1;
const DYNAMIC = 2;
const TAG = { end: 0, needed: 1, strings: 5 } as const;

/**
 * Removes `library` from the list of libraries that the loader wants before it starts the program; false if it is not in
 * the list. Only right for a library of which the program uses nothing.
 */
export function dropNeeded(elf: Buffer, library: string): boolean {
  const layout = layoutOf(elf);
  const dynamic = layout.segments.find(({ type }) => type === DYNAMIC);
  if (dynamic === undefined) return false;
  const step = 2 * layout.wordBytes;
  const entries = [];
  for (let at = dynamic.offset; at < dynamic.offset + dynamic.size; at += step) {
    const tag = word(elf, at, layout);
    if (tag === TAG.end) break;
    entries.push({ at, tag, value: word(elf, at + layout.wordBytes, layout) });
  }
  const strings = entries.find(({ tag }) => tag === TAG.strings);
  if (strings === undefined) return false;
  const base = fileOffset(layout, strings.value);
  const entry = entries.find(({ tag, value }) => tag === TAG.needed && textAt(elf, base + value) === library);
  if (entry === undefined) return false;
  const end = dynamic.offset + entries.length * step;
  elf.copyWithin(entry.at, entry.at + step, end);
  elf.fill(0, end - step, end);
  return true;
}

/** Text of the bytes up to the next zero. */
export function textAt(bytes: Buffer, at: number): string {
  return bytes.toString('latin1', at, bytes.indexOf(0, at));
}

function layoutOf(elf: Buffer): Layout {
  if (elf.readUInt32BE(0) !== 0x7f454c46 || elf[5] !== 1) throw new Error('not a little-endian ELF file');
  const is64 = elf[4] === 2;
  const wordBytes = is64 ? 8 : 4;
  const table = is64 ? Number(elf.readBigUInt64LE(0x20)) : elf.readUInt32LE(0x1c);
  const bytes = elf.readUInt16LE(is64 ? 0x36 : 0x2a);
  const count = elf.readUInt16LE(is64 ? 0x38 : 0x2c);
  const field = is64 ? { offset: 8, address: 16, size: 32 } : { offset: 4, address: 8, size: 16 };
  const segments = Array.from({ length: count }, (_, index) => {
    const at = table + index * bytes;
    return {
      type: elf.readUInt32LE(at),
      offset: word(elf, at + field.offset, { wordBytes }),
      address: word(elf, at + field.address, { wordBytes }),
      size: word(elf, at + field.size, { wordBytes }),
    };
  });
  return { wordBytes, segments };
}

function word(elf: Buffer, at: number, { wordBytes }: Pick<Layout, 'wordBytes'>): number {
  return wordBytes === 8 ? Number(elf.readBigUInt64LE(at)) : elf.readUInt32LE(at);
}

function fileOffset({ segments }: Layout, address: number): number {
  const segment = segments.find(
    (item) => item.type === LOAD && address >= item.address && address < item.address + item.size,
  );
  if (segment === undefined) throw new Error(`address ${address.toString(16)} is in no segment of the file`);
  return segment.offset + address - segment.address;
}
