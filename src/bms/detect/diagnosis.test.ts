import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type BmsError, FrameError, ImplausibleError, RefusedError, TimeoutError } from '../../errors.ts';
import { diagnose, type Failure } from './diagnosis.ts';

const bytes = (...values: readonly number[]): Uint8Array => Uint8Array.from(values);
const text = (line: string): Uint8Array => new TextEncoder().encode(line);
const at = (error: BmsError, baudRate = 9600): Failure => ({ id: 'jbd', line: { baudRate }, error });
const silence = at(new TimeoutError('no reply'));
const echo = at(new TimeoutError('only the echo', bytes(0xdd, 0xa5), true));
const heard = (received: Uint8Array, baudRate?: number): Failure =>
  at(new TimeoutError('only bytes that begin no reply', received), baudRate);

describe('diagnose', () => {
  it.each([
    ['nothing at all', [], /not a single byte/],
    ['silence', [silence, silence], /not a single byte.*awake.*A and B/],
    ['only echoes', [silence, echo], /adapter echoes and nobody answers/],
    [
      'noise at two speeds',
      [echo, heard(bytes(3, 1, 4)), heard(bytes(1), 115_200)],
      /^bytes came \(030104\).*9600, 115200 baud/,
    ],
    ['a line held low', [silence, heard(bytes(0, 0, 0))], /only bytes 00 came.*swapped/],
    ['an open line', [heard(bytes(0xff, 0xff))], /only bytes ff came/],
    ['NMEA text', [heard(text('$GPGGA,123519,4807.038,N'))], /"\$GPGGA.*a GPS receiver, not a BMS/],
    ['VE.Direct text', [heard(text('\r\nPID\t0xA053\r\nV\t13250'))], /a VE\.Direct device/],
    ['other text', [heard(text('1-0:1.8.0(00012345.678*kWh)'))], /another device, such as a meter/],
    [
      'a master on the line',
      [heard(text('~250346900000FDA3\r'))],
      /another master already polls this line \(~25034690/,
    ],
    [
      'a damaged reply',
      [heard(bytes(9)), at(new FrameError('checksum', 'bad checksum', bytes(0xdd, 3)))],
      /replies that look like jbd at 9600 baud came, but damaged/,
    ],
    [
      'a frame with impossible content',
      [at(new ImplausibleError('0 cells; 3 to 32 are possible')), heard(bytes(9))],
      /in the language of jbd, but not like a battery: 0 cells/,
    ],
    ['a refusal', [at(new RefusedError('exception 2'))], /but not like a battery: exception 2/],
  ])('says what is likely wrong after %s', (_, failures, expected) => {
    expect(diagnose(failures)).toMatch(expected);
  });

  it('does not take the frames of an ASCII BMS for the text of a meter', () => {
    expect(diagnose([heard(text('~20024600E00208030CF3\r'))])).toMatch(/none made sense/);
  });

  it('shows only the beginning of what came', () => {
    expect(diagnose([heard(new Uint8Array(3000).map((_, index) => index))]).length).toBeLessThan(300);
  });

  it('gives one line of plain text whatever came', () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 60 })), (all) => {
        const said = diagnose(all.map((received) => heard(received)));
        expect(said).toMatch(/^[\x20-\x7e]+$/);
      }),
      { numRuns: 500 * Number(process.env['FUZZ_FACTOR'] ?? 1) },
    );
  });
});
