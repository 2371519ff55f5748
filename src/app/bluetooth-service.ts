import type { Clock } from '../clock.ts';
import type { BusError } from '../errors.ts';
import type { LogSource } from '../log.ts';
import type { Bluetooth } from '../transport/ble/bluetooth.ts';
import { deviceName } from '../transport/ble/connect.ts';
import { BluetoothBattery, type BluetoothBatteryPlan } from './bluetooth-battery.ts';
import { namedLog } from './named-log.ts';
import type { PortOptions } from './port-service.ts';

export interface BluetoothServiceOptions {
  readonly bluetooth: Bluetooth;
  readonly batteries: readonly BluetoothBatteryPlan[];
  readonly stateFolder: string;
  readonly clock: Clock;
  readonly log: LogSource;
  readonly signal: AbortSignal;
  readonly random?: () => number;
  readonly openOutput?: PortOptions['openOutput'];
  readonly onExchange?: PortOptions['onExchange'];
  readonly banks?: PortOptions['banks'];
}

/** A turn of one battery takes about so long, s: connecting, one reading, letting go. */
const TURN_S = 2.5;

/** Serves every Bluetooth battery of this machine until the signal aborts: one owner of the adapter, each battery by itself. */
export async function serveBluetooth(options: BluetoothServiceOptions): Promise<void> {
  const { batteries, bluetooth, clock, log, random = Math.random, signal, ...rest } = options;
  const bluetoothLog = log.scope('bluetooth');
  const stop = new AbortController();
  const end = (): void => stop.abort();
  signal.addEventListener('abort', end, { once: true });
  if (signal.aborted) end();
  let lost: BusError | undefined;
  bluetooth.tree.bus.onLost = (error) => {
    lost = error;
    end();
  };
  const onFewLinks = (most: number): void =>
    bluetoothLog.warn(
      `the adapter carries ${most} links for ${batteries.length} batteries: they take turns, and each is read about every ` +
        `${Math.ceil(batteries.length * TURN_S)} s`,
    );
  if (bluetooth.adapters.length === 0)
    bluetoothLog.warn(
      bluetooth.tree.isRunning
        ? 'there is no Bluetooth adapter; plug one in, or switch the built-in one on'
        : 'bluetoothd is not running on this machine; it is waited for',
    );
  const each = batteries.map((plan) =>
    new BluetoothBattery({
      ...plan,
      ...rest,
      bluetooth,
      clock,
      random,
      onFewLinks,
      log: namedLog(log, deviceName(plan.wanted)),
      signal: stop.signal,
    })
      .run()
      .catch((error: unknown) => {
        end();
        throw error;
      }),
  );
  try {
    await Promise.all(each);
  } catch (error) {
    await Promise.allSettled(each);
    throw lost ?? error;
  } finally {
    signal.removeEventListener('abort', end);
  }
  if (lost !== undefined) throw lost;
}
