import { decodeLog, type Exchanged, findFrame } from '../bms/decode.ts';
import type { BmsDriver } from '../bms/driver.ts';
import { BmsError, UsageError } from '../errors.ts';
import { fromHex } from '../protocol/bytes.ts';

const FORM = 'expected "<request hex> <reply hex>"';
/** What logs have between request and reply. */
const ARROW = /\s*(?:-+>|=+>|\|)\s*/;

/**
 * One exchange of a support log: the first word is the request, the others are the reply; or an arrow stands between both.
 * Where every byte is a word of its own, the only cut that one of `drivers` understands counts. Throws a UsageError of one line.
 */
export function parseHexLine(line: string, drivers: readonly BmsDriver[]): Exchanged {
  const plain = line.trim().replaceAll(/\b0x/gi, '').replaceAll(/[,;]/g, ' ').replaceAll(':', '');
  const sides = plain.split(ARROW);
  if (sides.length === 2) return exchangeOf(sides[0] ?? '', sides[1] ?? '', line);
  const words = plain.split(/\s+/);
  if (words.length > 2 && words.every((word) => /^[\da-f]{2}$/i.test(word)))
    return cutOf(words, line, drivers);
  const [request = '', ...reply] = words;
  return exchangeOf(request, reply.join(''), line);
}

function exchangeOf(asked: string, answered: string, line: string): Exchanged {
  const [request, reply] = [asked, answered].map(fromHex);
  if (request === undefined || reply === undefined) {
    throw new UsageError(`${FORM}, got "${shown(line)}": ${hexFault(asked + answered)}`);
  }
  if (request.length === 0) throw new UsageError(`${FORM}, got "${shown(line)}": there is no request`);
  return { request, reply };
}

function hexFault(text: string): string {
  const odd = /[^\da-f\s]/i.exec(text)?.[0];
  return odd === undefined ? 'half a byte is missing' : `"${odd}" is no hex digit`;
}

/** Spaced bytes: where the request ends is known only when a single cut makes sense. */
function cutOf(words: readonly string[], line: string, drivers: readonly BmsDriver[]): Exchanged {
  const cuts: Exchanged[] = [];
  for (let at = 1; at < words.length; at += 1) {
    const exchange = exchangeOf(words.slice(0, at).join(''), words.slice(at).join(''), line);
    if (drivers.some((driver) => isUnderstood(driver, exchange))) cuts.push(exchange);
  }
  const [only, ...more] = cuts;
  if (only !== undefined && more.length === 0) return only;
  throw new UsageError(
    `the bytes are spaced, so it cannot be told where the request ends; write "<request hex> -> <reply hex>", got "${shown(line)}"`,
  );
}

/** The reply is one frame from its first byte to its last, and says something. */
function isUnderstood(driver: BmsDriver, exchange: Exchanged): boolean {
  try {
    const isWhole = findFrame(driver, exchange).length === exchange.reply.length;
    return isWhole && decodeLog([driver], [exchange]).driver === driver;
  } catch (error) {
    if (error instanceof BmsError) return false;
    throw error;
  }
}

function shown(line: string): string {
  const plain = line.trim().replaceAll(/[^\x20-\x7e]/g, '.');
  return plain.length > 60 ? `${plain.slice(0, 60)}...` : plain;
}
