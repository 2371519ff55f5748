import type { BmsDriver } from '../../driver.ts';
import { lifePowerDriver } from '../index.ts';

/** In the place of 7E. */
export const START = 0x7c;

export const revov: BmsDriver = lifePowerDriver(START, {
  id: 'revov',
  name: 'Revov R9 and other Tian Power boards that begin with 7C',
  responder: async () => (await import('./responder.ts')).responder,
});
