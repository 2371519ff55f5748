import { describe, expect, it } from 'vitest';
import { parseVectorFile } from './vector-file.ts';

const FILE = 'test/vectors/acme/charging.json';
const CASE = {
  name: 'charging',
  origin: 'a capture',
  transport: 'serial',
  exchanges: [{ request: '0103', response: '01 03 02', note: 'first' }],
  expect: { voltage: 53.2, extra: { anything: 1 } },
};
const parse = (change: object): unknown =>
  parseVectorFile(JSON.stringify({ bms: 'acme', cases: [{ ...CASE, ...change }] }), FILE);

describe('a vector file', () => {
  it('is taken as it is, with replies in one piece or in several', () => {
    const pieces = { exchanges: [{ request: '0103', response: ['01', '0302'] }] };
    expect(parse({})).toMatchObject({ cases: [{ name: 'charging', expect: { voltage: 53.2 } }] });
    expect(parse(pieces)).toMatchObject({ cases: [{ exchanges: [{ response: ['01', '0302'] }] }] });
  });

  it.each([
    [
      { exchanges: [{ request: '0103', reply: '01' }] },
      'case "charging", exchange 1: "response" must be bytes in hex; it is called "reply" here',
    ],
    [{ exchanges: [{ request: '0103', response: '01x' }] }, 'exchange 1: "response" must be bytes in hex'],
    [{ exchanges: [{ request: 'read', response: '01' }] }, 'exchange 1: "request" must be bytes in hex'],
    [
      { exchanges: undefined, exchange: [] },
      'case "charging": "exchanges" must be a list; it is called "exchange" here',
    ],
    [{ expect: undefined }, 'case "charging", "expect": must be an object in braces'],
    [{ expect: { cellVoltage: [3.3] } }, '"expect" has "cellVoltage"; the name is "cellVoltages"'],
    [{ name: undefined }, 'case 1: "name" must be a text'],
  ])('names itself, the case and the key when %j is in it', (change, expected) => {
    expect(() => parse(change)).toThrow(`${FILE}, case`);
    expect(() => parse(change)).toThrow(expected);
  });

  it.each([
    ['{"cases": [', 'charging.json: is no JSON'],
    ['[]', 'charging.json: must be an object in braces'],
    ['{"cases": 3}', 'charging.json: "cases" must be a list of conversations'],
    ['{"notes": ["alarms lists only the non-zero ones"], "cases": []}', 'say "unlistedAlarmsAreZero": true'],
  ])('names itself when it is %s', (text, expected) => {
    expect(() => parseVectorFile(text, FILE)).toThrow(expected);
  });
});
