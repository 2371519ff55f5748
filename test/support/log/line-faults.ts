import { BANK, LASTS_S, type LogFault, NOTHING } from './fault.ts';
import type { Site } from './site.ts';

/** What the line does to answers, with this chance. */
const distort =
  (chance: number, how: (answer: Uint8Array, site: Site) => Uint8Array) =>
  (site: Site): void => {
    site.distorts = (answer) => (site.random.next() < chance ? how(answer, site) : answer);
  };
const sound = (site: Site): void => {
  site.distorts = (answer) => answer;
};
const TO_AND_FRO = /limits change to and fro, now: Charge limited to .*; Discharge limited to/;
const KEEP_STILL = /limits keep still after/;

/** Faults of the line, and of what the BMS answers at all. */
export const LINE_FAULTS: readonly LogFault[] = [
  {
    name: 'the BMS falls silent',
    begin: (site) => {
      site.ignores = () => true;
    },
    end: (site) => {
      site.ignores = () => false;
    },
    begins: [/gives no value: no reply/],
    lasts: /has given no value for 01:00:\d\d \(\d+ polls failed/,
    ends: [/answers again after 01:1/],
  },
  {
    name: 'one of three packs falls silent',
    site: BANK,
    begin: (site) => void site.silent.add(2),
    end: (site) => site.silent.clear(),
    begins: [/pack 2 gives no value: .*takes no part in the limits/],
    lasts: /pack 2 has given no value for/,
    ends: [/pack 2 answers again after/],
  },
  {
    name: 'all packs of a line fall silent',
    site: BANK,
    begin: (site) => {
      site.ignores = () => true;
    },
    end: (site) => {
      site.ignores = () => false;
    },
    begins: [/none of the 3 packs gives a value/],
    lasts: /none of the 3 packs has given a value for/,
    ends: [/packs answer again after/],
  },
  {
    name: 'a quarter of the requests is lost',
    begin: distort(0.25, () => new Uint8Array()),
    end: sound,
    ...NOTHING,
  },
  {
    name: 'two thirds of the requests are lost',
    begin: distort(0.67, () => new Uint8Array()),
    end: sound,
    begins: [/gives values only now and then: \d+ of \d+ polls failed/, TO_AND_FRO],
    lasts: /has given values only now and then for/,
    ends: [/gives values all the time again after/, KEEP_STILL],
  },
  {
    name: 'bits of the answers are turned',
    begin: distort(0.3, (answer) => answer.with(5, (answer[5] ?? 0) ^ 4)),
    end: sound,
    begins: [/answers arrive damaged: .*check ground/],
    lasts: /answers have arrived damaged for/,
    ends: [/answers arrive undamaged again after/],
  },
  {
    name: 'answers lack bytes',
    begin: distort(0.3, (answer) => answer.slice(0, answer.length - 3)),
    end: sound,
    begins: [/answers arrive damaged: .*bytes are missing/],
    lasts: /answers have arrived damaged for/,
    ends: [/answers arrive undamaged again after/],
  },
  {
    name: 'the answers become noise',
    begin: distort(1, (answer, { random }) => answer.map(() => Math.floor(256 * random.next()))),
    end: sound,
    begins: [/answers arrive damaged: .*check the speed/, /gives no value/],
    lasts: /answers have arrived damaged for|has given no value for/,
    ends: [/answers arrive undamaged again after/, /answers again after/],
  },
  {
    name: 'the line sends every request back ahead of the answer',
    begin: (site) => {
      site.distorts = (answer, request) => Uint8Array.of(...request, ...answer);
    },
    end: sound,
    ...NOTHING,
  },
  {
    name: 'answers come 800 ms late',
    begin: (site) => {
      site.delayMs = 800;
    },
    end: (site) => {
      site.delayMs = 40;
    },
    ...NOTHING,
  },
  {
    name: 'the network bridge is gone',
    site: { port: 'tcp://10.0.0.5:23' },
    begin: (site) => site.cut(),
    end: (site) => {
      site.isThere = true;
    },
    begins: [/is opened again as soon as that is possible/],
    lasts: /the connection has been lost for/,
    ends: [/the connection is back after/],
  },
  {
    name: 'the network bridge drops the connection every 5 s',
    site: { port: 'tcp://10.0.0.5:23' },
    course: {
      everyS: 5,
      does: (site, s) => {
        if (s >= LASTS_S) return;
        site.cut();
        site.isThere = true;
      },
    },
    begins: [/is opened again as soon as that is possible/],
    lasts: /the connection has been lost for .* or again and again/,
    ends: [/the connection is back after/],
  },
  {
    name: 'the adapter is pulled out',
    begin: (site) => site.cut('was unplugged'),
    begins: [/was unplugged; this service ends/],
    ends: [],
  },
  {
    name: 'the BMS stops telling its alarms',
    site: { bms: 'daly' },
    begin: (site) => {
      site.ignores = (request) => /^a5..98/.test(request);
    },
    end: (site) => {
      site.ignores = () => false;
    },
    begins: [/the BMS does not tell its alarms \(0x98\) any more: alarms and limits/],
    lasts: /the BMS has not told its alarms \(0x98\) for/,
    ends: [/the BMS tells its alarms \(0x98\) again after/],
  },
  {
    name: 'the BMS does not tell its alarms at first',
    site: { bms: 'daly' },
    fromStart: true,
    begin: (site) => {
      site.ignores = (request) => /^a5..98/.test(request);
    },
    end: (site) => {
      site.ignores = () => false;
    },
    begins: [/the BMS does not tell its alarms \(0x98\): the driver goes on without/],
    ends: [/the BMS tells its alarms \(0x98\) now/],
  },
];
