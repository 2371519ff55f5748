import type { BluetoothBatteryPlan } from '../app/bluetooth-battery.ts';
import type { BmsDriver } from '../bms/driver.ts';
import { ConfigError, UsageError } from '../errors.ts';
import type { Log } from '../log.ts';
import { BLUETOOTH } from '../settings/bluetooth.ts';
import type { InForce, PortSettings, Problem, SettingsFile } from '../settings/resolve.ts';
import { withSecrets } from '../settings/secrets.ts';
import type { SectionValues } from '../settings/section.ts';
import { parsePort } from '../transport/port-url.ts';
import { chooseDrivers } from './choose.ts';

const MINUTE_MS = 60_000;

/**
 * The batteries of the `[[bluetooth]]` sections. What is wrong with one is said and leaves the others alone; rejects with a
 * ConfigError when there is none at all.
 */
export async function bluetoothPlans(file: SettingsFile, log: Log): Promise<readonly BluetoothBatteryPlan[]> {
  const plans: BluetoothBatteryPlan[] = [];
  const seen = new Map<string, string>();
  for (const one of file.list(BLUETOOTH)) {
    const say = ({ key, line, text }: Omit<Problem, 'severity'>): void =>
      log.error(
        `${file.fileName}${line === undefined ? '' : ` line ${line}`}: ${key === undefined ? '' : `${key}: `}${text}`,
      );
    const { values, problems } = await withSecrets(BLUETOOTH, one);
    const wrong = [...one.problems, ...problems, ...one.port.problems];
    const lines = new Map(
      wrong.map((problem) => [`${problem.line} ${problem.key} ${problem.text}`, problem]),
    );
    for (const problem of lines.values()) say(problem);
    const plan = planOf(one, values, (key, text) => {
      const place = `${one.place}.${key}`;
      // What is wrong with this key was said already.
      if (!wrong.some((problem) => problem.key === place)) say({ line: one.line, key: place, text });
    });
    if (plan === undefined) continue;
    const id = plan.wanted.address ?? plan.wanted.name ?? '';
    const before = seen.get(id);
    if (before === undefined) plans.push(plan);
    else
      say({
        line: one.line,
        key: one.place,
        text: `${id} stands in ${before} already; this one is not used`,
      });
    seen.set(id, before ?? one.place);
  }
  if (plans.length > 0) return plans;
  throw new ConfigError(
    `${file.fileName} names no Bluetooth battery; add [[bluetooth]] with address = "C8:47:80:11:22:33" (dbus-bms scan lists those in reach)`,
  );
}

type Say = (key: string, text: string) => void;

function planOf(
  one: InForce<typeof BLUETOOTH>,
  values: SectionValues<typeof BLUETOOTH>,
  say: Say,
): BluetoothBatteryPlan | undefined {
  const { adapter, address, bms, name, pin, releaseEvery, releaseFor } = values;
  const wanted = wantedOf(address, name, say);
  if (wanted === undefined) return undefined;
  const passkey = pin === undefined ? undefined : pinOf(pin, say);
  return {
    wanted: { ...wanted, ...(passkey !== undefined && { pin: passkey }) },
    drivers: driversOf(bms, one.port, say),
    settings: one.port,
    ...(adapter !== undefined && { adapter }),
    ...(releaseEvery !== undefined && {
      release: { everyMs: releaseEvery * MINUTE_MS, forMs: releaseFor * 1000 },
    }),
  };
}

function wantedOf(
  address: string | undefined,
  name: string | undefined,
  say: Say,
): Pick<BluetoothBatteryPlan['wanted'], 'address' | 'name'> | undefined {
  if (address === undefined) {
    if (name !== undefined) return { name };
    say('address', 'is missing, so it is not known which battery is meant; nothing is done for it');
    return undefined;
  }
  try {
    const port = parsePort(`ble:${address}`);
    if (port.kind === 'ble' && port.address !== undefined)
      return { address: port.address, ...(name !== undefined && { name }) };
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
  }
  say(
    'address',
    `${JSON.stringify(address)} is no Bluetooth address; write six pairs of hex digits such as "C8:47:80:11:22:33"`,
  );
  return undefined;
}

function pinOf(pin: string, say: Say): number | undefined {
  if (/^\d{1,6}$/.test(pin)) return Number(pin);
  say('pin', 'must be one to six digits; it is not used');
  return undefined;
}

/** A type that there is not must not leave the battery alone: it is found out then. */
function driversOf(bms: string, { settings }: PortSettings, say: Say): readonly BmsDriver[] {
  const name = bms === 'auto' ? settings.bms : bms;
  try {
    return chooseDrivers(name);
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    say('bms', `${error.message}; until then the type is found out`);
    return chooseDrivers();
  }
}
