import { acceptFrameFrom, buildFrame, parseFrame } from '../../../protocol/ascii-frame.ts';
import { packAt } from '../../../protocol/packs.ts';
import type { Responder } from '../../driver.ts';
import { DEVICE_CLASS } from '../dialect.ts';
import { VERSION } from '../fields.ts';
import { dataOf } from '../responder.ts';
import { START } from './index.ts';

const USUAL_PACK = 1;

/** Packs in parallel; each answers to its address. */
export const responder: Responder = {
  accept: acceptFrameFrom(START),
  reply(request, battery) {
    const { version, address, code, info } = parseFrame(request, START);
    const pack = packAt(battery, address, USUAL_PACK);
    const data = version === VERSION && pack ? dataOf(code, info, pack) : undefined;
    return (
      data && {
        bytes: buildFrame({ start: START, version, address, cid1: DEVICE_CLASS, code: 0, info: data }),
      }
    );
  },
};
