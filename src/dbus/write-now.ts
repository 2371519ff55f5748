import { writeSync } from 'node:fs';
import type { Duplex } from 'node:stream';

/**
 * Hands bytes to the system at once. The stream of a socket needs twice as long for it, which counts when it is done for
 * ever; whatever is not the usual case is left to the stream all the same: bytes that still wait, a peer that does not
 * read, a connection that ended.
 */
export function writeNow(stream: Duplex, bytes: Buffer): void {
  const sent = stream.writableLength === 0 ? attempt(stream, bytes) : 0;
  if (sent < bytes.length) stream.write(sent === 0 ? bytes : bytes.subarray(sent));
}

/** How many bytes the system took. */
function attempt(stream: Duplex, bytes: Buffer): number {
  const file = fileOf(stream);
  if (file === undefined) return 0;
  try {
    return writeSync(file, bytes);
  } catch {
    // The stream meets the same error, and tells of it to those who listen.
    return 0;
  }
}

/** The open file of a socket. Node.js does not document it; without it everything goes through the stream. */
function fileOf(
  stream: Duplex & { readonly _handle?: { readonly fd?: unknown } | null },
): number | undefined {
  const file = stream._handle?.fd;
  return typeof file === 'number' && file >= 0 ? file : undefined;
}
