import type { Clock } from '../clock.ts';
import type { Bus } from '../dbus/bus.ts';
import { connectBus } from '../dbus/client.ts';
import { BusError } from '../errors.ts';
import type { LogSource } from '../log.ts';
import type { BridgeOutput, SendCommand, Snapshot } from '../output/output.ts';
import { BatteryReader } from '../venus/battery-reader.ts';
import { sendCommand } from '../venus/battery-writer.ts';
import { bankServiceOf } from '../venus/names.ts';
import { BridgeBatteries } from './bridge-batteries.ts';

/** What every output may use. */
export interface OutputParts {
  readonly snapshot: Snapshot;
  readonly clock: Clock;
  readonly log: LogSource;
  readonly send: SendCommand;
}

export interface BridgeServiceOptions {
  readonly clock: Clock;
  readonly log: LogSource;
  readonly signal: AbortSignal;
  readonly alias: Readonly<Record<string, string>>;
  /** Opens what is configured. */
  readonly openOutputs: (parts: OutputParts) => Promise<readonly BridgeOutput[]>;
  readonly connect?: () => Promise<Bus>;
}

/** A driver that tells nothing for so long is asked; with the time for its answer it is offline within 45 s. */
const SILENCE_MS = 30_000;

/**
 * The bridge: every battery on the bus, told where it is configured. Rejects with a BusError when the bus is lost; a receiver
 * that is away is never a reason to end.
 */
export async function runBridge(options: BridgeServiceOptions): Promise<void> {
  const { alias, clock, connect = connectBus, log, openOutputs, signal } = options;
  const bus = await connect();
  const busLog = log.scope('dbus');
  const lost = new Promise<never>((_, reject) => {
    bus.onLost = reject;
  });
  const outputs: BridgeOutput[] = [];
  const batteries = new BridgeBatteries({
    clock,
    alias,
    bankOf: bankServiceOf,
    onUrgent: (battery) => {
      for (const output of outputs) output.hurry(battery);
    },
  });
  const send: SendCommand = async (id, command) => {
    const service = batteries.serviceOf(id);
    if (service === undefined) throw new BusError(`${id} is not on the bus`);
    await sendCommand(bus, service, command);
  };
  const reader = await BatteryReader.open({
    bus,
    clock,
    silenceMs: SILENCE_MS,
    onBattery: ({ service, view, wishes }) => batteries.take({ service, view, wishes }),
    onGone: (service) => batteries.gone(service),
  });
  busLog.debug('following the batteries on the bus');
  const stopped = new Promise<void>((resolve) => {
    if (signal.aborted) resolve();
    signal.addEventListener('abort', () => resolve(), { once: true });
  });
  try {
    outputs.push(...(await openOutputs({ snapshot: batteries, clock, log, send })));
    await Promise.race([stopped, lost]);
  } finally {
    await Promise.all(outputs.map((output) => output.close()));
    reader.close();
    bus.disconnect();
  }
}
