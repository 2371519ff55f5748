import type { PackReading } from '../model/reading.ts';
import { bytesOf, readNumber } from '../protocol/bytes.ts';
import { putNumber } from '../protocol/encode.ts';
import { bytesRead, EXCEPTION_FLAG, isRead, READS, withCrc } from '../protocol/modbus.ts';
import { packAt } from '../protocol/packs.ts';
import { encodeMap, type Word } from '../protocol/register-map.ts';
import { acceptRegisterRequest } from '../protocol/registers.ts';
import type { Responder } from './driver.ts';
import { type Block, type Maps, placeOf } from './register-plan.ts';

export interface RegisterDevice {
  readonly maps: Maps;
  /** The registers that exist; reads of others are refused. */
  readonly blocks: readonly Block[];
  /** Addresses at which packs may listen. */
  readonly addresses: readonly number[];
  /** Where a single pack listens. */
  readonly usual: number;
  /** What the maps do not say: puts numbers at places of the memory; those outside of the block are dropped. */
  readonly also?: (put: (word: Word, value: number) => void, pack: PackReading) => void;
}

const ILLEGAL_ADDRESS = 2;

/** Devices with maps of registers on one line, each at its own address. */
export function registerResponder({ maps, blocks, addresses, usual, also }: RegisterDevice): Responder {
  return {
    accept: acceptRegisterRequest(addresses, Object.values(READS)),
    reply(request, battery) {
      const [address = 0, code] = request;
      const pack = packAt(battery, address, usual);
      if (pack === undefined || !isRead(code)) return undefined;
      const start = readNumber(request, 2, 'u16be') ?? 0;
      const count = readNumber(request, 4, 'u16be') ?? 0;
      const exists = blocks.some(
        (block) =>
          (block.code ?? READS.holding) === code &&
          start >= block.start &&
          start + count <= block.start + block.count,
      );
      const { map, begin } = placeOf(maps, request);
      if (!exists || map === undefined)
        return { bytes: withCrc(bytesOf(address, code | EXCEPTION_FLAG, ILLEGAL_ADDRESS)) };
      const data = new Uint8Array(bytesRead(code, count));
      encodeMap(map, data, begin, pack);
      also?.(({ at, type }, value) => putNumber(data, at - begin, type, value), pack);
      return { bytes: withCrc(bytesOf(address, code, data.length, data)) };
    },
  };
}
