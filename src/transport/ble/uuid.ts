const BASE = '-0000-1000-8000-00805f9b34fb';

/** A UUID as BlueZ writes it: lower case, 128 bits. `ffe1` stands for the 16-bit one of that number. */
export function longUuid(uuid: string): string {
  const lower = uuid.toLowerCase();
  return lower.length === 4 ? `0000${lower}${BASE}` : lower;
}
