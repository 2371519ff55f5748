/** Sum of all bytes, low 8 bits. */
export function sum8(bytes: Uint8Array): number {
  let sum = 0;
  for (const byte of bytes) sum += byte;
  return sum & 0xff;
}

/**
 * Sum and exclusive-or of all bytes, combined by another exclusive-or, low 8 bits: LifePower and Revov. It sees only half of all
 * errors of one bit, and none in the highest bit of a byte.
 */
export function sumXor8(bytes: Uint8Array): number {
  let xor = 0;
  for (const byte of bytes) xor ^= byte;
  return sum8(bytes) ^ xor;
}

/** Sum of all bytes, low 16 bits. */
export function sum16(bytes: Uint8Array): number {
  let sum = 0;
  for (const byte of bytes) sum += byte;
  return sum & 0xffff;
}

/** Two's complement of the 16-bit sum, as JBD and the ASCII family use it. */
export function negatedSum16(bytes: Uint8Array): number {
  return -sum16(bytes) & 0xffff;
}

const CRC_TABLE = Uint16Array.from({ length: 256 }, (_, index) => {
  let crc = index;
  for (let bit = 0; bit < 8; bit += 1) crc = crc & 1 ? (crc >>> 1) ^ 0xa001 : crc >>> 1;
  return crc;
});

/** CRC-16/MODBUS (reflected 0x8005, initial 0xFFFF). The low byte goes on the wire first. */
export function crc16Modbus(bytes: Uint8Array): number {
  let crc = 0xffff;
  for (const byte of bytes) crc = (crc >>> 8) ^ (CRC_TABLE[(crc ^ byte) & 0xff] ?? 0);
  return crc;
}
