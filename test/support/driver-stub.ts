import type { BmsDriver, Opening, SerialReach } from '../../src/bms/driver.ts';
import { TimeoutError } from '../../src/errors.ts';
import type { PackReading } from '../../src/model/reading.ts';
import type { Exchange, LineSettings } from '../../src/transport/exchange.ts';

export const SLOW: LineSettings = { baudRate: 9600, gapMs: 20 };
export const FAST: LineSettings = { baudRate: 115_200 };

export type StubOptions = Partial<SerialReach> & {
  readonly probe?: (link: Exchange, address: number) => Promise<PackReading>;
  readonly opening?: Opening;
  readonly answersAs?: readonly string[];
};

const silence = (): Promise<PackReading> => Promise.reject(new TimeoutError('silence'));

/** A driver of which only its place in a search matters. */
export function driverStub(id: string, options: StubOptions = {}): BmsDriver {
  const {
    answersAs,
    opening = { requests: [], timeoutMs: 300, tries: 1 },
    probe = silence,
    ...reach
  } = options;
  return {
    id,
    family: id,
    name: id,
    sends: { reads: [] },
    reach: { serial: { lines: [SLOW], addresses: [1], answerMs: 10, ...reach } },
    limits: 'none',
    ...(answersAs !== undefined && { answersAs }),
    accept: () => (received) => (received.length === 0 ? 'more' : received.length),
    decode: () => ({}),
    opening: () => opening,
    switches: [],
    open: (link, address) => ({
      probe: () => probe(link, address),
      read: () => Promise.resolve({}),
      switches: {},
      takeRemarks: () => [],
      reconnected: () => {},
      memory: { cycle: 0, known: {} },
    }),
  };
}
