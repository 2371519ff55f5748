import { lineText } from '../../src/bms/detect/hit.ts';
import type { BmsDriver } from '../../src/bms/driver.ts';
import { BMSES } from '../../src/bms/index.ts';
import { BmsError, hex } from '../../src/errors.ts';
import { VirtualClock } from '../../src/simulator/virtual-clock.ts';
import { DRIVERS } from '../../test/support/detection.ts';
import { simulated, VirtualLine } from '../../test/support/virtual-line.ts';
import type { Report } from './report.ts';

/**
 * Drivers that cannot be told apart by their first request, because they send the same one with the same line settings, or
 * because a device answers that of another type; and what tells them apart then.
 */
export async function firstRequests(report: Report): Promise<void> {
  report.say();
  report.say('Types that begin with the same request');
  const shared = [...openings()].filter(([, drivers]) => drivers.length > 1);
  for (const [request, drivers] of shared)
    report.say(`${request}: ${drivers.map(({ id }) => id).join(', ')}`);
  if (shared.length === 0) report.say('none');
  report.say();
  report.say(
    'Devices that answer the first request of another type, and what tells that type that it is not its own',
  );
  let some = false;
  for (const { driver: device } of BMSES) {
    for (const driver of DRIVERS.filter((other) => other !== device)) {
      const why = await objectionOf(driver, device);
      if (why === undefined) continue;
      some = true;
      report.say(`${device.id.padEnd(14)}asked by ${driver.id.padEnd(14)}${why}`);
    }
  }
  if (!some) report.say('none');
}

/** The drivers by "line setting, first request". */
function openings(): ReadonlyMap<string, BmsDriver[]> {
  const byRequest = new Map<string, BmsDriver[]>();
  for (const driver of DRIVERS) {
    const { addresses, lines } = driver.reach.serial;
    for (const line of lines) {
      for (const request of driver.opening(addresses[0] ?? 0).requests) {
        const key = `${lineText(line)} ${hex(request, request.length)}`;
        byRequest.set(key, [...(byRequest.get(key) ?? []), driver]);
      }
    }
  }
  return byRequest;
}

/** Why the probe of `driver` rejects a device of another type; undefined when the device stays silent. */
async function objectionOf(driver: BmsDriver, device: BmsDriver): Promise<string | undefined> {
  const clock = new VirtualClock();
  const line = new VirtualLine(clock, await simulated(device.id, clock), device.reach.serial.lines[0]);
  const outcome = await line.until(
    driver
      .open(line.link, driver.reach.serial.addresses[0] ?? 0)
      .probe()
      .then(
        () => 'IT TAKES IT FOR ITS OWN',
        (error: unknown) => {
          if (error instanceof BmsError) return error.message;
          throw error;
        },
      ),
  );
  const isAnswered = line.records.some(({ received }) => received.length > 0);
  await line.link.close();
  return isAnswered ? outcome : undefined;
}
