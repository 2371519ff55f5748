import { describe, expect, it } from 'vitest';
import { STATE } from '../../../test/support/battery-state.ts';
import { ManualClock } from '../../../test/support/manual-clock.ts';
import type { BridgedBattery } from '../output.ts';
import { type DomoticzOptions, DomoticzOutput, svalue } from './domoticz-output.ts';

const HOUSE: BridgedBattery = {
  id: 'A100',
  name: 'House',
  isOnBus: true,
  view: { ...STATE, reading: { ...STATE.reading, power: 610 } },
  wishes: new Set(),
};

describe('a value for Domoticz', () => {
  it.each([
    ['voltage', '53.020'],
    ['current', '-12.340'],
    ['soc', '62.0'],
    ['temp_1', '25.1'],
    ['cell_16', '3.315'],
    ['problem', '1'],
    ['charge_mode', 'bulk'],
    ['energy_in', '610;199800'],
    ['energy_out', undefined],
    ['cell_17', undefined],
    ['cell_00', undefined],
    ['nonsense', undefined],
  ])('%s is %s', (key, value) => {
    expect(svalue(HOUSE, key)).toBe(value);
  });
});

type Answer = { status: number; body: string } | Error;
const OK: Answer = { status: 200, body: '{"status" : "OK"}' };

function outputOf(options: Partial<DomoticzOptions> = {}, answer: Answer = OK) {
  const clock = new ManualClock();
  const asked: { at: number; idx: string | null; svalue: string | null; auth: string | undefined }[] = [];
  const lines: string[] = [];
  const batteries = [HOUSE];
  const output = new DomoticzOutput(
    { url: 'http://domoticz:8080', period: 60, idx: { 'A100.voltage': 12, 'A100.soc': 13 }, ...options },
    {
      clock,
      snapshot: { batteries },
      log: {
        error: () => {},
        warn: (text) => void lines.push(text),
        info: () => {},
        debug: () => {},
        debugging: false,
      },
      ask: async ({ headers, url }) => {
        const { searchParams: query } = url;
        asked.push({
          at: clock.now(),
          idx: query.get('idx'),
          svalue: query.get('svalue'),
          auth: headers?.['authorization'],
        });
        if (answer instanceof Error) throw answer;
        return answer;
      },
    },
  );
  output.start();
  return { asked, batteries, clock, lines, output };
}

describe('an output to Domoticz', () => {
  it('tells each sensor, one at a time, what has changed, and everything again every ten minutes', async () => {
    const { asked, batteries, clock } = outputOf({ user: 'me', password: 'p' });
    await clock.advance(59_000);
    expect(asked.map(({ at, idx, svalue: value }) => [at, idx, value])).toEqual([
      [0, '12', '53.020'],
      [100, '13', '62.0'],
    ]);
    expect(asked[0]?.auth).toBe(`Basic ${Buffer.from('me:p').toString('base64')}`);
    batteries[0] = { ...HOUSE, view: { ...HOUSE.view, reading: { ...HOUSE.view.reading, voltage: 54 } } };
    await clock.advance(60_000);
    expect(asked.slice(2).map(({ idx }) => idx)).toEqual(['12']);
    await clock.advance(600_000);
    expect(asked.slice(3).map(({ idx }) => idx)).toEqual(['12', '13']);
  });

  it('names an idx that Domoticz does not know, once', async () => {
    const refused = { status: 200, body: '{"status" : "ERR"}' };
    const { clock, lines } = outputOf({ idx: { 'A100.voltage': 99 } }, refused);
    await clock.advance(300_000);
    expect(lines).toEqual(['Domoticz does not take idx 99 (A100.voltage): is there such a sensor?']);
  });

  it.each([
    [{ status: 403, body: '' }, /does not let us in \(403\)/],
    [{ status: 500, body: '' }, /answers 500/],
    [new Error('nothing listens there'), /cannot be reached: nothing listens there/],
  ])('gives a round up, in one line for all, when it is kept out', async (answer, expected) => {
    const { asked, clock, lines } = outputOf({}, answer);
    await clock.advance(179_000);
    expect(asked).toHaveLength(3);
    expect(lines).toEqual([expect.stringMatching(expected)]);
  });

  it('tells an alarm at once, and nothing of a battery that is silent', async () => {
    const { asked, batteries, clock, output } = outputOf();
    await clock.advance(10_000);
    batteries[0] = { ...HOUSE, view: { ...HOUSE.view, reading: { ...HOUSE.view.reading, voltage: 44 } } };
    output.hurry(batteries[0]);
    await clock.advance(1_000);
    expect(asked.at(-1)).toMatchObject({ idx: '12', svalue: '44.000' });
    const before = asked.length;
    batteries[0] = { ...HOUSE, isOnBus: false };
    await clock.advance(700_000);
    expect(asked).toHaveLength(before);
  });
});
