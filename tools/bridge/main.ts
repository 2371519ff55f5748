import { copyFile, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { openLink } from '../../src/output/mqtt/library.ts';
import type { IncomingMessage, Link } from '../../src/output/mqtt/link.ts';
import { startPrivateBus } from '../../src/simulator/venus/private-bus.ts';
import { broken } from '../../test/bridge/oracle.ts';
import { cpuSeconds, memoryOf } from '../bench/process-cost.ts';
import { bundle } from '../bundle.ts';
import { lacking } from '../system-programs.ts';
import { MovingBatteries } from './batteries.ts';
import { freePort, Program, startInflux, startMosquitto, startVictoria, until } from './receivers.ts';

/**
 * The bridge as an owner runs it, with real receivers: mosquitto, InfluxDB, VictoriaMetrics, promtool. Each row says what was
 * tried and what was seen. `--short` leaves out what takes longer than a minute.
 */

const BATTERIES = 4;
/** Marks: MiB, part of a core. */
const MOST_PRIVATE = 14;
const MOST_CPU = 0.01;
const FLAGS = ['--max-old-space-size=64', '--optimize-for-size', '--no-opt', '--v8-pool-size=1'];

const missing = lacking([
  { program: 'dbus-daemon', debian: 'dbus' },
  { program: 'mosquitto', debian: 'mosquitto' },
  { program: 'influxd', debian: 'influxdb' },
  { program: 'victoria-metrics', debian: 'victoria-metrics' },
  { program: 'promtool', debian: 'prometheus' },
]);
if (missing !== undefined) {
  console.error(missing);
  process.exit(1);
}

const isShort = process.argv.includes('--short');
let failures = 0;

function row(what: string, seen: string, isGood = true): void {
  if (!isGood) failures += 1;
  process.stdout.write(`${isGood ? 'ok  ' : 'FAIL'}  ${what.padEnd(62)} ${seen}\n`);
}

/** Whoever looks at the broker: everything it keeps and gets, by topic. */
class Subscriber {
  readonly messages: (IncomingMessage & { readonly at: number })[] = [];
  #link: Link | undefined;

  static async open(
    port: number,
    filters: readonly string[] = ['#'],
    password?: string,
  ): Promise<Subscriber> {
    const subscriber = new Subscriber();
    openLink(
      {
        url: `mqtt://127.0.0.1:${port}`,
        clientId: `look-${Math.random()}`,
        ...(password !== undefined && { user: 'bridge', password }),
      },
      {
        onOpen: (link) => {
          subscriber.#link = link;
          link.subscribe(filters);
        },
        onMessage: (message) => void subscriber.messages.push({ ...message, at: performance.now() }),
        onEnd: () => {},
      },
    );
    await until('the subscriber is connected', () => subscriber.#link !== undefined);
    return subscriber;
  }

  text(topic: string): string | undefined {
    const message = this.messages.findLast((candidate) => candidate.topic === topic);
    return message === undefined ? undefined : new TextDecoder().decode(message.payload);
  }

  count(topic: string): number {
    return this.messages.filter((message) => message.topic === topic).length;
  }

  say(topic: string, payload: string): void {
    void this.#link?.publish(topic, payload, { qos: 1, retain: false });
  }

  async close(): Promise<void> {
    await this.#link?.end();
  }
}

async function main(): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'dbus-bms-bridge-'));
  const closing: (() => Promise<void> | void)[] = [() => rm(folder, { recursive: true, force: true })];
  try {
    await bundle(join(folder, 'dist'));
    const program = join(folder, 'dist', 'bridge.cjs');
    const node = join(folder, 'node');
    await copyFile(process.execPath, node);
    await new Program('chmod', ['755', node]).end('SIGCONT');
    const bus = await startPrivateBus();
    closing.push(() => bus.stop());
    const batteries = await MovingBatteries.open(bus.address, BATTERIES);
    closing.push(() => batteries.close());
    const life = setInterval(() => batteries.tick(), 1000);
    closing.push(() => clearInterval(life));
    const [mqttPort, influxPort, victoriaPort, metricsPort] = await Promise.all([1, 2, 3, 4].map(freePort));
    if (mqttPort === undefined || influxPort === undefined || victoriaPort === undefined)
      throw new Error('ports');
    let mosquitto = await startMosquitto(folder, mqttPort);
    closing.push(() => mosquitto.end());
    const influx = await startInflux(folder, influxPort);
    closing.push(() => influx.end());
    const victoria = await startVictoria(folder, victoriaPort);
    closing.push(() => victoria.end());
    const secret = join(folder, 'secret');
    await writeFile(secret, 'open sesame 1\n', { mode: 0o600 });
    const config = async (name: string, text: string): Promise<string> => {
      const path = join(folder, name);
      await writeFile(path, text);
      return path;
    };
    const mqtt = `[bridge.mqtt]\nurl = "mqtt://127.0.0.1:${mqttPort}"\nuser = "bridge"\npasswordFile = "${secret}"\nperiod = 2\ncommands = ["charge"]\n`;
    const lines = `[bridge.lines]\nurl = "http://127.0.0.1:${influxPort}"\ncreateDatabase = true\nperiod = 1\n`;
    const metrics = `[bridge.metrics]\nport = ${metricsPort}\n`;
    const whole = await config('whole.toml', `${mqtt}${lines}${metrics}`);
    const start = (path: string): Program =>
      new Program(node, [...FLAGS, program, 'bridge', '--config', path], {
        DBUS_SESSION_BUS_ADDRESS: bus.address,
        UV_THREADPOOL_SIZE: '2',
      });
    let bridge = start(whole);
    closing.push(() => bridge.end('SIGKILL'));

    const first = await Subscriber.open(mqttPort);
    closing.push(() => first.close());
    const id = 'TEST1';
    const own = `dbus-bms/${id}`;
    const seconds = await until('state arrives', () => first.count(`${own}/state`) > 0);
    row('from the start to the first state', `${seconds.toFixed(1)} s`);
    const late = await Subscriber.open(mqttPort);
    await until('retained messages arrive', () => late.text(`${own}/meters`) !== undefined);
    const configs = late.messages.filter(({ topic }) => topic.endsWith('/config'));
    const faults = configs.flatMap(({ payload, topic }) =>
      broken(topic, JSON.parse(new TextDecoder().decode(payload))),
    );
    row(
      'discovery at the broker, as Home Assistant reads it',
      `${configs.length} messages, ${faults.length} faults`,
      faults.length === 0 && configs.length === BATTERIES + 1,
    );

    first.say(`${own}/set/charge`, 'OFF');
    const switched = await until(
      'the wish is read back',
      () => JSON.parse(first.text(`${own}/state`) ?? '{}').charge === 'OFF',
    );
    row('a command, until the state that was read back shows it', `${switched.toFixed(1)} s`);
    const before = first.count(`homeassistant/device/dbus-bms_${id}/config`);
    first.say('homeassistant/status', 'online');
    const born = await until(
      'discovery comes again',
      () => first.count(`homeassistant/device/dbus-bms_${id}/config`) > before,
    );
    row(
      'Home Assistant announces itself: discovery again after',
      `${born.toFixed(1)} s`,
      born >= 0.9 && born < 7,
    );

    const second = start(await config('second.toml', mqtt));
    await pause(4000);
    row(
      'a second instance with the same id: the bridge counts as',
      late.text('dbus-bms/bridge/availability') ?? '?',
      late.text('dbus-bms/bridge/availability') === 'online',
    );
    await second.end('SIGKILL');
    await until(
      'the first is back',
      () => bridge.lines.length > 0 && late.text('dbus-bms/bridge/availability') === 'online',
    );

    bridge.signal('SIGKILL');
    const offline = await until(
      'the will is there',
      () => first.text('dbus-bms/bridge/availability') === 'offline',
    );
    const later = await Subscriber.open(mqttPort, ['dbus-bms/bridge/#']);
    await until('a late subscriber sees it', () => later.text('dbus-bms/bridge/availability') === 'offline');
    row('kill -9: offline, kept for a late subscriber, after', `${offline.toFixed(2)} s`);
    await later.close();
    await bridge.end();
    bridge = start(whole);
    await until('it is online again', () => first.text('dbus-bms/bridge/availability') === 'online');

    await mosquitto.end();
    mosquitto = await startMosquitto(folder, mqttPort);
    const again = await Subscriber.open(mqttPort);
    const rebuilt = await until(
      'everything is back',
      () => again.text(`homeassistant/device/dbus-bms_${id}/config`) !== undefined,
      70,
    );
    row('the broker started anew and had lost everything: back after', `${rebuilt.toFixed(1)} s`);
    await again.close();

    await mosquitto.end();
    mosquitto = await startMosquitto(folder, mqttPort, 'open sesame 2');
    await pause(3000);
    await writeFile(secret, 'open sesame 2\n', { mode: 0o600 });
    const allowed = await Subscriber.open(mqttPort, ['#'], 'open sesame 2');
    const corrected = await until(
      'it is let in',
      () => allowed.text('dbus-bms/bridge/availability') === 'online',
      70,
    );
    row('a wrong password, corrected in its file: in after', `${corrected.toFixed(1)} s`);

    if (!isShort) {
      bridge.signal('SIGSTOP');
      const frozen = await until(
        'the broker gives it up',
        () => allowed.text('dbus-bms/bridge/availability') === 'offline',
        60,
      );
      bridge.signal('SIGCONT');
      row('the bridge frozen: offline after (mark 46 s)', `${frozen.toFixed(1)} s`, frozen <= 46);
      const thawed = await until(
        'it is back',
        () => allowed.text('dbus-bms/bridge/availability') === 'online',
        70,
      );
      row('and online again after', `${thawed.toFixed(1)} s`);
    }
    await allowed.close();

    await stores(influxPort);
    await checkMetrics(metricsPort);
    const empty = new Program(node, [...FLAGS, '-e', 'setInterval(() => {}, 1000)']);
    closing.push(() => empty.end('SIGKILL'));
    const cpu = cpuSeconds(bridge.pid);
    const span = isShort ? 15 : 60;
    await pause(span * 1000);
    const part = (cpuSeconds(bridge.pid) - cpu) / span;
    const own0 = memoryOf(bridge.pid);
    const none = memoryOf(empty.pid);
    row(
      `private memory with ${BATTERIES} batteries, three outputs (mark ${MOST_PRIVATE} MiB)`,
      `${own0.privateDirty.toFixed(1)} MiB; empty process ${none.privateDirty.toFixed(1)} MiB`,
      own0.privateDirty <= MOST_PRIVATE,
    );
    row('resident memory', `${own0.rss.toFixed(1)} MiB; empty process ${none.rss.toFixed(1)} MiB`);
    row(
      `processor time (mark ${(MOST_CPU * 100).toFixed(0)} % of a core)`,
      `${(part * 100).toFixed(2)} %`,
      part <= MOST_CPU,
    );
    for (const line of bridge.lines) process.stdout.write(`      ${line}\n`);
    await bridge.end();
    bridge = start(await config('victoria.toml', lines.replace(String(influxPort), String(victoriaPort))));
    await pause(35_000);
    const url = `http://127.0.0.1:${victoriaPort}/api/v1/export?match[]=battery_voltage{id="${id}"}`;
    await fetch(`http://127.0.0.1:${victoriaPort}/internal/force_flush`);
    const exported = await (await fetch(url)).text();
    const points = exported === '' ? 0 : (JSON.parse(exported.split('\n')[0] ?? '{}').values?.length ?? 0);
    row('VictoriaMetrics: points of one battery after half a minute', String(points), points >= 25);
  } finally {
    for (const close of closing.reverse()) await close();
  }
  process.stdout.write(`${failures === 0 ? 'all rows are good' : `${failures} rows are not good`}\n`);
  process.exitCode = failures === 0 ? 0 : 1;
}

/** Everything that was sent is read back. */
async function stores(port: number): Promise<void> {
  const query = async (q: string) => {
    const answer = await fetch(
      `http://127.0.0.1:${port}/query?db=batteries&epoch=ms&q=${encodeURIComponent(q)}`,
    );
    return (await answer.json()) as {
      results: { series?: { values: (number | string)[][]; name: string }[] }[];
    };
  };
  await until(
    'a batch is stored',
    async () => (await query('SELECT COUNT(voltage) FROM battery')).results[0]?.series !== undefined,
    70,
  );
  const battery =
    (await query("SELECT voltage FROM battery WHERE id='TEST1'")).results[0]?.series?.[0]?.values ?? [];
  const cells = (await query("SELECT COUNT(voltage) FROM battery_cell WHERE id='TEST1'")).results[0]
    ?.series?.[0]?.values[0]?.[1];
  row(
    'InfluxDB: points of one battery, and 16 cells for each',
    `${battery.length} and ${cells}`,
    Number(cells) === battery.length * 16,
  );
}

async function checkMetrics(port: number | undefined): Promise<void> {
  const page = await (await fetch(`http://127.0.0.1:${port}/metrics`)).text();
  const { spawnSync } = await import('node:child_process');
  const check = spawnSync('promtool', ['check', 'metrics'], { input: page, encoding: 'utf8' });
  const said = `${check.stdout}${check.stderr}`.trim();
  row(
    'promtool check metrics',
    check.status === 0 ? `clean, ${page.split('\n').length} lines` : said,
    check.status === 0 && said === '',
  );
}

await main();
