import { ConfigError } from '../errors.ts';
import { readInput, writeNew } from '../files.ts';
import { importConfig, notConfigIni } from '../settings/import.ts';
import { bmsTypes } from '../settings/load.ts';
import { describe } from '../settings/resolve.ts';
import { onlyWord, parseArguments } from './arguments.ts';
import type { Command, Io } from './command.ts';

const USAGE = `usage: dbus-bms import-config FILE [--output FILE]
Turns the config.ini of the driver dbus-serialbattery into a settings file for this one, on stdout or in the file that
--output names, which must not exist yet. What has no counterpart is named with the reason, in the file and on stderr.
Exit 1 when the file is no config.ini, when a limit of it does not count here, or when the result holds errors.`;

export async function importConfigFile(
  args: readonly string[],
  io: Pick<Io, 'out' | 'err'>,
): Promise<number> {
  const { values, positionals } = parseArguments(args, { output: { type: 'string' } });
  const path = onlyWord(positionals, 'one config.ini');
  const text = new TextDecoder().decode(await readInput(path));
  const refusal = notConfigIni(text);
  if (refusal !== undefined) throw new ConfigError(`${path}: ${refusal}`);
  const { toml, taken, notTaken, problems } = importConfig(text, bmsTypes());
  if (values.output === undefined) io.out(toml);
  else await writeNew(values.output, toml);
  for (const { option, line, why } of notTaken)
    io.err(`${path}: line ${line}: ${option} is not taken over: ${why}\n`);
  for (const problem of problems) {
    io.err(`${values.output ?? 'the result'}: ${problem.severity}: ${describe(problem)}\n`);
  }
  const lost = notTaken.filter(({ isLost }) => isLost).length;
  io.err(`taken over: ${taken}, not taken over: ${notTaken.length}\n`);
  if (lost > 0) io.err(`Limits of the old file that do not count here: ${lost}; compare them by hand.\n`);
  return lost > 0 || problems.some(({ severity }) => severity === 'error') ? 1 : 0;
}

export const importConfigCommand: Command = {
  summary: 'turn the config.ini of dbus-serialbattery into settings',
  usage: USAGE,
  run: importConfigFile,
};
