import type { BmsDriver } from '../../bms/driver.ts';
import type { Device } from '../line/device.ts';
import type { Peripheral, RadioFaults } from './peripheral.ts';

const ATT_HEADER = 3;
const DEFAULT_MTU = 23;

export interface BatteryRadio {
  readonly address: string;
  readonly name: string;
  readonly mtu?: number;
  readonly rssi?: number;
  readonly faults?: RadioFaults;
  /** Which of the ports of the driver the module has; default the first. */
  readonly port?: number;
}

/** A simulated battery with a radio module instead of a cable: its answers come in fragments. */
export function batteryPeripheral(
  device: Pick<Device, 'attach'>,
  driver: BmsDriver,
  radio: BatteryRadio,
): Peripheral {
  const { address, faults = {}, mtu = DEFAULT_MTU, name, port: index = 0, rssi } = radio;
  const port = driver.reach.bluetooth?.ports[index];
  if (port === undefined) throw new RangeError(`${driver.id} has no Bluetooth port ${index}`);
  const { notify, service, write = notify, writeService = service } = port;
  const isOne = notify === write && service === writeService;
  const ways = ['write', 'write-without-response'];
  const heard = { uuid: notify, flags: isOne ? ['notify', ...ways] : ['notify'] };
  const written = { uuid: write, flags: ways };
  return {
    address,
    name,
    mtu,
    faults,
    ...(rssi !== undefined && { rssi }),
    advertised: [service],
    services:
      service === writeService
        ? [{ uuid: service, characteristics: isOne ? [heard] : [heard, written] }]
        : [
            { uuid: service, characteristics: [heard] },
            { uuid: writeService, characteristics: [written] },
          ],
    open(tell) {
      const piece = mtu - ATT_HEADER;
      const session = device.attach({
        delivery: 1,
        send(bytes) {
          for (let at = 0; at < bytes.length; at += piece) tell(notify, bytes.slice(at, at + piece));
        },
      });
      return { write: (_, bytes) => session.receive(bytes), end: () => session.detach() };
    },
  };
}
