import { type Surroundings, watchBus } from './around.ts';
import { BATTERY_FAULTS } from './battery-faults.ts';
import { DEVICE_FAULTS } from './device-faults.ts';
import { LASTS_S, type LogFault } from './fault.ts';
import { LINE_FAULTS } from './line-faults.ts';
import { type LogLine, watchLog } from './site.ts';

export const LOG_FAULTS: readonly LogFault[] = [...LINE_FAULTS, ...BATTERY_FAULTS, ...DEVICE_FAULTS];

const HOURS = 2;
/** s since the start of the program. */
const BEGIN_S = 600;
/** How long what happens around the program is watched, s. */
const AROUND_S = 900;

/** The lines of the log from the beginning of the fault on, with the time since then; s. */
export async function linesOf(fault: LogFault): Promise<readonly LogLine[]> {
  if (fault.around !== undefined) return linesAround(fault.around);
  const { begin = () => {}, course, end = () => {}, fromStart, site = {} } = fault;
  const from = fromStart === true ? 0 : BEGIN_S;
  const { everyS = HOURS * 3600, does = () => {} } = course ?? {};
  const happenings = [{ at: from, does: begin }];
  for (let s = 0; from + s < HOURS * 3600; s += everyS)
    happenings.push({ at: from + s, does: (place) => does(place, s) });
  happenings.push({ at: from + LASTS_S, does: end });
  const lines = await watchLog(site, happenings, HOURS);
  return lines
    .filter(({ at, text }) => at >= from && !(fromStart && START.test(text)))
    .map(({ at, text }) => ({ at: at - from, text }));
}

async function linesAround(around: Surroundings): Promise<readonly LogLine[]> {
  const [first] = around.outside;
  const from = first?.at ?? 0;
  const lines = await watchBus(around, AROUND_S);
  return lines
    .filter(({ at, text }) => at >= from && at < AROUND_S && !START.test(text))
    .map(({ at, text }) => ({ at: at - from, text }));
}

/** Lines of the limits, which change and say why. */
const LIMIT = /^info control: (?!over after)/;
/** As many of them as one fault may bring. */
const MOST_LIMITS = 24;

/** What is wrong with the lines of a fault, in words. */
export function missesOf(fault: LogFault, lines: readonly LogLine[]): readonly string[] {
  const { begins, ends, lasts } = fault;
  const texts = lines.map(({ text }) => text);
  const once = [...begins, ...ends].flatMap((pattern, index) => {
    const isEnd = index >= begins.length;
    const count = texts.filter(
      (text) => pattern.test(text) && (isEnd || !text.includes('over after')),
    ).length;
    return count === 1 ? [] : [`${count} lines match ${pattern}`];
  });
  const summaries = lines.filter(({ text }) => lasts?.test(text) && !isAny([...begins, ...ends], text));
  const early = summaries
    .filter(({ at }) => at < 3600)
    .map(({ text }) => `a summary within an hour: ${text}`);
  const others = texts.filter(
    (text) => !isAny([...begins, ...ends, ...(lasts === undefined ? [] : [lasts])], text),
  );
  const limits = others.filter((text) => LIMIT.test(text));
  const strange = others.filter((text) => !LIMIT.test(text)).map((text) => `nobody expects: ${text}`);
  return [
    ...once,
    ...early,
    ...strange,
    ...(begins.length === 0 ? limits.map((text) => `nobody expects: ${text}`) : []),
    ...(limits.length > MOST_LIMITS ? [`${limits.length} lines of limits`] : []),
    ...(lasts !== undefined && summaries.length === 0 ? [`no line matches ${lasts}`] : []),
  ];
}

function isAny(patterns: readonly RegExp[], text: string): boolean {
  return patterns.some((pattern) => pattern.test(text));
}

/** The lines that a sound battery brings at the start are not those of a fault. */
const START = /^info (detect: |control: (Bulk|Charge limited|Discharge limited))/;
