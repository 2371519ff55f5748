import { parseArgs } from 'node:util';
import { UsageError } from '../errors.ts';
import { buildDevice } from '../simulator/build.ts';
import { BUILTIN_SCENARIOS } from '../simulator/builtin-scenarios.ts';
import { loadScenario } from '../simulator/scenario.ts';
import { listen, servePty } from '../simulator/serve.ts';
import type { Command, Io } from './command.ts';

const USAGE = `usage: dbus-bms simulate <bms> --listen <tcp port> | --pty <link path>
A battery that answers like the real one, until TERM.
  --listen PORT     over TCP on this machine, like a serial-to-IP bridge
  --pty LINK        as a serial port; LINK is made and points at it
  --scenario NAME   ${Object.keys(BUILTIN_SCENARIOS).join(', ')}, or a JSON file; default idle
  --speed N         the battery lives N times faster than we do (the line keeps its rate)
  --baud N          line rate; default is the usual one of the BMS`;

export const simulate: Command = {
  summary: 'a battery that does not exist but answers',
  usage: USAGE,
  async run(args, io) {
    const { values, positionals } = parseArgs({
      args: [...args],
      allowPositionals: true,
      options: {
        listen: { type: 'string' },
        pty: { type: 'string' },
        scenario: { type: 'string' },
        speed: { type: 'string' },
        baud: { type: 'string' },
      },
    });
    const [bms] = positionals;
    if (bms === undefined || positionals.length > 1) throw new UsageError('expected the name of one BMS');
    if ((values.listen === undefined) === (values.pty === undefined)) {
      throw new UsageError('expected either --listen <tcp port> or --pty <link path>');
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
