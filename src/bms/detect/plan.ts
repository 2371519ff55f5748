import type { LineSettings } from '../../transport/exchange.ts';
import type { BmsDriver } from '../driver.ts';
import { type Hit, hitText, lineText } from './hit.ts';

/**
 * How a driver asks: `short` sends its first request once and waits for the time that its BMS usually needs; once
 * answered it goes on as ever. `full` has every form, try and deadline of the driver.
 */
export type Patience = 'short' | 'full';

/** One step of a search: a driver at an address with one line setting. */
export interface Step {
  readonly driver: BmsDriver;
  readonly line: LineSettings;
  readonly address: number;
  readonly patience: Patience;
}

/** A step as it is written down. */
export interface Place extends Hit {
  readonly patience: Patience;
}

/** Where a search ended, for the next one. */
export interface SearchPlace {
  /** The first step that was not made. */
  readonly next: Place;
  /** The next search asks every driver at its usual place before it goes on there. */
  readonly usualFirst: boolean;
}

export interface PlanOptions {
  /** Drivers to try, the likeliest first. */
  readonly drivers: readonly BmsDriver[];
  /** Where batteries answered before on this port, the last hit first; tried before everything else. */
  readonly first?: readonly Hit[];
  /** Only these addresses (of drivers that have addresses at all). */
  readonly addresses?: readonly number[];
  /** Only this line speed. */
  readonly baudRate?: number;
  /** Where the search before this one ended. */
  readonly from?: SearchPlace;
}

export interface Plan {
  /** Where batteries answered before. */
  readonly known: readonly Step[];
  /** Every driver at its usual place, when the search begins elsewhere and asks there first all the same. */
  readonly usual: readonly Step[];
  /** All steps, from the one at which this search begins to the one before it. */
  readonly round: readonly Step[];
  /** The search begins with every driver at its usual place. */
  readonly beginsWithUsual: boolean;
}

/** So few types are asked with all patience at once. */
const FEW = 3;

/**
 * The order of attempts. The whole round is: every driver at its usual place (address and line setting) and then with its other
 * line settings, in short; the same with all patience; then the other addresses in short, the second one of every driver before
 * the third of any. Attempts of one line setting stand together, so that the port is set up anew as rarely as possible, and
 * within it the drivers in their order. A search that goes on where another ended asks at the usual places first every
 * second time: a battery that was connected meanwhile is most likely there.
 */
export function plan(options: PlanOptions): Plan {
  const { addresses, baudRate, drivers, first = [], from } = options;
  const wanted = drivers.map((driver) => ({
    driver,
    lines: linesOf(driver, baudRate),
    addresses:
      addresses !== undefined && driver.reach.serial.addresses.length > 1
        ? addresses
        : driver.reach.serial.addresses,
  }));
  const known = first.flatMap((hit, index): Step[] => {
    const found = wanted.find(({ driver }) => driver.id === hit.id);
    if (found === undefined || !found.addresses.includes(hit.address)) return [];
    if (baudRate !== undefined && hit.line.baudRate !== baudRate) return [];
    return [{ driver: found.driver, line: hit.line, address: hit.address, patience: patienceOf(index) }];
  });
  const isSecondAsked = addresses === undefined;
  const quick: Patience = drivers.length > FEW ? 'short' : 'full';
  const usual = bySetting(wanted, 0, 1, (item) => usualOf(item, isSecondAsked));
  const others = bySetting(wanted, 1, Number.POSITIVE_INFINITY, ({ addresses: [at] }) => [at]);
  const most = Math.max(0, ...wanted.map((item) => item.addresses.length));
  const rest = Array.from({ length: Math.max(0, most - 1) }, (_, rank) =>
    bySetting(wanted, 0, 1, (item) => [item.addresses[rank + 1]]),
  ).flat();
  const withPatience = (steps: readonly Attempted[], patience: Patience): Step[] =>
    steps.map((step) => ({ ...step, patience }));
  const round = unique([
    ...withPatience([...usual, ...others], quick),
    ...withPatience([...usual, ...others], 'full'),
    ...withPatience(rest, quick),
  ]);
  const start = Math.max(
    0,
    round.findIndex((step) => from !== undefined && isAt(step, from.next)),
  );
  const beginsWithUsual = start === 0 || from?.usualFirst === true;
  return {
    known,
    usual: start > 0 && beginsWithUsual ? withPatience(usual, quick) : [],
    round: [...round.slice(start), ...round.slice(0, start)],
    beginsWithUsual,
  };
}

/** The battery that answered last is asked with all patience, its neighbours in short. */
function patienceOf(index: number): Patience {
  return index === 0 ? 'full' : 'short';
}

type Attempted = Omit<Step, 'patience'>;

interface Wanted {
  readonly driver: BmsDriver;
  readonly lines: readonly LineSettings[];
  readonly addresses: readonly number[];
}

function usualOf({ addresses: [usual], driver }: Wanted, isSecondAsked: boolean): (number | undefined)[] {
  return [usual, isSecondAsked ? driver.reach.serial.secondUsual : undefined];
}

/** These addresses with the line settings from one place of their lists to another, those of one setting together. */
function bySetting(
  wanted: readonly Wanted[],
  from: number,
  to: number,
  addressesOf: (item: Wanted) => readonly (number | undefined)[],
): Attempted[] {
  const steps = wanted.flatMap((item) =>
    item.lines
      .slice(from, to)
      .flatMap((line) =>
        addressesOf(item).flatMap((address) =>
          address === undefined ? [] : [{ driver: item.driver, line, address }],
        ),
      ),
  );
  const settings = new Set(steps.map(({ line }) => lineText(line)));
  return [...settings].flatMap((setting) => steps.filter(({ line }) => lineText(line) === setting));
}

/** The line settings of a driver, of one speed if so wanted; a speed that it does not know takes the place of its usual one. */
function linesOf({ reach }: BmsDriver, baudRate: number | undefined): readonly LineSettings[] {
  const { lines } = reach.serial;
  if (baudRate === undefined) return lines;
  const same = lines.filter((line) => line.baudRate === baudRate);
  return same.length > 0 ? same : lines.slice(0, 1).map((line) => ({ ...line, baudRate }));
}

function unique(steps: readonly Step[]): Step[] {
  return [...new Map(steps.map((step) => [stepText(step), step])).values()];
}

function isAt(step: Step, { patience, ...hit }: Place): boolean {
  return step.patience === patience && hitText(hitOf(step)) === hitText(hit);
}

export function hitOf({ driver, line, address }: Omit<Step, 'patience'>): Hit {
  return { id: driver.id, line, address };
}

export function placeOf(step: Step): Place {
  return { ...hitOf(step), patience: step.patience };
}

/** Tells steps apart. */
export function stepText(step: Step): string {
  return `${hitText(hitOf(step))} ${step.patience}`;
}
