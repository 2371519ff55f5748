import type { BatteryView } from '../../battery/battery-view.ts';
import { sleep } from '../../clock.ts';
import { CallError } from '../../dbus/bus.ts';
import { connectBus } from '../../dbus/client.ts';
import { BusError } from '../../errors.ts';
import { BatteryReader } from '../../venus/battery-reader.ts';
import { recentExchanges } from '../../venus/diagnosis.ts';
import type { Io } from '../command.ts';

/** A battery on the bus, and the last minute on its wire where its driver tells it. */
export interface ReportedBattery {
  readonly service: string;
  readonly view: BatteryView;
  readonly capture?: string;
}

/** Drivers exist that are busy with their BMS for a while. */
const PATIENCE_MS = 5000;
const LOOK_MS = 100;
/** Nothing answered for so long after the last: there are no more. */
const SETTLED_MS = 1000;

/** Every battery that answers on the bus; the reason instead where there is no bus. */
export async function seenBatteries(io: Io): Promise<readonly ReportedBattery[] | string> {
  let bus: Awaited<ReturnType<typeof connectBus>>;
  try {
    bus = await connectBus({ clock: io.clock });
  } catch (error) {
    if (!(error instanceof BusError)) throw error;
    return error.message;
  }
  const reader = await BatteryReader.open({ bus, clock: io.clock });
  try {
    const start = io.clock.now();
    let count = 0;
    let changedAt = start;
    while (io.clock.now() - start < PATIENCE_MS && io.clock.now() - changedAt < SETTLED_MS) {
      await sleep(io.clock, LOOK_MS, io.signal);
      if (reader.batteries.size !== count) changedAt = io.clock.now();
      count = reader.batteries.size;
      if (io.signal.aborted) break;
    }
    const batteries: ReportedBattery[] = [];
    for (const { service, view } of [...reader.batteries.values()].sort((a, b) =>
      a.service.localeCompare(b.service),
    )) {
      const capture = await recentExchanges(bus, service).catch((error: unknown) => {
        // Other drivers, packs beside their bank: they tell none.
        if (!(error instanceof CallError)) throw error;
        return '';
      });
      batteries.push({ service, view, ...(capture !== '' && { capture }) });
    }
    return batteries;
  } finally {
    reader.close();
    bus.disconnect();
  }
}
