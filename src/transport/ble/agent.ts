import type { Answer, Bus } from '../../dbus/bus.ts';
import { CallError } from '../../dbus/bus.ts';
import { BLUEZ } from './bluez-tree.ts';

const PATH = '/dbus_bms/agent';
const MANAGER = { destination: BLUEZ, path: '/org/bluez', interface: 'org.bluez.AgentManager1' };

/**
 * Tells BlueZ the PIN of a device that is being paired. It is asked only for what this program pairs: the agent of the system stays
 * the one for everybody else.
 */
export class PinAgent {
  readonly #bus: Bus;
  /** PIN by object path of the device that is being paired. */
  readonly #pins = new Map<string, number>();

  constructor(bus: Bus) {
    this.#bus = bus;
    bus.serve(({ body, member, path }) => (path === PATH ? this.#answer(member, body) : undefined));
  }

  /** Does something while the agent is registered and knows the PIN of this device. */
  async with<T>(device: string, pin: number, action: () => Promise<T>): Promise<T> {
    this.#pins.set(device, pin);
    const body = [PATH, 'KeyboardOnly'];
    try {
      await this.#bus
        .call({ ...MANAGER, member: 'RegisterAgent', signature: 'os', body })
        .catch((error: unknown) => {
          if (!(error instanceof CallError && error.errorName.endsWith('.AlreadyExists'))) throw error;
        });
      return await action();
    } finally {
      this.#pins.delete(device);
      const unregister = { ...MANAGER, member: 'UnregisterAgent', signature: 'o', body: [PATH] };
      // Where bluetoothd ended meanwhile, it has forgotten the agent.
      await this.#bus.call(unregister).catch((error: unknown) => {
        if (!(error instanceof CallError)) throw error;
      });
    }
  }

  #answer(member: string, [device]: readonly unknown[]): Answer {
    const pin = this.#pins.get(String(device));
    switch (member) {
      case 'Release':
      case 'Cancel':
        return { signature: '', body: [] };
      case 'RequestPasskey':
        if (pin !== undefined) return { signature: 'u', body: [pin] };
        break;
      case 'RequestPinCode':
        if (pin !== undefined) return { signature: 's', body: [String(pin).padStart(6, '0')] };
        break;
      default:
        break;
    }
    return { error: 'org.bluez.Error.Rejected', text: 'this program did not ask for that' };
  }
}
