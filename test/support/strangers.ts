import { bytesOf } from '../../src/protocol/bytes.ts';
import { crc16Modbus } from '../../src/protocol/checksums.ts';
import { seeded } from '../../src/simulator/random.ts';
import type { Talk } from './virtual-line.ts';

const text = (line: string): Uint8Array => new TextEncoder().encode(line);
const fill = (byte: number, length = 300): Uint8Array => new Uint8Array(length).fill(byte);

function noise(seed: number, length: number): Uint8Array {
  const random = seeded(seed);
  return Uint8Array.from({ length }, () => Math.floor(random.next() * 256));
}

/** An answer to any Modbus read, right in form and CRC; the registers hold whatever a meter may hold. */
function registers(wordAt: (index: number) => number) {
  return (heard: Uint8Array): Uint8Array | undefined => {
    const [address = 0, code = 0] = heard;
    const count = ((heard[4] ?? 0) << 8) | (heard[5] ?? 0);
    if (heard.length !== 8 || (code !== 3 && code !== 4) || count === 0 || count > 125) return undefined;
    const data = Array.from({ length: count }, (_, index) => wordAt(index));
    return sealed(bytesOf(address, code, 2 * count, ...data.flatMap((word) => [word >> 8, word & 0xff])));
  };
}

function sealed(frame: Uint8Array): Uint8Array {
  const crc = crc16Modbus(frame);
  return bytesOf(frame, crc & 0xff, crc >> 8);
}

/** What else hangs on serial ports of a boat or a house: nobody may take it for a BMS. */
export const STRANGERS: Readonly<Record<string, Talk>> = {
  'an adapter that echoes': { answer: (heard) => heard, answerMs: 0 },
  'a smart meter that sends text': {
    says: () => text('/ISk5MT174-0001\r\n1-0:1.8.0(00012345.678*kWh)\r\n1-0:16.7.0(000412*W)\r\n!\r\n'),
  },
  'a GPS receiver': {
    says: () => text('$GPRMC,123519,A,4807.038,N,01131.000,E,022.4,084.4,230394,003.1,W*6A\r\n'),
  },
  'a VE.Direct device': {
    says: () => text('\r\nPID\t0xA053\r\nV\t13250\r\nI\t-1200\r\nVPV\t35020\r\nPPV\t40\r\nChecksum\tA'),
  },
  'a line full of noise': { says: (index) => noise(index + 1, 48), everyMs: 50 },
  'noise to every request': { answer: (heard) => noise(heard.length, 200) },
  'zeros to every request': { answer: () => fill(0) },
  'FF to every request': { answer: () => fill(0xff) },
  'a Modbus meter full of zeros': { answer: registers(() => 0) },
  'a Modbus meter full of FF': { answer: registers(() => 0xffff) },
  'a Modbus meter that counts': { answer: registers((index) => 3200 + index) },
  'a Modbus meter that refuses': {
    answer: ([address = 0, code = 0]) => sealed(bytesOf(address, code | 0x80, 2)),
  },
  nobody: {},
};
