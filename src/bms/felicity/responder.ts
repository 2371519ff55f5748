import type { Responder } from '../driver.ts';
import { registerResponder } from '../register-responder.ts';
import { ADDRESSES, BLOCK, MAP, SERIAL, VERSION } from './fields.ts';

/** Packs on one line. Serial number and version are numbers here, whatever the battery calls itself. */
export const responder: Responder = registerResponder({
  maps: { 3: MAP },
  blocks: Object.values(BLOCK),
  addresses: ADDRESSES,
  usual: 1,
  also: (put, { firmwareVersion, serialNumber }) => {
    const digits = serialNumber?.replaceAll(/\D/g, '') ?? '';
    for (const [index, place] of SERIAL.entries()) put(place, Number(digits.slice(4 * index, 4 * index + 4)));
    put(VERSION, Number(firmwareVersion?.replaceAll(/\D/g, '')));
  },
});
