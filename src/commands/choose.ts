import type { BmsDriver } from '../bms/driver.ts';
import { BMSES } from '../bms/index.ts';
import { UsageError } from '../errors.ts';

/** Every driver, or those that a name stands for: one by its id, several by their family. */
export function chooseDrivers(name?: string): readonly BmsDriver[] {
  const drivers = BMSES.map(({ driver }) => driver);
  if (name === undefined || name === 'auto') return drivers;
  const exact = drivers.filter((driver) => driver.id === name);
  const family = drivers.filter((driver) => driver.family === name);
  // A family name that is also the id of one variant means the family: its frames decide.
  const chosen = family.length > 0 ? family : exact;
  if (chosen.length > 0) return chosen;
  const known = [...new Set(drivers.flatMap((driver) => [driver.family, driver.id]))].join(', ');
  throw new UsageError(`there is no BMS "${name}"; there are: ${known}`);
}
