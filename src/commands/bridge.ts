import { hostname } from 'node:os';
import { configuredOutputs, openOutputs, textOf } from '../app/bridge-outputs.ts';
import { runBridge } from '../app/bridge-service.ts';
import { BmsError, ConfigError, UsageError } from '../errors.ts';
import { createLog } from '../log.ts';
import { safeId } from '../output/id.ts';
import { BRIDGE } from '../settings/bridge.ts';
import { readSettings, SETTINGS_PATH } from '../settings/read-settings.ts';
import type { InForce } from '../settings/resolve.ts';
import { withSecrets } from '../settings/secrets.ts';
import { VERSION } from '../version.ts';
import { noWord, parseArguments } from './arguments.ts';
import type { Command, Io } from './command.ts';

const USAGE = `usage: dbus-bms bridge [--config FILE] [--forget <id>]
The service that tells every battery on D-Bus, of this driver and of others, to MQTT and Home Assistant, InfluxDB,
Prometheus and Domoticz. Each is off until its table, such as [bridge.mqtt], is in the settings. Exit 0 on TERM.
  --config FILE     settings; default ${SETTINGS_PATH}
  --forget ID       takes back what the battery with this id left at the MQTT broker, then ends`;

export const bridge: Command = {
  summary: 'the service for MQTT, Home Assistant, InfluxDB, Prometheus, Domoticz',
  usage: USAGE,
  async run(args, io) {
    const { values, positionals } = parseArguments(args, {
      config: { type: 'string' },
      forget: { type: 'string' },
      verbose: { type: 'boolean' },
    });
    noWord(positionals);
    const file = await readSettings(values.config);
    const stated = file.section(BRIDGE);
    if (values.forget !== undefined) return forgetBattery(stated, values.forget, io);
    const log = createLog(values.verbose ? 'debug' : file.forPort().settings.level);
    const configLog = log.scope('config');
    for (const { key, line, severity, text } of stated?.problems ?? []) {
      const say = severity === 'error' ? configLog.error : configLog.warn;
      say(`${file.fileName} line ${line}: ${key}: ${text}`);
    }
    const outputs = stated === undefined ? [] : configuredOutputs(stated.values);
    if (stated === undefined || outputs.length === 0) {
      throw new ConfigError(`${file.fileName} turns no output on: [bridge.mqtt] or another table is needed`);
    }
    log.scope('start').info(`dbus-bms ${VERSION} bridge: ${outputs.join(', ')}`);
    try {
      await runBridge({
        clock: io.clock,
        log,
        signal: io.signal,
        alias: stated.values.alias ?? {},
        openOutputs: (parts) => openOutputs({ stated, host: host() }, parts),
      });
    } catch (error) {
      if (!(error instanceof BmsError) || error instanceof UsageError) throw error;
      io.err(`error bridge: ${error.code}: ${error.message.replaceAll(/[\r\n]+\s*/g, ' | ')}\n`);
      return 1;
    }
    log.scope('start').info('stopped');
    return 0;
  },
};

/** Name of this device, as it is part of ids. */
function host(): string {
  return safeId(hostname()) || 'device';
}

async function forgetBattery(
  stated: InForce<typeof BRIDGE> | undefined,
  id: string,
  io: Io,
): Promise<number> {
  if (safeId(id) !== id || id === '') throw new UsageError(`"${id}" is no id of a battery`);
  if (stated?.values.mqtt === undefined)
    throw new ConfigError('there is no broker in the settings: [bridge.mqtt]');
  const { values, problems } = await withSecrets(BRIDGE, stated);
  const { mqtt, site } = values;
  const [fault] = problems;
  if (mqtt === undefined || fault !== undefined) throw new ConfigError(`${fault?.key}: ${fault?.text}`);
  const ca = mqtt.ca === undefined ? undefined : await textOf(mqtt.ca);
  const [{ forget }, { openLink }, { Topics }] = await Promise.all([
    import('../output/mqtt/forget.ts'),
    import('../output/mqtt/library.ts'),
    import('../output/mqtt/topics.ts'),
  ]);
  const topics = await forget({
    id,
    clock: io.clock,
    open: openLink,
    topics: new Topics(mqtt.topic, site),
    discoveryTopic: mqtt.discoveryTopic,
    link: {
      url: mqtt.url,
      clientId: `dbus-bms-${host()}-forget`,
      ...(ca !== undefined && { ca }),
      ...(mqtt.user !== undefined && { user: mqtt.user }),
      ...(mqtt.password !== undefined && { password: mqtt.password }),
    },
  });
  for (const topic of topics) io.out(`${topic}\n`);
  io.out(`${topics.length} topics of ${id} are empty now\n`);
  return topics.length > 0 ? 0 : 1;
}
