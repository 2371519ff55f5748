import { describe, expect, it } from 'vitest';
import type { BmsDriver, Responder } from '../../src/bms/driver.ts';
import { BMSES } from '../../src/bms/index.ts';
import { BmsError, hex } from '../../src/errors.ts';
import type { Reading } from '../../src/model/reading.ts';
import { seeded } from '../../src/simulator/random.ts';
import { BATTERY } from '../support/batteries.ts';
import { batteryLine, type Line, scriptedLine } from '../support/battery-line.ts';

/** What may be sent to a BMS, as patterns of whole frames in hex without their checksum. */
interface Allowed {
  /** By probe and poll, whatever the settings. */
  readonly reads: readonly RegExp[];
  /** In addition by a switch, and only by it. */
  readonly writes?: Readonly<Record<string, readonly RegExp[]>>;
}

/** ASCII frames are ASCII: the pattern of their text as hex digits. */
const ascii = (text: string): RegExp =>
  new RegExp(`^7e${text.replaceAll(/[0-9A-F]/g, (digit) => hex(new TextEncoder().encode(digit)))}`);
/** Any address in two ASCII digits. */
const AT = '(?:3[0-9]|4[1-6]){2}';
const asciiRead = (version: string, code: string, commands: string): RegExp[] =>
  commands
    .split(' ')
    .map((command) => new RegExp(`${ascii(version).source}${AT}${ascii(code + command).source.slice(3)}`));

/** On or off, and what fills the data bytes that say nothing. */
const dalySwitch = (command: string): RegExp[] =>
  ['4.', '80'].flatMap((host) =>
    ['00', 'aa'].map((fill) => new RegExp(`^a5${host}${command}080[01]${fill.repeat(7)}`)),
  );

/**
 * The allow-list. A frame that is not in it must not reach a battery; a new driver or a new request is a new line here, with
 * its pattern reviewed against the protocol note of the driver.
 */
const ALLOWED: Readonly<Record<string, Allowed>> = {
  'jbd-up': { reads: [/^..78(1000|1c00|2810)/] },
  jbd: {
    reads: [/^dda5(0300|0400|0500)/, /^dda5fa03/],
    writes: {
      // Both FETs in one frame, then the end of the factory mode that a write begins.
      charge: [/^dd5ae10200(00|01|02|03)/, /^dd5a01020000/],
      discharge: [/^dd5ae10200(00|01|02|03)/, /^dd5a01020000/],
    },
  },
  daly: {
    // The data of a read says nothing; board 1 is also asked as the app asks it.
    reads: [/^a5(4.|80)(50|57|5a|9[0-8])08(0000000000000000|aaaaaaaaaaaaaaaa)/],
    writes: { charge: dalySwitch('da'), discharge: dalySwitch('d9') },
  },
  'daly-p81': {
    reads: [/^[89][0-9a-f]03/],
    writes: { charge: [/^[89][0-9a-f]060121000[01]/], discharge: [/^[89][0-9a-f]060122000[01]/] },
  },
  'daly-d2': {
    reads: [/^d203/],
    writes: { charge: [/^d20600a5000[01]/], discharge: [/^d20600a6000[01]/], balancer: [/^d20600cf000[01]/] },
  },
  // Command 01 wakes the BMS, commands 06 and 03 with id 00 read everything.
  jk: { reads: [/^4e57001300000000(01|03|06)03000000000000680000/] },
  'jk-pb': {
    // A write of zero to one of three trigger registers is how this protocol asks for a record; it stores nothing.
    reads: [/^..1016(1c|1e|20)0001020000/],
    writes: {
      charge: [/^..10107000020400000000|^..10107000020400000001/],
      discharge: [/^..10107400020400000000|^..10107400020400000001/],
      balancer: [/^..10107800020400000000|^..10107800020400000001/],
    },
  },
  ant: {
    reads: [/^7ea10[12]/],
    writes: {
      charge: [/^7ea1510600/, /^7ea1510400/],
      discharge: [/^7ea1510300/, /^7ea1510100/],
      balancer: [/^7ea1510d00/, /^7ea1510e00/],
    },
  },
  'ant-old': { reads: [/^(dbdb|5a5a)00000000$/, /^5a5a(000001|ff0000)(01|ff)$/] },
  'hubble-am2': { reads: [/^..03/] },
  pace: {
    reads: asciiRead('25', '46', '42 44 C1 C2 AF D7 D9 DB'),
    writes: { charge: asciiRead('25', '46', '9A'), discharge: asciiRead('25', '46', '9B') },
  },
  topbms: { reads: ['21', '52'].flatMap((version) => asciiRead(version, '46', '42 44 F1')) },
  pylontech: { reads: asciiRead('20', '46', '42 44 51 92 93') },
};

const CYCLES = [0, 1, 2, 3, 4, 5, 7, 10, 59, 60, 100, 299, 300, 600, 900, 1000, 3599, 3600, 3601];

/** Every frame that probe and polls send over a line, whatever comes back. */
async function sentBy(driver: BmsDriver, address: number, open: () => Line): Promise<string[]> {
  const line = open();
  const settled = async (asked: Promise<Reading>): Promise<Reading | undefined> =>
    line.until(
      asked.catch((error: unknown) => {
        if (error instanceof BmsError) return undefined;
        throw error;
      }),
    );
  const session = driver.open(line.link, address);
  await settled(session.probe());
  let known: Reading = {};
  for (const cycle of CYCLES) {
    session.memory = { cycle, known };
    known = (await settled(session.read())) ?? {};
  }
  return [...new Set(line.requests.map((request) => hex(request, 999)))];
}

const outside = (sent: readonly string[], patterns: readonly RegExp[]): string[] =>
  sent.filter((frame) => !patterns.some((pattern) => pattern.test(frame)));

/** Answers like the battery, but a part of it damaged, so that drivers take their other ways too. */
function unsteady(responder: Responder): () => Line {
  const random = seeded(11);
  return () =>
    batteryLine(
      {
        accept: responder.accept,
        reply(request, battery) {
          const answer = responder.reply(request, battery);
          return answer === undefined || random.next() < 0.4 ? undefined : answer;
        },
      },
      BATTERY,
    );
}

describe('what is sent to a BMS', () => {
  it('is listed for every driver, and for nobody else', () => {
    expect(Object.keys(ALLOWED).sort()).toEqual(BMSES.map(({ driver }) => driver.id).sort());
  });

  it.each(BMSES.map((entry) => [entry.driver.id, entry] as const))(
    '%s: probe and poll only send frames that read, at every address and whatever comes back',
    async (id, { driver, responder }) => {
      const reads = ALLOWED[id]?.reads ?? [];
      const battery = await responder();
      const lines: readonly (() => Line)[] = [
        () => batteryLine(battery, BATTERY),
        unsteady(battery),
        () => scriptedLine([]),
        () => scriptedLine([new Uint8Array(60).fill(0x55)]),
      ];
      for (const address of driver.addresses) {
        for (const open of lines) expect(outside(await sentBy(driver, address, open), reads)).toEqual([]);
      }
    },
  );

  it.each(
    BMSES.flatMap((entry) => entry.driver.switches.map((name) => [entry.driver.id, name, entry] as const)),
  )('%s: the %s switch sends its own frames and no other', async (id, name, { driver, responder }) => {
    const { reads = [], writes = {} } = ALLOWED[id] ?? {};
    const own = writes[name] ?? [];
    const battery = await responder();
    for (const address of driver.addresses) {
      for (const on of [true, false]) {
        for (const obey of [true, false]) {
          const line = batteryLine(battery, BATTERY, { obey });
          const done =
            driver.open(line.link, address).switches[name]?.(on) ?? Promise.reject(new Error('no switch'));
          await line.until(
            done.catch((error: unknown) => {
              if (!(error instanceof BmsError)) throw error;
            }),
          );
          const sent = line.requests.map((request) => hex(request, 999));
          expect(outside(sent, [...reads, ...own])).toEqual([]);
          if (address === driver.addresses[0]) expect(outside(sent, reads).length).toBeGreaterThan(0);
        }
      }
    }
  });

  it.each(BMSES.map(({ driver }) => [driver.id, driver] as const))(
    '%s: every listed write belongs to a switch that exists',
    (id, driver) => {
      expect(Object.keys(ALLOWED[id]?.writes ?? {}).sort()).toEqual([...driver.switches].sort());
    },
  );

  it('has no pattern that would let a write through as a read', () => {
    for (const { reads, writes = {} } of Object.values(ALLOWED)) {
      for (const pattern of Object.values(writes).flat()) {
        const example =
          pattern.source.replaceAll(/[\^]/g, '').split('|')[0]?.replaceAll('[0-9a-f]', '1') ?? '';
        expect(outside([example.replaceAll('..', '01')], reads)).toHaveLength(1);
      }
    }
  });
});
