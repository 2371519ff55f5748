import { fatalLine } from '../../../src/app/fatal-line.ts';
import { responder } from '../../../src/bms/jbd/responder.ts';
import type { Circumstances, Opened, Outside } from '../../golden/conversation.ts';
import type { FarEnd } from '../../golden/line.ts';
import { Scene } from '../../golden/scene.ts';
import { batteryOf } from '../batteries.ts';
import type { LogLine } from './site.ts';

/** What happens around the program: on the bus, to its port, to itself. */
export interface Surroundings {
  readonly outside: readonly Outside[];
  /** What becomes of an attempt to open the port; default it goes well. */
  readonly opened?: Opened;
}

const ANSWER_MS = 40;
const CIRCUMSTANCES: Omit<Circumstances, 'end'> = {
  bms: 'jbd',
  port: 'ttyUSB0',
  settings: '[connection]\nbms = "jbd"\npollInterval = 4\n',
  stored: {},
  pollInterval: 4,
};

/**
 * Runs the program with a bus, localsettings and a battery that stands still, for `seconds` of virtual time. Gives every line
 * of the log from info on, with those that the command writes when it ends.
 */
export async function watchBus(
  { opened = 'ok', outside }: Surroundings,
  seconds: number,
): Promise<readonly LogLine[]> {
  const battery = { ...batteryOf(16), current: 0, power: 0 };
  const far: FarEnd = {
    open: () => opened,
    set: () => {},
    close: () => {},
    ask(request) {
      const reply = responder.reply(Buffer.from(request, 'hex'), battery)?.bytes;
      return reply && { delayMs: ANSWER_MS, bytes: Buffer.from(reply).toString('hex') };
    },
  };
  const start = { at: 0, do: 'start' } as const;
  const scene = new Scene({
    circumstances: { ...CIRCUMSTANCES, end: seconds },
    outside: [start, ...outside].toSorted((a, b) => a.at - b.at),
    far,
  });
  const notes = (await scene.play()).trim().split('\n');
  return notes.flatMap((line): LogLine[] => {
    const { ended, log, t: at } = JSON.parse(line); // The transcript is of our own making.
    if (typeof log === 'string' && !log.startsWith('debug')) return [{ at, text: log }];
    if (typeof ended !== 'string') return [];
    if (ended === 'stopped') return [{ at, text: 'info start: stopped' }];
    const [, code = '', message = ''] = /^(\w+): (.*)$/s.exec(ended) ?? [];
    return [{ at, text: fatalLine({ code, message }) }];
  });
}
