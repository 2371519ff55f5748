import { createHash, timingSafeEqual } from 'node:crypto';
import { isIP } from 'node:net';

/** What of a request decides whether it is answered. */
export interface Asked {
  readonly method: string;
  /** Path and query. */
  readonly url: string;
  /** Headers in small letters. */
  readonly headers: Readonly<Record<string, string | undefined>>;
}

export interface GuardSettings {
  /** Names under which this device may be asked, beside its addresses; small letters. */
  readonly names: readonly string[];
  /** Absent on loopback, where none is needed. */
  readonly token?: string;
}

export type Verdict =
  | { readonly kind: 'answer'; readonly path: string }
  /** The token came in the address: it is put into a cookie and taken out of the address. */
  | { readonly kind: 'welcome'; readonly location: string; readonly cookie: string }
  | { readonly kind: 'refuse'; readonly status: 400 | 401 | 403 | 405; readonly text: string };

const COOKIE = 'dbus_bms';

/**
 * Whether a request comes from somebody who may read. A page of somebody else cannot: a name that is not ours (DNS
 * rebinding), another origin and every method but reading are refused.
 */
export function judge({ headers, method, url }: Asked, { names, token }: GuardSettings): Verdict {
  if (method !== 'GET' && method !== 'HEAD') return refuse(405, 'this page only shows: GET and HEAD');
  const host = hostOf(headers['host']);
  if (host === undefined) return refuse(400, 'the request names no host');
  if (isIP(host) === 0 && !names.includes(host))
    return refuse(
      403,
      `"${host.slice(0, 60)}" is no name of this device; use its address, or add the name to bridge.web.names`,
    );
  const { origin, 'sec-fetch-site': site } = headers;
  const isOther = origin !== undefined && hostOf(origin.replace(/^https?:\/\//, '')) !== host;
  // A link that somebody follows is no attack; what another page asks for in the background is.
  const isBehind = site === 'cross-site' && headers['sec-fetch-mode'] !== 'navigate';
  if (isOther || isBehind) return refuse(403, 'another page may not read this one');
  const isOurs = url.startsWith('/') && !/^\/[/\\]/.test(url) && URL.canParse(url, 'http://page');
  if (!isOurs) return refuse(400, 'the address is none of this page');
  const { pathname, searchParams } = new URL(url, 'http://page');
  if (token === undefined) return { kind: 'answer', path: pathname };
  const given = searchParams.get('token');
  if (given !== null && isSame(given, token)) {
    const cookie = `${COOKIE}=${encodeURIComponent(token)}; Path=/; HttpOnly; SameSite=Strict; Max-Age=31536000`;
    return { kind: 'welcome', location: '/', cookie };
  }
  const bearer = /^Bearer (.+)$/.exec(headers['authorization'] ?? '')?.[1];
  const known = bearer ?? cookieOf(headers['cookie']);
  if (known !== undefined && isSame(known, token)) return { kind: 'answer', path: pathname };
  return refuse(401, 'open the page once with ?token=... at the end of its address');
}

function refuse(status: 400 | 401 | 403 | 405, text: string): Verdict {
  return { kind: 'refuse', status, text };
}

/** The host of a Host header without its port, in small letters, an IPv6 address without brackets. */
function hostOf(header: string | undefined): string | undefined {
  const [, bracketed, plain] = /^(?:\[([\da-f:.]+)\]|([^\s:[\]/@]+))(?::\d{1,5})?$/i.exec(header ?? '') ?? [];
  return (bracketed ?? plain)?.toLowerCase().replace(/\.$/, '');
}

function cookieOf(header: string | undefined): string | undefined {
  for (const pair of (header ?? '').split(';')) {
    const [name, value] = pair.trim().split('=', 2);
    if (name !== COOKIE || value === undefined) continue;
    try {
      return decodeURIComponent(value);
    } catch {
      return undefined; // No cookie of ours.
    }
  }
  return undefined;
}

/** Takes the same time whatever is given. */
function isSame(given: string, token: string): boolean {
  const digest = (text: string): Buffer => createHash('sha256').update(text).digest();
  return timingSafeEqual(digest(given), digest(token));
}
