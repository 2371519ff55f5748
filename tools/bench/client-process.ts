import type { Bus } from '../../src/dbus/bus.ts';
import { connectBus } from '../../src/dbus/client.ts';
import { BusReader } from '../../src/dbus/item-reader.ts';
import { BUS_ITEM } from '../../src/dbus/names.ts';
import { answerCalls } from './helper.ts';
import { monotonicMs, pause } from './monotonic.ts';

let bus: Bus | undefined;

function connected(): Bus {
  if (bus === undefined) throw new Error('not connected');
  return bus;
}

const methods = {
  async connect(address: string): Promise<void> {
    bus = await connectBus({ address });
  },

  /** Follows a service as a consumer on the device does. */
  async follow(service: string): Promise<void> {
    await BusReader.open(connected(), service);
  },

  /**
   * Round trips of `count` calls, ms. A call goes out every `everyMs` whether or not the one before was answered, so that
   * a blocked service delays as many calls as would really have come meanwhile.
   */
  async roundTrips(destination: string, path: string, count: number, everyMs: number): Promise<number[]> {
    const call =
      path === ''
        ? { destination, path: '/org/freedesktop/DBus', interface: destination, member: 'GetId' }
        : { destination, path, interface: BUS_ITEM, member: 'GetValue' };
    const times: Promise<number>[] = [];
    const start = monotonicMs();
    for (let sent = 0; sent < count; sent += 1) {
      const at = monotonicMs();
      times.push(
        connected()
          .call(call)
          .then(() => monotonicMs() - at),
      );
      await pause(Math.max(0, start + (sent + 1) * everyMs - monotonicMs()));
    }
    return Promise.all(times);
  },
};

export type ClientMethods = typeof methods;

answerCalls(methods);
