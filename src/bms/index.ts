import { ant } from './ant/index.ts';
import { antOld } from './ant/old/index.ts';
import { dalyD2 } from './daly/d2/index.ts';
import { daly } from './daly/index.ts';
import { dalyP81 } from './daly/p81/index.ts';
import { daren } from './daren/index.ts';
import type { BmsEntry } from './driver.ts';
import { eg4Ll } from './eg4-ll/index.ts';
import { jbd } from './jbd/index.ts';
import { jbdUp } from './jbd/up/index.ts';
import { jk } from './jk/index.ts';
import { jkPb } from './jk/pb/index.ts';
import { hubbleAm2 } from './pace/hubble-am2/index.ts';
import { pace } from './pace/index.ts';
import { pylontech } from './pylontech/index.ts';
import { seplosV3 } from './seplos/v3/index.ts';
import { topbms } from './topbms/index.ts';

/**
 * Every BMS this program knows. Adding one is one line here. Within one line setting they are asked in this order: the likeliest
 * first, the ANTs last, because their requests begin with the byte that begins the frames of the ASCII families.
 */
export const BMSES: readonly BmsEntry[] = [
  { driver: jbdUp, responder: async () => (await import('./jbd/up/responder.ts')).responder },
  { driver: jbd, responder: async () => (await import('./jbd/responder.ts')).responder },
  { driver: daly, responder: async () => (await import('./daly/responder.ts')).responder },
  { driver: dalyP81, responder: async () => (await import('./daly/p81/responder.ts')).responder },
  { driver: dalyD2, responder: async () => (await import('./daly/d2/responder.ts')).responder },
  { driver: jk, responder: async () => (await import('./jk/responder.ts')).responder },
  { driver: jkPb, responder: async () => (await import('./jk/pb/responder.ts')).responder },
  { driver: seplosV3, responder: async () => (await import('./seplos/v3/responder.ts')).responder },
  { driver: hubbleAm2, responder: async () => (await import('./pace/hubble-am2/responder.ts')).responder },
  { driver: pace, responder: async () => (await import('./pace/responder.ts')).responder },
  { driver: eg4Ll, responder: async () => (await import('./eg4-ll/responder.ts')).responder },
  { driver: topbms, responder: async () => (await import('./topbms/responder.ts')).responder },
  { driver: daren, responder: async () => (await import('./daren/responder.ts')).responder },
  { driver: pylontech, responder: async () => (await import('./pylontech/responder.ts')).responder },
  { driver: ant, responder: async () => (await import('./ant/responder.ts')).responder },
  { driver: antOld, responder: async () => (await import('./ant/old/responder.ts')).responder },
];
