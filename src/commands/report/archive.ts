import { gunzipSync, gzipSync } from 'node:zlib';
import { createTar, parseTar } from 'nanotar';
import { ConfigError } from '../../errors.ts';

/** Folder of the captures in a report. */
export const CAPTURES = 'capture/';
/** A report is far smaller; what unpacks to more is none. */
const MOST_BYTES = 64 * 1024 * 1024;

/** The files in a folder of their own, as a compressed archive that only its owner may read. */
export function packed(
  folder: string,
  files: readonly { readonly file: string; readonly text: string }[],
  mtime: number,
): Uint8Array {
  const entries = files.map(({ file, text }) => ({
    name: `${folder}/${file}`,
    data: new TextEncoder().encode(text),
  }));
  return gzipSync(createTar(entries, { attrs: { mode: '600', uid: 0, gid: 0, mtime } }));
}

/** The captures in a report, by port. Rejects what is no such archive with a ConfigError. */
export function capturesOf(
  bytes: Uint8Array,
  path: string,
): readonly { readonly port: string; readonly text: string }[] {
  try {
    const files = parseTar(gunzipSync(bytes, { maxOutputLength: MOST_BYTES }));
    return files.flatMap(({ data, name }) => {
      const [, port] = new RegExp(`^[^/]+/${CAPTURES}(.+)\\.jsonl$`).exec(name) ?? [];
      return port === undefined || data === undefined ? [] : [{ port, text: new TextDecoder().decode(data) }];
    });
  } catch (cause) {
    throw new ConfigError(`${path} is neither a capture nor a report: it cannot be unpacked`, { cause });
  }
}
