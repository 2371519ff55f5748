import type { BluetoothBatteryPlan } from '../app/bluetooth-battery.ts';
import { serveBluetooth } from '../app/bluetooth-service.ts';
import { fatalLine } from '../app/fatal-line.ts';
import { PortService } from '../app/port-service.ts';
import { stateFolder } from '../app/state-file.ts';
import { BmsError, UsageError } from '../errors.ts';
import { createLog, type Log, type LogSource } from '../log.ts';
import { type BankSettings, banksOf } from '../settings/bank.ts';
import { loadSettings } from '../settings/load.ts';
import type { SettingsFile } from '../settings/resolve.ts';
import { openBluetooth } from '../transport/ble/open.ts';
import type { Capture } from '../transport/capture.ts';
import { portName } from '../transport/port-url.ts';
import { VERSION } from '../version.ts';
import { parseArguments } from './arguments.ts';
import { chooseDrivers } from './choose.ts';
import type { Command, Io } from './command.ts';
import { narrowedBy } from './narrowed.ts';
import { addressOf, captureOf, onePort, PORT_OPTIONS, PORT_USAGE } from './port-options.ts';
import { bluetoothPlans } from './run-bluetooth.ts';

const USAGE = `usage: dbus-bms run <port> [--bms <id>] [--address <n>] [--config FILE]
       dbus-bms run bluetooth [--config FILE]
The service: finds the BMS, publishes the battery on D-Bus, limits the chargers. Logs to stdout. Exit 0 on TERM.
${PORT_USAGE}
  --config FILE     settings; default /data/conf/dbus-bms.toml`;

const RUN_OPTIONS = { ...PORT_OPTIONS, config: { type: 'string' } } as const;

export const run: Command = {
  summary: 'the service for one port',
  usage: USAGE,
  async run(args, io) {
    const { values, positionals } = parseArguments(args, RUN_OPTIONS);
    const file = await loadSettings(values.config);
    if (positionals.length === 1 && positionals[0] === 'bluetooth') {
      const general = file.forPort().settings;
      const log = createLog(values.verbose ? 'debug' : general.level);
      const banks = usedBanks(file, log.scope('config'));
      return runBluetooth(() => bluetoothPlans(file, log.scope('config')), banks, values, log, io);
    }
    const port = onePort(positionals);
    const address = addressOf(values.address);
    const chosen = file.forPort(portName(port));
    const settings =
      address === undefined ? chosen : { ...chosen, settings: { ...chosen.settings, address: [address] } };
    const log = createLog(values.verbose ? 'debug' : settings.settings.level);
    const startLog = log.scope('start');
    startLog.info(`dbus-bms ${VERSION} on ${portName(port)}`);
    const configLog = log.scope('config');
    if (file.isMissing && values.config !== undefined) {
      configLog.warn(`${file.fileName}: there is no such file, so the defaults apply`);
    }
    for (const { severity, line, key, text } of settings.problems) {
      const say = severity === 'error' ? configLog.error : configLog.warn;
      say(
        `${file.fileName}${line === undefined ? '' : ` line ${line}`}: ${key === undefined ? '' : `${key}: `}${text}`,
      );
    }
    const banks = usedBanks(file, configLog);
    const drivers = chooseDrivers(values.bms ?? settings.settings.bms);
    if (port.kind === 'ble') {
      const { kind: _, ...wanted } = port;
      return runBluetooth(async () => [{ wanted, drivers, settings }], banks, values, log, io);
    }
    const capture = await captureOf(values, io, startLog.warn);
    const service = new PortService({
      port,
      drivers,
      settings,
      narrowedBy: narrowedBy(values, file, portName(port)),
      banks,
      stateFolder: stateFolder(io.env),
      clock: io.clock,
      log,
      signal: io.signal,
      ...(capture !== undefined && { onExchange: capture.note }),
    });
    return serving(() => service.run(), capture, startLog, io);
  },
};

/** The banks that a battery may be a member of; those that cannot be used are said. */
function usedBanks(file: SettingsFile, log: Log): readonly BankSettings[] {
  const { banks, refused } = banksOf(file);
  for (const { key, line, text } of refused) log.warn(`${file.fileName} line ${line}: ${key}: ${text}`);
  return banks;
}

/** Serves every battery of a list over Bluetooth, in one process. */
async function runBluetooth(
  plans: () => Promise<readonly BluetoothBatteryPlan[]>,
  banks: readonly BankSettings[],
  values: { readonly capture?: string | undefined; readonly 'capture-size'?: string | undefined },
  log: LogSource,
  io: Io,
): Promise<number> {
  const startLog = log.scope('start');
  startLog.info(`dbus-bms ${VERSION} for Bluetooth batteries`);
  const capture = await captureOf(values, io, startLog.warn);
  const serve = async (): Promise<void> => {
    const batteries = await plans();
    const bluetooth = await openBluetooth(io.clock);
    try {
      await serveBluetooth({
        bluetooth,
        batteries,
        banks,
        stateFolder: stateFolder(io.env),
        clock: io.clock,
        log,
        signal: io.signal,
        ...(capture !== undefined && { onExchange: capture.note }),
      });
    } finally {
      await bluetooth.close();
    }
  };
  return serving(serve, capture, startLog, io);
}

/** Runs a service to its end; gives the exit code. */
async function serving(
  serve: () => Promise<void>,
  capture: Capture | undefined,
  startLog: Log,
  io: Io,
): Promise<number> {
  try {
    await serve();
  } catch (error) {
    if (!(error instanceof BmsError) || error instanceof UsageError) throw error;
    io.err(`${fatalLine(error)}\n`);
    return 1;
  } finally {
    await capture?.close();
  }
  startLog.info('stopped');
  return 0;
}
