import type { PackReading } from '../../src/model/reading.ts';
import { BEARABLE, MEDDLINGS } from './meddler.ts';
import type { Row } from './row.ts';
import { type Effort, type Fault, type Line, Scene } from './scene.ts';

/** Longer than a value is shown after its last answer: who bears a fault for this time reads on. */
const BORNE_MS = 13_000;
const REBOOT_MS = 2500;
/** Limits are left alone for 10 s without an answer; the poll that finds this out may take its time to fail. */
const REDUCED_WITHIN_S = 16;
const DROPS = 5;

/** What a line does to the service, one after the other on the same process. */
export async function lineRows(
  line: Line,
  effort: Effort,
  onRow: (row: Row) => void = () => {},
): Promise<Row[]> {
  const { faultMs, meddlings = Object.keys(MEDDLINGS), isThorough = true, silencesMs } = effort;
  const scene = await Scene.open(line, isThorough);
  const { house, port } = scene;
  const rows: Row[] = [];
  const endure = async (fault: Fault): Promise<void> => {
    const row = await scene.endure(fault);
    onRow(row);
    rows.push(row);
  };
  try {
    await scene.start();
    for (const [name, meddling] of Object.entries(MEDDLINGS)) {
      if (!meddlings.includes(name)) continue;
      const before = port.struck;
      const isBearable = BEARABLE.includes(name);
      await endure({
        name,
        ms: isBearable && isThorough ? Math.max(BORNE_MS, faultMs) : faultMs,
        isBearable,
        begin() {
          port.meddling = meddling;
        },
        end() {
          port.meddling = undefined;
        },
        struck: () => port.struck - before,
      });
    }
    if (line === 'network') await endure(dropped(scene, faultMs));
    await endure({
      name: 'localsettings gone',
      ms: faultMs,
      begin: () => house.loseSettings(),
      end: () => {},
      struck: () => 1,
    });
    const { plant } = house.device;
    let requests = 0;
    port.onRequest = () => {
      requests += 1;
    };
    const silence = {
      isExact: true,
      begin() {
        requests = 0;
        plant.line = { ...plant.line, silent: 1 };
      },
      end() {
        plant.line = { ...plant.line, silent: 0 };
      },
      struck: () => requests,
    };
    for (const ms of silencesMs) {
      const name = `silence of ${ms / 1000} s`;
      const isLong = ms > 1000 * REDUCED_WITHIN_S;
      await endure({ ...silence, name, ms, ...(isLong && { reducedWithinS: REDUCED_WITHIN_S }) });
    }
    // The last one: its new values may show only after it, and would be wrong for a fault that began before.
    await endure({
      ...silence,
      name: 'BMS reboots with other values',
      ms: REBOOT_MS,
      change(watch) {
        for (const pack of plant.packs) pack.setSoc(52);
        house.device.live();
        watch.allow(published(plant.truth()));
      },
    });
  } finally {
    await scene.close();
  }
  return rows;
}

/** The bridge ends the connection again and again, once while it is asked. */
function dropped({ port }: Scene, ms: number): Fault {
  let drops = 0;
  let timer: NodeJS.Timeout | undefined;
  const drop = (): void => {
    drops += 1;
    port.drop();
  };
  return {
    name: 'connection dropped, while asked and between polls',
    ms,
    begin() {
      port.onRequest = () => {
        if (drops === 0) drop();
      };
      timer = setInterval(drop, ms / DROPS);
    },
    end() {
      clearInterval(timer);
      port.onRequest = () => {};
    },
    struck: () => drops,
  };
}

/** The paths that a reading determines. */
function published(truth: PackReading): Map<string, number> {
  const {
    capacityFull = 0,
    capacityRemaining = 0,
    cellVoltages = [],
    current,
    soc,
    temperatures = [],
    voltage,
  } = truth;
  const values: [string, number | undefined][] = [
    ['/Dc/0/Voltage', voltage],
    ['/Dc/0/Current', current],
    ['/Soc', soc],
    ['/Capacity', capacityRemaining],
    ['/ConsumedAmphours', capacityRemaining - capacityFull],
    ['/Dc/0/Temperature', temperatures.reduce((sum, one) => sum + one, 0) / temperatures.length],
    ['/System/MaxCellTemperature', Math.max(...temperatures)],
    ['/System/MinCellTemperature', Math.min(...temperatures)],
    ['/System/MaxCellVoltage', Math.max(...cellVoltages)],
    ['/System/MinCellVoltage', Math.min(...cellVoltages)],
    ...cellVoltages.map((cell, index): [string, number] => [`/Voltages/Cell${index + 1}`, cell]),
  ];
  return new Map(values.flatMap(([path, value]) => (value === undefined ? [] : [[path, value]])));
}
