import { UsageError } from '../errors.ts';
import { loadSettings, SETTINGS_PATH } from '../settings/load.ts';
import { describe, type SettingsFile } from '../settings/resolve.ts';
import { DEFAULT_SETTINGS, SETTINGS, type Settings, splitKey } from '../settings/table.ts';
import { withUnit, written } from '../settings/value.ts';
import { parseArguments } from './arguments.ts';
import type { Command, Io } from './command.ts';

const USAGE = `usage: dbus-bms check-config [FILE] [--config FILE]
Checks a settings file (default ${SETTINGS_PATH}): one line for each thing that is wrong, then the settings in
force that differ from the defaults. Exit 0 when there is no error; warnings are allowed.`;

export async function checkConfig(args: readonly string[], io: Pick<Io, 'out' | 'err'>): Promise<number> {
  const { values, positionals } = parseArguments(args, { config: { type: 'string' } });
  const named = [...positionals, ...(values.config === undefined ? [] : [values.config])];
  if (named.length > 1) throw new UsageError('expected one file');
  const [path = SETTINGS_PATH] = named;
  const file = await loadSettings(path);
  if (file.isMissing && named.length > 0) {
    io.err(`${path}: there is no such file\n`);
    return 1;
  }
  for (const problem of file.problems) io.out(`${path}: ${problem.severity}: ${describe(problem)}\n`);
  const errors = file.problems.filter(({ severity }) => severity === 'error').length;
  const warnings = file.problems.length - errors;
  if (file.isMissing) io.out(`${path}: there is no such file, so the defaults apply\n`);
  else io.out(`${path}: ${count(errors, 'error')}, ${count(warnings, 'warning')}\n`);
  if (errors > 0) {
    io.out('Until the errors are put right: charge current at most 0.1 C, charge voltage at most float.\n');
  }
  io.out(`\n${inForce(file, errors > 0).join('\n')}\n`);
  return errors === 0 ? 0 : 1;
}

export const checkConfigCommand: Command = {
  summary: 'check the settings file, line by line',
  usage: USAGE,
  run: checkConfig,
};

function count(number: number, thing: string): string {
  return `${number} ${thing}${number === 1 ? '' : 's'}`;
}

/** The settings that differ from the defaults, and on single ports from those for all. */
function inForce(file: SettingsFile, isReduced: boolean): string[] {
  const { settings } = file.forPort();
  const general = differences(settings, DEFAULT_SETTINGS, 'default');
  const lines =
    general.length === 0
      ? [`${isReduced ? 'Apart from that every' : 'Every'} setting has its default.`]
      : ['Settings in force:', ...general];
  for (const port of file.ports) {
    const own = differences(file.forPort(port).settings, settings, 'on other ports');
    if (own.length > 0) lines.push(`On ${port}:`, ...own);
  }
  return lines;
}

function differences(settings: Settings, others: Settings, whose: string): string[] {
  const now = new Map<string, unknown>(Object.entries(settings));
  const then = new Map<string, unknown>(Object.entries(others));
  return SETTINGS.flatMap((setting) => {
    const [, name] = splitKey(setting.key);
    const [value, other] = [now.get(name), then.get(name)];
    if (written(value) === written(other)) return [];
    const otherwise = 'otherwise' in setting ? setting.otherwise : '';
    const shown = value === undefined ? otherwise : withUnit(setting, value);
    const usually = other === undefined ? otherwise : withUnit(setting, other);
    return [`  ${setting.key.padEnd(30)} ${shown.padEnd(20)} (${whose}: ${usually})`];
  });
}
