import { textAt } from './elf.ts';

const MAGIC = Buffer.from([0xda, 0x27]);
const COMMON_DATA = Buffer.from('CmnD');
/** Items of other languages than English ("de.res", "zh_Hant_TW.res", in any folder) and their index ("res_index.res"). */
const LANGUAGE = /(?:^|\/)(?!en(?:_|\.))[a-z]{2,3}(?:_[A-Za-z0-9]+)*\.res$/;
/** For word breaks in languages without spaces. */
const DICTIONARY = /\.dict$/;

/**
 * Fills the language data that nobody here uses with zeros, in the data of ICU (languages, calendars, names of currencies)
 * that a build of Node.js carries, so that archives become smaller. ICU treats an item that it cannot read as absent and
 * takes the root language. Returns the bytes that were cleared; 0 when the file holds no such data.
 */
export function clearLanguages(program: Buffer): number {
  const table = tableOf(program);
  if (table === undefined) return 0;
  const count = program.readUInt32LE(table);
  const items = Array.from({ length: count }, (_, index) => ({
    name: textAt(program, table + program.readUInt32LE(table + 4 + 8 * index)),
    at: table + program.readUInt32LE(table + 8 + 8 * index),
  }));
  let cleared = 0;
  for (const [index, { name, at }] of items.entries()) {
    const end = items[index + 1]?.at;
    // The length of the last item is not written down.
    if (end === undefined || !(LANGUAGE.test(name) || DICTIONARY.test(name))) continue;
    program.fill(0, at, end);
    cleared += end - at;
  }
  return cleared;
}

/** Start of the table of contents: after a header that begins with its own length and two magic bytes, format "CmnD". */
function tableOf(program: Buffer): number | undefined {
  for (let at = program.indexOf(COMMON_DATA); at >= 0; at = program.indexOf(COMMON_DATA, at + 1)) {
    const header = at - 12;
    if (header >= 0 && program.subarray(header + 2, header + 4).equals(MAGIC)) {
      const table = header + program.readUInt16LE(header);
      if (program.readUInt32LE(table) > 100) return table;
    }
  }
  return undefined;
}
