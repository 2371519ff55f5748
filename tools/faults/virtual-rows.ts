import { mkdtemp, readFile, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { StateFile } from '../../src/app/state-file.ts';
import type { ControlOutput } from '../../src/control/law.ts';
import type { PackReading } from '../../src/model/reading.ts';
import { BankLine } from '../../test/support/bank-line.ts';
import type { Row } from './row.ts';

/** The BMS allows little, so that limits are below their most and could be raised. */
const PACK = { address: 1, soc: 60, noise: 0, selfDischarge: 0, balancer: null, maxCurrent: 45 };
/** Until limits have ramped up. */
const SETTLING_MS = 600_000;
/** A, V: one step of what is published. */
const STEP = 0.051;
const LIMITS = ['ccl', 'dcl', 'cvl'] as const;
/** Values are not shown, and limits not left alone, longer than this without an answer; s. */
const MOST_REDUCED_S = 12;

/** What happens in virtual time: hours pass in seconds. */
export async function virtualRows(silencesS: readonly number[]): Promise<Row[]> {
  const rows: Row[] = [];
  for (const seconds of silencesS) rows.push(await silence(seconds));
  return [...rows, await cellCount(), await otherClock(), await diskFull()];
}

/** The service on a line, looked at after every second. */
class Observed {
  readonly line: BankLine;
  readonly #before: ControlOutput;
  /** Everything that may be shown. */
  readonly truths: PackReading[];
  wrong = 0;
  raised = 0;

  static async open(): Promise<Observed> {
    const line = await BankLine.open('jbd', { packs: [PACK] });
    await line.run(SETTLING_MS);
    const state = line.state;
    if (state?.reading === undefined) throw new Error('the battery was never read');
    return new Observed(line, state.control, state.reading);
  }

  private constructor(line: BankLine, before: ControlOutput, truth: PackReading) {
    this.line = line;
    this.#before = before;
    this.truths = [truth];
  }

  get isReduced(): boolean {
    const now = this.line.state?.control;
    return now !== undefined && LIMITS.some((limit) => now[limit] < this.#before[limit] - STEP);
  }

  get isFresh(): boolean {
    const state = this.line.state;
    return state?.control.freshness === 'fresh' && state.reading !== undefined;
  }

  get isShown(): boolean {
    return this.line.state?.reading !== undefined;
  }

  async second(): Promise<void> {
    await this.line.run(1000);
    const state = this.line.state;
    if (state === undefined) return;
    const { control, reading } = state;
    if (LIMITS.some((limit) => control[limit] > this.#before[limit] + STEP)) this.raised += 1;
    if (reading !== undefined && !this.truths.some((truth) => isNear(reading, truth))) this.wrong += 1;
  }
}

function isNear(reading: PackReading, truth: PackReading): boolean {
  const { cellVoltages: cells = [], soc = 0, voltage = 0 } = reading;
  const { cellVoltages: trueCells = [], soc: trueSoc = 0, voltage: trueVoltage = 0 } = truth;
  return (
    cells.length === trueCells.length &&
    cells.every((cell, index) => Math.abs(cell - (trueCells[index] ?? 0)) < 0.003) &&
    Math.abs(voltage - trueVoltage) < STEP &&
    Math.abs(soc - trueSoc) <= 1
  );
}

async function silence(seconds: number): Promise<Row> {
  const seen = await Observed.open();
  let reducedS: number | undefined;
  let hiddenS: number | undefined;
  const { plant } = seen.line.device;
  plant.line = { ...plant.line, silent: 1 };
  const { clock } = seen.line;
  const began = clock.now();
  const since = (): number => (clock.now() - began) / 1000;
  while (since() < seconds) {
    await seen.second();
    if (seen.isReduced) reducedS ??= since();
    if (!seen.isShown) hiddenS ??= since();
  }
  plant.line = { ...plant.line, silent: 0 };
  let recoveryS = 0;
  while (!seen.isFresh && recoveryS < 300) {
    await seen.second();
    recoveryS += 1;
  }
  const missed = [
    seconds > MOST_REDUCED_S &&
      !((reducedS ?? Infinity) <= MOST_REDUCED_S) &&
      `limits reduced after ${reducedS} s`,
    seconds > MOST_REDUCED_S &&
      !((hiddenS ?? Infinity) <= MOST_REDUCED_S) &&
      `old values shown for ${hiddenS} s`,
    !seen.isFresh && 'never came back',
  ].filter((text) => text !== false);
  return {
    fault: `silence of ${seconds} s (virtual time)`,
    injected: 1,
    wrong: seen.wrong,
    raised: seen.raised,
    ...(reducedS !== undefined && { reducedS }),
    recoveryS,
    restarts: 0,
    note: hiddenS === undefined ? '' : `values gone after ${hiddenS.toFixed(1)} s`,
    missed,
  };
}

/** Another pack with a cell less on the same cable: nothing of it may be taken for the old one. */
async function cellCount(): Promise<Row> {
  const seen = await Observed.open();
  await seen.line.swap([{ ...PACK, cells: 15 }]);
  // What it measures is true, only that nobody may act upon it.
  seen.truths.push(seen.line.device.plant.truth());
  let reducedS: number | undefined;
  for (let s = 1; s <= 60; s += 1) {
    await seen.second();
    if (seen.isReduced) reducedS ??= s;
  }
  const control = seen.line.state?.control;
  await seen.line.swap([PACK]);
  let recoveryS = 0;
  while (!seen.isFresh && recoveryS < 300) {
    await seen.second();
    recoveryS += 1;
  }
  return {
    fault: 'cell count changes for 60 s (virtual time)',
    injected: 1,
    wrong: seen.wrong,
    raised: seen.raised,
    ...(reducedS !== undefined && { reducedS }),
    recoveryS,
    restarts: 0,
    note: control?.chargeReason ?? '',
    missed: control?.ccl === 0 && control.dcl === 0 ? [] : ['current may flow'],
  };
}

/** The calendar is set while the service runs: everything that counts time uses the other clock. */
async function otherClock(): Promise<Row> {
  const seen = await Observed.open();
  const { clock } = seen.line;
  const walls = [Date.UTC(2036, 0, 1), Date.UTC(2000, 0, 1), clock.wall(), 0];
  const goodBefore = seen.line.polls.get(PACK.address) ?? 0;
  let seconds = 0;
  for (const wall of walls) {
    clock.setWall(wall);
    for (let s = 0; s < 30; s += 1) await seen.second();
    seconds += 30;
  }
  const polls = (seen.line.polls.get(PACK.address) ?? 0) - goodBefore;
  const missed = [
    polls !== seconds && `${polls} polls in ${seconds} s`,
    seen.isReduced && 'limits were reduced',
  ];
  return {
    fault: 'calendar set forward and back (virtual time)',
    injected: walls.length,
    wrong: seen.wrong,
    raised: seen.raised,
    restarts: 0,
    missed: missed.filter((text) => text !== false),
  };
}

/** The state file cannot be written: said once, and what was written before stays whole. */
async function diskFull(): Promise<Row> {
  const folder = await mkdtemp(join(tmpdir(), 'dbus-bms-faults-'));
  const warnings: string[] = [];
  const say = (text: string): void => void warnings.push(text);
  const log = { error: say, warn: say, info: () => {}, debug: () => {}, debugging: false };
  const times = 20;
  try {
    const file = new StateFile(folder, 'ttyUSB0', log);
    await file.save({ key: 'before' });
    await symlink('/dev/full', join(folder, 'ttyUSB0.json.new'));
    for (let count = 0; count < times; count += 1) await file.save({ key: `after ${count}` });
    const text = await readFile(join(folder, 'ttyUSB0.json'), 'utf8');
    const missed = [
      !text.includes('before') && `the file says ${text}`,
      warnings.length !== 1 && `${warnings.length} warnings`,
    ].filter((problem) => problem !== false);
    return {
      fault: 'disk full',
      injected: times,
      wrong: 0,
      raised: 0,
      restarts: 0,
      note: warnings[0] ?? '',
      missed,
    };
  } finally {
    await rm(folder, { recursive: true });
  }
}
