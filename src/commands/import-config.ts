import { readFile, writeFile } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import { ConfigError, UsageError } from '../errors.ts';
import { importConfig } from '../settings/import.ts';
import { bmsTypes } from '../settings/load.ts';
import { describe } from '../settings/resolve.ts';
import type { Command, Io } from './command.ts';

const USAGE = `usage: dbus-bms import-config FILE [--output FILE]
Turns the config.ini of the driver dbus-serialbattery into a settings file for this one, on stdout or in the file that
--output names, which must not exist yet. What has no counterpart is named with the reason, in the file and on stderr.
Exit 1 when the result holds errors that must be put right by hand.`;

export async function importConfigFile(
  args: readonly string[],
  io: Pick<Io, 'out' | 'err'>,
): Promise<number> {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: { output: { type: 'string' } },
  });
  const [path] = positionals;
  if (path === undefined || positionals.length > 1) throw new UsageError('expected one config.ini');
  const bytes = await readFile(path).catch((cause: unknown) => {
    throw new ConfigError(`${path} cannot be read (${reason(cause)})`, { cause });
  });
  const { toml, taken, notTaken, problems } = importConfig(new TextDecoder().decode(bytes), bmsTypes());
  if (values.output === undefined) io.out(toml);
  else {
    // An existing file may hold what its owner wrote by hand.
    await writeFile(values.output, toml, { flag: 'wx' }).catch((cause: unknown) => {
      throw new ConfigError(`${values.output} cannot be written (${reason(cause)})`, { cause });
    });
  }
  for (const { option, line, why } of notTaken)
    io.err(`${path}: line ${line}: ${option} is not taken over: ${why}\n`);
  for (const problem of problems) {
    io.err(`${values.output ?? 'the result'}: ${problem.severity}: ${describe(problem)}\n`);
  }
  io.err(`taken over: ${taken}, not taken over: ${notTaken.length}\n`);
  return problems.some(({ severity }) => severity === 'error') ? 1 : 0;
}

function reason(cause: unknown): string {
  return cause instanceof Error && 'code' in cause ? String(cause.code) : String(cause);
}

export const importConfigCommand: Command = {
  summary: 'turn the config.ini of dbus-serialbattery into settings',
  usage: USAGE,
  run: importConfigFile,
};
