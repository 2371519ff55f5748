import type { Accept } from '../../src/protocol/accept.ts';
import { bytesOf } from '../../src/protocol/bytes.ts';
import type { ExchangeRecord } from '../../src/transport/exchange.ts';
import { HalfDuplex, type HalfDuplexOptions } from '../../src/transport/half-duplex.ts';
import { type Device, MemoryWire, type MemoryWireOptions, type Piece } from '../../src/transport/memory.ts';
import { ManualClock } from './manual-clock.ts';

export const START = 0x7e;
export const REQUEST = Uint8Array.of(0xdd, 0xa5, 0x03, 0x00, 0xff, 0xfd, 0x77);
export const QUERY = Uint8Array.of(0xdd, 0xa5, 0x04, 0x00, 0xff, 0xfc, 0x77);

/** A frame of the test protocol: start, length of the payload, payload, sum of the payload. */
export function frame(...payload: number[]): Uint8Array {
  return bytesOf(START, payload.length, payload, payload.reduce((sum, byte) => sum + byte, 0) & 0xff);
}

export const accept: Accept = (received) => {
  if (received[0] !== START) return { refused: 'start' };
  const length = received[1];
  if (length === undefined || received.length < length + 3) return 'more';
  const sum = received.subarray(2, 2 + length).reduce((total, byte) => total + byte, 0) & 0xff;
  return received[2 + length] === sum ? length + 3 : { refused: 'checksum', why: 'sum is wrong' };
};

export const REPLY = frame(1, 2, 3);

export function connect(device: Device, options: Partial<HalfDuplexOptions> & MemoryWireOptions = {}) {
  const clock = new ManualClock();
  const wire = new MemoryWire(device, { clock, ...options });
  const records: ExchangeRecord[] = [];
  const onExchange = (record: ExchangeRecord) => records.push(record);
  const link = new HalfDuplex(wire, { line: { baudRate: 9600 }, clock, onExchange, ...options });
  return { clock, wire, link, records };
}

export function delayed(afterMs: number, bytes: Uint8Array): Piece {
  return { bytes, afterMs };
}

/** The error that `promise` must reject with. */
export async function failure(promise: Promise<unknown>): Promise<unknown> {
  try {
    await promise;
  } catch (error) {
    return error;
  }
  throw new Error('this should have failed');
}
