/** Every BMS this program knows: one line each, in the order of their folders. */
export { ant } from './ant/index.ts';
export { antOld } from './ant/old/index.ts';
export { dalyD2 } from './daly/d2/index.ts';
export { daly } from './daly/index.ts';
export { dalyP81 } from './daly/p81/index.ts';
export { daren } from './daren/index.ts';
export { eg4Ll } from './eg4-ll/index.ts';
export { jbd } from './jbd/index.ts';
export { jbdUp } from './jbd/up/index.ts';
export { jk } from './jk/index.ts';
export { jkPb } from './jk/pb/index.ts';
export { hubbleAm2 } from './pace/hubble-am2/index.ts';
export { pace } from './pace/index.ts';
export { pylontech } from './pylontech/index.ts';
export { seplosV3 } from './seplos/v3/index.ts';
export { topbms } from './topbms/index.ts';
