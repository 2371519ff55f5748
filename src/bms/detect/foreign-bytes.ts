import { bytesOf, sameBytes } from '../../protocol/bytes.ts';

/** A part of a request as short as this may be chance. */
const LEAST_PART = 3;
/** A request is long enough to be known again with one byte damaged. */
const LEAST_DAMAGED = 6;

/**
 * What came beside our own requests, in the order in which it came. Taken off are whole requests wherever and however often they
 * stand, one with a single damaged byte at the beginning, and what is left of one that was cut. A line that is held at one
 * level is no part of a request, although requests hold such bytes too.
 */
export function foreignBytes(received: Uint8Array, sent: readonly Uint8Array[]): Uint8Array {
  const requests = sent.filter(({ length }) => length > 0).toSorted((a, b) => b.length - a.length);
  if (isPart(received, received, requests)) return new Uint8Array();
  const pieces = requests.reduce<Uint8Array[]>(
    (rest, request) => rest.flatMap((piece) => splitAt(piece, request)),
    [withoutDamagedEcho(received, requests)],
  );
  return bytesOf(...pieces.filter((piece) => !isPart(piece, received, requests)));
}

/** What stands before, between and behind the copies of `request`. */
function splitAt(bytes: Uint8Array, request: Uint8Array): Uint8Array[] {
  const pieces: Uint8Array[] = [];
  let from = 0;
  for (let at = 0; at + request.length <= bytes.length; ) {
    if (sameBytes(bytes.subarray(at, at + request.length), request)) {
      pieces.push(bytes.subarray(from, at));
      at += request.length;
      from = at;
    } else at += 1;
  }
  return [...pieces, bytes.subarray(from)].filter(({ length }) => length > 0);
}

function withoutDamagedEcho(received: Uint8Array, requests: readonly Uint8Array[]): Uint8Array {
  const echo = requests.find(
    (request) =>
      request.length >= LEAST_DAMAGED &&
      request.length <= received.length &&
      request.filter((byte, index) => byte !== received[index]).length === 1,
  );
  return echo === undefined ? received : received.subarray(echo.length);
}

/** A piece of a request: what was cut off behind or ahead, or fell out of the middle. */
function isPart(piece: Uint8Array, received: Uint8Array, requests: readonly Uint8Array[]): boolean {
  if (isOneLevel(piece)) return false;
  const isAll = piece.length === received.length;
  return requests.some((request) => {
    if (isAll && sameBytes(piece, request.subarray(0, piece.length))) return true;
    return piece.length >= LEAST_PART && holds(request, piece);
  });
}

/** Whether `piece` stands somewhere in `request`. */
export function holds(request: Uint8Array, piece: Uint8Array): boolean {
  for (let at = 0; at + piece.length <= request.length; at += 1)
    if (sameBytes(request.subarray(at, at + piece.length), piece)) return true;
  return false;
}

/** A line that is held low or open reads as one and the same byte. */
export function isOneLevel(bytes: Uint8Array): boolean {
  const [first] = bytes;
  return (first === 0 || first === 0xff) && bytes.every((byte) => byte === first);
}
