import { UsageError } from '../../errors.ts';
import { assertWritable } from '../../files.ts';
import { listen, servePty } from '../../simulator/line/serve.ts';
import { buildDevice } from '../../simulator/plant/build.ts';
import { BUILTIN_SCENARIOS } from '../../simulator/trials/builtin-scenarios.ts';
import { loadScenario } from '../../simulator/trials/scenario.ts';
import { onlyWord, parseArguments } from '../arguments.ts';
import { type Command, type Io, StoppedError } from '../command.ts';
import { loadControl } from '../limits/control-options.ts';
import { writeDrawing } from '../write-drawing.ts';
import { simulateDay } from './day.ts';
import { drawDay } from './day-drawing.ts';

const USAGE = `usage: dbus-bms simulate <bms> --listen <tcp port> | --pty <link path>
       dbus-bms simulate <bms> --plot FILE [--scenario NAME] [--hours N] [--config FILE]
A battery that answers like the real one, until TERM; or, with --plot, a drawing of a simulated day of it under the
charge control.
  --listen PORT     over TCP on this machine, like a serial-to-IP bridge
  --pty LINK        as a serial port; LINK is made and points at it
  --scenario NAME   ${Object.keys(BUILTIN_SCENARIOS).join(', ')}, or a JSON file; default idle, with --plot day
  --speed N         the battery lives N times faster than we do (the line keeps its rate)
  --baud N          line rate; default is the usual one of the BMS
  --plot FILE       an SVG drawing of cells, voltages, currents, limits and charge state; takes seconds
  --hours N         how long the drawn day is; default 24
  --config FILE     settings of the charge control for --plot; default /data/conf/dbus-bms.toml`;

export const simulate: Command = {
  summary: 'a battery that does not exist but answers',
  usage: USAGE,
  async run(args, io) {
    const { values, positionals } = parseArguments(args, {
      listen: { type: 'string' },
      pty: { type: 'string' },
      scenario: { type: 'string' },
      speed: { type: 'string' },
      baud: { type: 'string' },
      plot: { type: 'string' },
      hours: { type: 'string' },
      config: { type: 'string' },
    });
    const bms = onlyWord(positionals, 'the name of one BMS');
    if (values.plot !== undefined) {
      for (const name of ['listen', 'pty', 'speed', 'baud'] as const) {
        if (values[name] !== undefined) throw new UsageError(`--plot and --${name} do not go together`);
      }
      const hours = numberOption('hours', values.hours, 0.1, 24 * 31) ?? 24;
      return plotDay(bms, values.plot, { ...values, hours }, io);
    }
    for (const name of ['hours', 'config'] as const) {
      if (values[name] !== undefined) throw new UsageError(`--${name} needs --plot`);
    }
    if ((values.listen === undefined) === (values.pty === undefined)) {
      throw new UsageError('expected either --listen <tcp port>, --pty <link path> or --plot FILE');
    }
    const speed = numberOption('speed', values.speed, 0.01, 10_000);
    const baudRate = numberOption('baud', values.baud, 300, 1_000_000);
    const device = await buildDevice(bms, loadScenario(values.scenario ?? 'idle'), io.clock, {
      ...(speed !== undefined && { speed }),
      ...(baudRate !== undefined && { baudRate }),
    });
    const port = numberOption('listen', values.listen, 0, 65_535);
    const serving = port === undefined ? await servePty(device, values.pty) : await listen(device, { port });
    io.out(`${bms} answers at ${serving.path}\n`);
    await aborted(io);
    await serving.close();
    device.close();
    return 0;
  },
};

/** Lets a day pass in virtual time and draws it. A battery whose chemistry nobody states has that of the scenario. */
async function plotDay(
  bms: string,
  file: string,
  options: {
    readonly hours: number;
    readonly scenario?: string | undefined;
    readonly config?: string | undefined;
  },
  io: Io,
): Promise<number> {
  await assertWritable(file);
  const scenario = loadScenario(options.scenario ?? 'day');
  const fallback = { chemistry: scenario.chemistry, limits: 'operating' } as const;
  const settings = await loadControl({ config: options.config, bms }, io, fallback);
  const day = await simulateDay(scenario, settings, options.hours, io.signal);
  if (io.signal.aborted) throw new StoppedError();
  await writeDrawing(file, drawDay(day), io);
  return 0;
}

export function numberOption(
  name: string,
  text: string | undefined,
  least: number,
  most: number,
): number | undefined {
  if (text === undefined) return undefined;
  const value = Number(text);
  if (text.trim() === '' || !(value >= least && value <= most)) {
    throw new UsageError(`--${name} must be a number from ${least} to ${most}, got "${text}"`);
  }
  return value;
}

/** Resolves when the program is asked to end. */
export function aborted({ signal }: Pick<Io, 'signal'>): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });
}
