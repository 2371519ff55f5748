import type { BmsDriver } from '../../bms/driver.ts';
import type { ControlSettings } from '../../control/law.ts';
import { ConfigError } from '../../errors.ts';
import { controlSettings } from '../../settings/control.ts';
import { loadSettings } from '../../settings/load.ts';
import { describe } from '../../settings/resolve.ts';
import { chooseDrivers } from '../choose.ts';
import type { Io } from '../command.ts';

/** Options of every command that runs the control without a battery. */
export const CONTROL_OPTIONS = { config: { type: 'string' }, bms: { type: 'string' } } as const;

export const CONTROL_USAGE = `  --config FILE     settings; default /data/conf/dbus-bms.toml
  --bms <id>        what this BMS fixes: chemistry, and what its own limits mean`;

type Facts = Pick<BmsDriver, 'chemistry' | 'limits'>;

/** Without a BMS type nobody knows the chemistry, and the limits in a reading are taken as they are. */
const UNKNOWN_BMS: Facts = { limits: 'operating' };

/**
 * The settings of the control for a configuration and a BMS type (absent: the one that the configuration names). What is
 * wrong in the configuration is told on stderr; a file that was named must be there.
 */
export async function loadControl(
  { config, bms }: { readonly config?: string | undefined; readonly bms?: string | undefined },
  io: Pick<Io, 'err'>,
  fallback: Facts = UNKNOWN_BMS,
): Promise<ControlSettings> {
  const file = await loadSettings(config);
  if (file.isMissing && config !== undefined) throw new ConfigError(`${config}: there is no such file`);
  const port = file.forPort();
  for (const problem of port.problems) {
    io.err(`${file.fileName}: ${problem.severity}: ${describe(problem)}\n`);
  }
  const name = bms ?? port.settings.bms;
  return controlSettings(port, name === 'auto' ? fallback : { ...fallback, ...factsOf(name) });
}

/** Of a family that is no driver itself, the most likely member. */
function factsOf(name: string): Facts {
  const drivers = chooseDrivers(name);
  const driver = drivers.find(({ id }) => id === name) ?? drivers[0];
  if (driver === undefined) return UNKNOWN_BMS;
  const { chemistry, limits } = driver;
  return chemistry === undefined ? { limits } : { chemistry, limits };
}
