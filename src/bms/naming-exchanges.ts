import { BmsError, hex } from '../errors.ts';
import type { ExchangeRecord } from '../transport/exchange.ts';
import type { BmsDriver } from './driver.ts';

/**
 * Which exchanges may hold the serial number of the battery: those whose reply does, and those that failed with bytes to a
 * request of which no good reply shows that it asks for something else. All of them while the BMS is not known.
 */
export function namingExchanges(
  driver: BmsDriver | undefined,
): (records: readonly ExchangeRecord[]) => ReadonlySet<ExchangeRecord> {
  return (records) => {
    const naming = new Set<string>();
    const harmless = new Set<string>();
    for (const { reply, request } of driver === undefined ? [] : records) {
      if (reply === undefined) continue;
      const hasSerial = tellsSerial(driver, request, reply);
      if (hasSerial !== undefined) (hasSerial ? naming : harmless).add(hex(request, request.length));
    }
    return new Set(
      records.filter(({ received, request }) => {
        const asked = hex(request, request.length);
        return naming.has(asked) || (received.length > 0 && !harmless.has(asked));
      }),
    );
  };
}

/** Undefined for a reply that the driver does not understand. */
function tellsSerial(
  driver: BmsDriver | undefined,
  request: Uint8Array,
  reply: Uint8Array,
): boolean | undefined {
  try {
    return driver?.decode(request, reply).serialNumber !== undefined;
  } catch (error) {
    if (!(error instanceof BmsError)) throw error;
    return undefined;
  }
}
