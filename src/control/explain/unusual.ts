import { fixed } from '../../model/round.ts';
import { doubtedCapacity } from '../input/capacity.ts';
import type { Known } from '../input/measure.ts';
import type { Sample } from '../input/reading-filter.ts';
import type { SignFlip } from '../input/sign-flip.ts';
import type { ControlSettings } from '../law.ts';
import type { Notice } from './notices.ts';

/** What a good sample and what the law makes of it say of the battery and its surroundings. */
export interface Circumstances {
  readonly settings: ControlSettings;
  readonly sample: Sample;
  readonly known: Known;
  /** Why everything is blocked. */
  readonly blocked: string | undefined;
  /** What only a drifted SoC can explain. */
  readonly drift: string | undefined;
  readonly sign: SignFlip;
  /** Seconds for which more current has flowed in than was allowed. */
  readonly ignored: number;
  /** A of charge in force. */
  readonly charge: number;
}

const IGNORED_S = 30;

/** What an owner should know of a sample, in whatever profile. */
export function unusual(facts: Circumstances): readonly Notice[] {
  const { settings, sample, known, blocked, drift, sign, ignored, charge } = facts;
  const notices: Notice[] = [];
  const say = (key: string, text: string): number => notices.push({ key, text });
  if (blocked !== undefined) say('blocked', `Charging and discharging are blocked: ${blocked}`);
  if (settings.configError !== undefined) {
    say('config', `Charging is reduced until the configuration is right: ${settings.configError}`);
  }
  if (sample.suspect) {
    say(
      'suspect',
      `The pack voltage (${sample.reading.voltage?.toFixed(2)} V) and the cells do not agree; the worse of both counts`,
    );
  }
  if (known.heat.count === 0) {
    say('no-temperature', 'The BMS tells no temperature: charging in frost or heat is not prevented');
  }
  for (const { kind, index, notice } of known.heat.faults) say(`sensor-${index}-${kind}`, notice);
  const doubted = settings.capacity === undefined ? doubtedCapacity(known.capacityWatch) : undefined;
  if (doubted !== undefined) {
    say(
      'capacity',
      `The BMS tells ${ah(doubted)} where it told ${ah(known.capacity ?? 0)}: limits follow the smaller capacity until the larger one has been told for 15 min; if it is right, set battery.capacity`,
    );
  }
  if (drift !== undefined) say('soc-drift', drift);
  if (sign.sign !== 1) {
    say(
      'sign',
      `The BMS tells the current with the wrong sign, and the driver turns it: set connection.invertCurrent = ${!settings.invertCurrent}, so that this is settled`,
    );
  }
  if (ignored >= IGNORED_S) {
    say(
      'ignored',
      `${fixed(sample.current, 0)} A flow in where ${charge.toFixed(0)} A are allowed: with feed-in of excess solar power the charge current limit has no effect`,
    );
  }
  return notices;
}

function ah(capacity: number): string {
  return `${Number(capacity.toFixed(1))} Ah`;
}
