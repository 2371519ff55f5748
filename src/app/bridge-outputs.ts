import { readFile } from 'node:fs/promises';
import { ConfigError } from '../errors.ts';
import type { BridgeOutput } from '../output/output.ts';
import { BRIDGE } from '../settings/bridge.ts';
import type { InForce } from '../settings/resolve.ts';
import { withSecrets } from '../settings/secrets.ts';
import type { SectionValues } from '../settings/section.ts';
import { systemFault } from '../system-fault.ts';
import { NOT_BEFORE } from '../version.ts';
import { openPage } from './bridge-page.ts';
import type { OutputParts } from './bridge-service.ts';

export type BridgeValues = SectionValues<typeof BRIDGE>;

export interface BridgeSettings {
  readonly stated: InForce<typeof BRIDGE>;
  /** Name of this device. */
  readonly host: string;
}

/** What an output may use that tells of the others. */
type OpeningParts = OutputParts & { readonly outputs: () => readonly BridgeOutput[] };

/** How each output is opened; the code of one that is not configured is never loaded. */
interface Opening {
  readonly name: string;
  readonly isConfigured: (values: BridgeValues) => boolean;
  readonly open: (
    settings: BridgeSettings,
    values: BridgeValues,
    parts: OpeningParts,
  ) => Promise<BridgeOutput>;
}

const OPENINGS: readonly Opening[] = [
  { name: 'mqtt', isConfigured: ({ mqtt }) => mqtt !== undefined, open: openMqtt },
  { name: 'lines', isConfigured: ({ lines }) => lines !== undefined, open: openLines },
  { name: 'domoticz', isConfigured: ({ domoticz }) => domoticz !== undefined, open: openDomoticz },
  { name: 'metrics', isConfigured: ({ metrics }) => metrics !== undefined, open: openMetrics },
  { name: 'page', isConfigured: ({ page }) => page !== undefined, open: openPage },
];

/** Names of the outputs that the settings turn on. */
export function configuredOutputs(values: BridgeValues): readonly string[] {
  return OPENINGS.filter(({ isConfigured }) => isConfigured(values)).map(({ name }) => name);
}

/** Opens every output that is configured. One that cannot be opened is told in one line, and the others work. */
export async function openOutputs(
  settings: BridgeSettings,
  parts: OutputParts,
): Promise<readonly BridgeOutput[]> {
  const { values, problems } = await withSecrets(BRIDGE, settings.stated);
  const log = parts.log.scope('bridge');
  for (const { key, text } of problems) log.error(`${key}: ${text}`);
  const opened: BridgeOutput[] = [];
  for (const { isConfigured, name, open } of OPENINGS) {
    if (!isConfigured(values)) continue;
    try {
      opened.push(await open(settings, values, { ...parts, outputs: () => opened }));
    } catch (error) {
      if (!(error instanceof ConfigError)) throw error;
      log.error(`${name} is off: ${error.message}`);
    }
  }
  return opened;
}

async function openMqtt(
  { host, stated }: BridgeSettings,
  { mqtt, site }: BridgeValues,
  { clock, log, send, snapshot }: OutputParts,
): Promise<BridgeOutput> {
  if (mqtt === undefined) throw new ConfigError('there is no [bridge.mqtt]');
  const ca = mqtt.ca === undefined ? undefined : await textOf(mqtt.ca);
  const [{ MqttOutput }, { openLink }] = await Promise.all([
    import('../output/mqtt/mqtt-output.ts'),
    import('../output/mqtt/library.ts'),
  ]);
  const { commands = [], discovery, discoveryTopic, period, topic, url, user } = mqtt;
  const output = new MqttOutput(
    {
      url,
      host,
      topic,
      discovery,
      discoveryTopic,
      period,
      commands,
      password: () => mqttPassword(stated),
      ...(user !== undefined && { user }),
      ...(site !== undefined && { site }),
      ...(ca !== undefined && { ca }),
    },
    { clock, snapshot, send, log: log.scope('mqtt'), open: openLink, random: Math.random },
  );
  output.start();
  return output;
}

async function openLines(
  _settings: BridgeSettings,
  { lines, site }: BridgeValues,
  { clock, log, snapshot }: OutputParts,
): Promise<BridgeOutput> {
  if (lines === undefined) throw new ConfigError('there is no [bridge.lines]');
  const [{ LinesOutput }, { httpClient }] = await Promise.all([
    import('../output/lines/lines-output.ts'),
    import('../output/http.ts'),
  ]);
  const { tags = {}, ...rest } = lines;
  const output = new LinesOutput(
    { ...rest, tags: { ...siteTag(site), ...tags }, builtAt: NOT_BEFORE },
    { clock, snapshot, log: log.scope('lines'), ask: httpClient().ask, random: Math.random },
  );
  output.start();
  return output;
}

async function openDomoticz(
  _settings: BridgeSettings,
  { domoticz }: BridgeValues,
  { clock, log, snapshot }: OutputParts,
): Promise<BridgeOutput> {
  if (domoticz === undefined) throw new ConfigError('there is no [bridge.domoticz]');
  const [{ DomoticzOutput }, { httpClient }] = await Promise.all([
    import('../output/domoticz/domoticz-output.ts'),
    import('../output/http.ts'),
  ]);
  const { idx = {}, ...rest } = domoticz;
  const parts = { clock, snapshot, log: log.scope('domoticz'), ask: httpClient().ask };
  const output = new DomoticzOutput({ ...rest, idx }, parts);
  output.start();
  return output;
}

async function openMetrics(
  _settings: BridgeSettings,
  { metrics, site }: BridgeValues,
  { clock, log, outputs, snapshot }: OpeningParts,
): Promise<BridgeOutput> {
  if (metrics === undefined) throw new ConfigError('there is no [bridge.metrics]');
  const { MetricsOutput } = await import('../output/metrics/metrics-output.ts');
  const output = new MetricsOutput(
    { ...metrics, tags: siteTag(site) },
    { snapshot, outputs, log: log.scope('metrics'), wall: () => clock.wall() },
  );
  output.start();
  return output;
}

function siteTag(site: string | undefined): Readonly<Record<string, string>> {
  return site === undefined ? {} : { site };
}

/** As it stands in its file now. */
async function mqttPassword(stated: InForce<typeof BRIDGE>): Promise<string | undefined> {
  const { values, problems } = await withSecrets(BRIDGE, stated);
  const fault = problems.find(({ key }) => key === 'bridge.mqtt.passwordFile');
  if (fault !== undefined) throw new ConfigError(fault.text);
  return values.mqtt?.password;
}

/** The text of a file that the settings name; rejects with a ConfigError of one line. */
export async function textOf(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (cause) {
    throw new ConfigError(`${path} cannot be read: ${systemFault(cause)}`, { cause });
  }
}
