import { type Advertised, mayBe } from '../bms/bluetooth.ts';
import type { BmsDriver } from '../bms/driver.ts';
import { NothingFoundError } from '../errors.ts';
import type { GattLink } from '../transport/ble/gatt-link.ts';
import type { GattPort } from '../transport/ble/gatt-port.ts';
import type { LineSettings } from '../transport/exchange.ts';

/** Rate at which a slow radio module hands bytes on, and what the way there and back adds. */
const RADIO = { baudRate: 2400, wayMs: 700 } as const;
/** Copies of a reply are over by then, where BlueZ tells everything twice, ms. */
const LEAST_GAP_MS = 20;

/** How a port of a device is used. */
export function lineOver(gatt: GattPort, gapMs = LEAST_GAP_MS): LineSettings {
  return { ...RADIO, gapMs: Math.max(LEAST_GAP_MS, gapMs), gatt };
}

/**
 * The drivers as they reach a device over this link: with the characteristics that it has in place of line settings, the likeliest
 * first. Throws a NothingFoundError where it has those of none of them.
 */
export function overBluetooth(
  drivers: readonly BmsDriver[],
  link: Pick<GattLink, 'has' | 'services'>,
  seen: Advertised | undefined,
): readonly BmsDriver[] {
  const reached = drivers.flatMap((driver) => {
    const { bluetooth, serial } = driver.reach;
    const ports = bluetooth?.ports.filter((port) => link.has(port)) ?? [];
    if (bluetooth === undefined || ports.length === 0) return [];
    const lines = ports.map((port) => lineOver(port, serial.lines[0]?.gapMs));
    const addresses = serial.addresses.slice(0, 1);
    const { secondUsual: _, ...own } = serial;
    const over: BmsDriver = { ...driver, reach: { bluetooth, serial: { ...own, lines, addresses } } };
    return [{ over, isLikely: seen !== undefined && mayBe(bluetooth, seen) }];
  });
  if (reached.length === 0) {
    const wanted = drivers.filter(({ reach }) => reach.bluetooth !== undefined).map(({ id }) => id);
    const services = link.services.map((uuid) =>
      uuid.replace(/^0000(.{4})-0000-1000-8000-00805f9b34fb$/, '$1'),
    );
    throw new NothingFoundError(
      `this device is none of ${wanted.join(', ')}: it has other services (${services.join(', ') || 'none'})`,
    );
  }
  return [...reached.filter(({ isLikely }) => isLikely), ...reached.filter(({ isLikely }) => !isLikely)].map(
    ({ over }) => over,
  );
}

/** Every frame that may be sent to a battery that is one of these; switches only where the owner allows writing. */
export function allowedFrames(drivers: readonly BmsDriver[], mayWrite: boolean): readonly RegExp[] {
  return drivers.flatMap(({ sends }) => [
    ...sends.reads,
    ...(mayWrite ? Object.values(sends.switches ?? {}).flat() : []),
  ]);
}
