/** One option of an INI file. */
export interface IniOption {
  readonly name: string;
  readonly value: string;
  readonly line: number;
}

export interface Ini {
  readonly options: readonly IniOption[];
  readonly sections: readonly string[];
  /** Lines that are neither option, section nor comment. */
  readonly strange: readonly { readonly line: number; readonly text: string }[];
}

/**
 * Reads INI lines with the habits of Python's configparser: names in any case, `=` or `:`, indented lines go on with the value;
 * plus comments at the end of a line, which many have written. Total: what is no such line is listed.
 */
export function readIni(text: string): Ini {
  const options: IniOption[] = [];
  const sections: string[] = [];
  const strange: { line: number; text: string }[] = [];
  text
    .replace(/^\uFEFF/, '')
    .split(/\r\n|\n|\r/)
    .forEach((raw, index) => {
      const content = raw.replace(/(^|\s)[;#].*$/, '').trimEnd();
      if (content.trim() === '') return;
      const section = /^\[([^\]]*)\]?\s*$/.exec(content)?.[1];
      if (section !== undefined) {
        sections.push(section.trim());
        return;
      }
      const before = options.at(-1);
      if (/^\s/.test(content) && before !== undefined && !/^\s*[A-Za-z]\w*\s*=/.test(content)) {
        const value = [before.value, content.trim()].filter((part) => part !== '').join(' ');
        options[options.length - 1] = { ...before, value };
        return;
      }
      const [, name, value] = /^\s*([A-Za-z]\w*)\s*[=:]\s*(.*)$/.exec(content) ?? [];
      if (name !== undefined && value !== undefined) {
        options.push({ name: name.toUpperCase(), value: value.trim(), line: index + 1 });
      } else strange.push({ line: index + 1, text: content.trim() });
    });
  return { options, sections, strange };
}
