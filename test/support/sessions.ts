import type { BmsDriver, Memory, Session } from '../../src/bms/driver.ts';
import type { PackReading } from '../../src/model/reading.ts';
import type { Exchange } from '../../src/transport/exchange.ts';

const OPEN = new WeakMap<Exchange, Map<string, Session>>();

/** The one session of a driver with the battery at an address of this line. */
export function sessionOn(driver: BmsDriver, link: Exchange, address: number): Session {
  const known = OPEN.get(link) ?? new Map<string, Session>();
  OPEN.set(link, known);
  const key = `${driver.id} ${address}`;
  const session = known.get(key) ?? driver.open(link, address);
  known.set(key, session);
  return session;
}

/** One reading in the course of time: as poll number `cycle` of a battery that told `known` in the poll before. */
export function readAt(
  driver: BmsDriver,
  link: Exchange,
  address: number,
  memory: Memory,
): Promise<PackReading> {
  const session = sessionOn(driver, link, address);
  session.memory = memory;
  return session.read();
}

/** The driver with something around every reading of its sessions. */
export function withReads(
  driver: BmsDriver,
  around: (read: () => Promise<PackReading>, address: number, session: Session) => Promise<PackReading>,
): BmsDriver {
  return {
    ...driver,
    open(link, address) {
      const session = driver.open(link, address);
      return {
        switches: session.switches,
        probe: () => session.probe(),
        read: () => around(() => session.read(), address, session),
        takeRemarks: () => session.takeRemarks(),
        reconnected: () => session.reconnected(),
        get memory() {
          return session.memory;
        },
        set memory(memory) {
          session.memory = memory;
        },
      };
    },
  };
}
