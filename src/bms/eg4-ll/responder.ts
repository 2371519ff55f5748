import type { Responder } from '../driver.ts';
import { registerResponder } from '../register-responder.ts';
import { ADDRESSES, BLOCK, MAP } from './fields.ts';

/** Packs on one line, each at the address of its DIP switches. */
export const responder: Responder = registerResponder({
  maps: { 3: MAP },
  blocks: Object.values(BLOCK),
  addresses: ADDRESSES,
  usual: 1,
});
