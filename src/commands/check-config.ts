import { UsageError } from '../errors.ts';
import { HIDDEN, redact } from '../redact.ts';
import { loadSettings, SETTINGS_PATH } from '../settings/load.ts';
import { OWN_SECTIONS } from '../settings/own-sections.ts';
import { describe, type Problem, type SettingsFile } from '../settings/resolve.ts';
import { withSecrets } from '../settings/secrets.ts';
import { innerKey, type Section } from '../settings/section.ts';
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
  const problems = [...file.problems, ...(await faultsOfSecrets(file))];
  for (const problem of problems) io.out(redact(`${path}: ${problem.severity}: ${describe(problem)}\n`));
  const errors = problems.filter(({ severity }) => severity === 'error').length;
  const warnings = problems.length - errors;
  if (file.isMissing) io.out(`${path}: there is no such file, so the defaults apply\n`);
  else io.out(`${path}: ${count(errors, 'error')}, ${count(warnings, 'warning')}\n`);
  const isReduced = ['', ...file.ports].some((port) => file.forPort(port).configError !== undefined);
  if (isReduced) {
    io.out('Until the errors are put right: charge current at most 0.1 C, charge voltage at most float.\n');
  }
  io.out(`\n${inForce(file, isReduced).join('\n')}\n`);
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
  for (const section of OWN_SECTIONS) {
    for (const { place, values, port } of file.list(section)) {
      lines.push(`In [${place}]:`, ...stated(section, values));
      if (section.takesPortSettings) lines.push(...differences(port.settings, settings, 'elsewhere'));
    }
  }
  return lines;
}

/** Every setting of a section that has a value; secrets stay hidden. */
function stated(section: Section, values: object): string[] {
  const held = new Map<string, unknown>(Object.entries(values));
  return section.settings.flatMap((setting) => {
    const [table, name] = innerKey(setting);
    const holder = table === '' ? held : new Map<string, unknown>(Object.entries(held.get(table) ?? {}));
    const value = holder.get(name);
    if (value === undefined) return [];
    return [`  ${setting.key.padEnd(30)} ${setting.isSecret ? HIDDEN : withUnit(setting, value)}`];
  });
}

/** What is wrong with the files that hold secrets. */
async function faultsOfSecrets(file: SettingsFile): Promise<readonly Problem[]> {
  const found = OWN_SECTIONS.flatMap((section) => file.list(section).map((one) => withSecrets(section, one)));
  return (await Promise.all(found)).flatMap(({ problems }) => problems);
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
