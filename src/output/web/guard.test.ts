import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Asked, judge } from './guard.ts';

const asked = (headers: Asked['headers'] = {}, url = '/', method = 'GET'): Asked => ({
  method,
  url,
  headers: { host: '192.168.1.5:8088', ...headers },
});
const OPEN = { names: ['venus.local'] };
const LOCKED = { ...OPEN, token: 'a-token-of-sixteen' };

describe('a request to the page', () => {
  it.each([
    '127.0.0.1',
    '127.0.0.1:8088',
    '192.168.1.5:8088',
    '[::1]:8088',
    '[fe80::1]',
    'venus.local',
    'VENUS.local:80',
  ])('is answered under %s', (host) => {
    expect(judge(asked({ host }), OPEN)).toEqual({ kind: 'answer', path: '/' });
  });

  it.each([
    'evil.example',
    'venus.local.evil.example',
    'localhost.',
    '127.0.0.1.evil.example:8088',
    'venus.local@evil.example',
    '',
  ])('is not answered under the name %j, which may be made to lead here', (host) => {
    expect(judge(asked({ host }), OPEN)).toMatchObject({ kind: 'refuse' });
  });

  it.each(['POST', 'PUT', 'DELETE', 'PATCH', 'OPTIONS', 'CONNECT', 'TRACE', ''])(
    'changes nothing with %j',
    (method) => {
      expect(judge(asked({}, '/', method), OPEN)).toMatchObject({ kind: 'refuse', status: 405 });
    },
  );

  it('of another origin is refused, and that of the page itself is not', () => {
    expect(judge(asked({ origin: 'http://evil.example' }), OPEN)).toMatchObject({ status: 403 });
    expect(judge(asked({ origin: 'null' }), OPEN)).toMatchObject({ status: 403 });
    expect(judge(asked({ 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'no-cors' }), OPEN)).toMatchObject(
      { status: 403 },
    );
    expect(judge(asked({ origin: 'http://192.168.1.5:8088' }), OPEN)).toMatchObject({ kind: 'answer' });
    expect(
      judge(asked({ 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'navigate' }), OPEN),
    ).toMatchObject({ kind: 'answer' });
  });

  it('needs the token where there is one: in the address once, then in a cookie that no script reads', () => {
    expect(judge(asked(), LOCKED)).toMatchObject({ kind: 'refuse', status: 401 });
    expect(judge(asked({}, '/?token=wrong'), LOCKED)).toMatchObject({ status: 401 });
    const welcome = judge(asked({}, '/?token=a-token-of-sixteen'), LOCKED);
    expect(welcome).toMatchObject({ kind: 'welcome', location: '/' });
    const cookie = welcome.kind === 'welcome' ? welcome.cookie : '';
    expect(cookie).toMatch(/HttpOnly; SameSite=Strict/);
    expect(judge(asked({ cookie: cookie.split(';')[0] }), LOCKED)).toEqual({ kind: 'answer', path: '/' });
    expect(judge(asked({ authorization: `Bearer ${LOCKED.token}` }), LOCKED)).toMatchObject({
      kind: 'answer',
    });
    expect(judge(asked({ authorization: 'Bearer x' }), LOCKED)).toMatchObject({ status: 401 });
  });

  it('never leads to another place and never ends the process, whatever the address', () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        const verdict = judge(asked({}, `/${text}?token=${LOCKED.token}`), LOCKED);
        if (verdict.kind === 'welcome') expect(verdict.location).toBe('/');
      }),
    );
  });

  it('never ends the process, whatever it says', () => {
    fc.assert(
      fc.property(fc.string(), fc.string(), fc.string(), fc.string(), (url, host, cookie, origin) => {
        expect(judge({ method: 'GET', url, headers: { host, cookie, origin } }, LOCKED).kind).toMatch(
          /answer|refuse|welcome/,
        );
      }),
    );
  });
});
