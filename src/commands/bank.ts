import { runBanks } from '../app/bank-service.ts';
import { BmsError, ConfigError, UsageError } from '../errors.ts';
import { createLog } from '../log.ts';
import { banksOf } from '../settings/bank.ts';
import { loadSettings, SETTINGS_PATH } from '../settings/load.ts';
import { VERSION } from '../version.ts';
import { parseArguments } from './arguments.ts';
import type { Command } from './command.ts';

const USAGE = `usage: dbus-bms bank [<name>] [--config FILE]
The service for banks: shows several battery services as one battery, which alone steers the chargers. What belongs
together stands in the settings under [[bank]]; without a name every bank there is served. Exit 0 on TERM.
  --config FILE     settings; default ${SETTINGS_PATH}`;

export const bank: Command = {
  summary: 'the service for one battery out of several',
  usage: USAGE,
  async run(args, io) {
    const { values, positionals } = parseArguments(args, {
      config: { type: 'string' },
      verbose: { type: 'boolean' },
    });
    if (positionals.length > 1) throw new UsageError('expected one name of a bank');
    const [name] = positionals;
    const file = await loadSettings(values.config);
    const { banks, refused } = banksOf(file);
    const log = createLog(values.verbose ? 'debug' : file.forPort().settings.level);
    const configLog = log.scope('config');
    for (const { key, line, severity, text } of file.problems) {
      if (key?.startsWith('bank') !== true) continue;
      const say = severity === 'error' ? configLog.error : configLog.warn;
      say(`${file.fileName} line ${line}: ${key}: ${text}`);
    }
    for (const { key, line, text } of refused)
      configLog.error(`${file.fileName} line ${line}: ${key}: ${text}`);
    const serves = banks.filter((plan) => name === undefined || plan.name === name);
    if (serves.length === 0) {
      const which = name === undefined ? 'no bank that can be used' : `no bank "${name}" that can be used`;
      throw new ConfigError(`${file.fileName} has ${which}: write [[bank]] with a name and its members`);
    }
    log.scope('start').info(`dbus-bms ${VERSION} bank: ${serves.map((plan) => plan.name).join(', ')}`);
    try {
      await runBanks({ serves, plans: banks, clock: io.clock, log, signal: io.signal });
    } catch (error) {
      if (!(error instanceof BmsError) || error instanceof UsageError) throw error;
      io.err(`error bank: ${error.code}: ${error.message.replaceAll(/[\r\n]+\s*/g, ' | ')}\n`);
      return 1;
    }
    log.scope('start').info('stopped');
    return 0;
  },
};
