import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { CONTROL, STATE } from '../../../test/support/battery-state.ts';
import { ManualClock } from '../../../test/support/manual-clock.ts';
import type { Command } from '../../battery/command.ts';
import type { BridgedBattery } from '../output.ts';
import type { Link, LinkEvents, LinkOptions } from './link.ts';
import { type MqttOptions, MqttOutput } from './mqtt-output.ts';

interface Message {
  readonly at: number;
  readonly topic: string;
  readonly payload: string;
  readonly qos: 0 | 1;
  readonly retain: boolean;
}

const HOUSE: BridgedBattery = {
  id: 'A100',
  name: 'House',
  isOnBus: true,
  view: STATE,
  wishes: new Set(['ForceChargingOff', 'MaxChargeCurrent']),
};

/** A broker as the output sees it, on the time of the test. */
function brokerAt(clock: ManualClock) {
  const broker = {
    messages: [] as Message[],
    /** By topic, as a late subscriber would get it. */
    kept: new Map<string, string>(),
    attempts: [] as { at: number; options: LinkOptions }[],
    accepts: true,
    isReady: true,
    answers: true,
    events: undefined as LinkEvents | undefined,
    subscribed: [] as string[],
    open(options: LinkOptions, events: LinkEvents): void {
      broker.attempts.push({ at: clock.now(), options });
      if (!broker.accepts) {
        clock.after(1, () => events.onEnd('nothing listens there'));
        return;
      }
      broker.events = events;
      events.onOpen(link);
    },
    /** The connection is lost: the broker says so for us. */
    lose(reason = 'the broker closed the connection'): void {
      const { events } = broker;
      broker.events = undefined;
      const will = broker.attempts.at(-1)?.options.will;
      if (will !== undefined) broker.kept.set(will.topic, will.payload);
      events?.onEnd(reason);
    },
    say(topic: string, payload: string | Uint8Array, isRetained = false): void {
      const bytes = typeof payload === 'string' ? new TextEncoder().encode(payload) : payload;
      broker.events?.onMessage({ topic, payload: bytes, isRetained });
    },
    of: (topic: string) => broker.messages.filter((message) => message.topic === topic),
  };
  const link: Link = {
    get isReady() {
      return broker.isReady;
    },
    publish(topic, payload, { qos, retain }) {
      broker.messages.push({ at: clock.now(), topic, payload, qos, retain });
      if (retain) broker.kept.set(topic, payload);
      return broker.answers ? Promise.resolve() : new Promise(() => {});
    },
    subscribe: (topics) => void broker.subscribed.push(...topics),
    end: () => Promise.resolve(),
  };
  return broker;
}

function outputOf(options: Partial<MqttOptions> = {}, batteries: BridgedBattery[] = [HOUSE]) {
  const clock = new ManualClock();
  const broker = brokerAt(clock);
  const lines: string[] = [];
  const sent: { id: string; command: Command }[] = [];
  const say = (level: string) => (text: string) => void lines.push(`${level}: ${text}`);
  const parts = { fails: undefined as Error | undefined };
  const output = new MqttOutput(
    {
      url: 'mqtt://broker:1883',
      password: async () => undefined,
      topic: 'dbus-bms',
      host: 'einstein',
      discovery: 'device',
      discoveryTopic: 'homeassistant',
      period: 5,
      commands: ['charge', 'charge_limit_set'],
      ...options,
    },
    {
      snapshot: {
        get batteries() {
          return batteries;
        },
      },
      clock,
      log: { error: say('error'), warn: say('warn'), info: say('info'), debug: () => {}, debugging: false },
      send: async (id, command) => {
        if (parts.fails !== undefined) throw parts.fails;
        sent.push({ id, command });
      },
      open: broker.open,
      random: () => 0.5,
    },
  );
  output.start();
  return { batteries, broker, clock, lines, output, parts, sent };
}

const parsed = (message: Message | undefined): Record<string, unknown> =>
  JSON.parse(message?.payload ?? '{}');

describe('an output to an MQTT broker', () => {
  it('tells at once what a late subscriber needs: availability, what it is, its meters, its discovery', async () => {
    const { broker, clock } = outputOf();
    await clock.advance(0);
    expect([...broker.kept.keys()].sort()).toEqual([
      'dbus-bms/A100/availability',
      'dbus-bms/A100/info',
      'dbus-bms/A100/meters',
      'dbus-bms/bridge/availability',
      'dbus-bms/bridge/info',
      'homeassistant/device/dbus-bms_A100/config',
      'homeassistant/device/dbus-bms_bridge/config',
    ]);
    expect(broker.attempts[0]?.options).toMatchObject({
      clientId: 'dbus-bms-einstein',
      will: { topic: 'dbus-bms/bridge/availability', payload: 'offline' },
    });
    expect(broker.of('dbus-bms/A100/state').every(({ qos, retain }) => qos === 0 && !retain)).toBe(true);
  });

  it('keeps its pace: state each period, cells each third one, meters each minute, the rest when it changes', async () => {
    const { broker, clock } = outputOf();
    await clock.advance(59_000);
    const count = (topic: string) => broker.of(topic).length;
    expect(count('dbus-bms/A100/state')).toBe(12);
    expect(count('dbus-bms/A100/cells')).toBe(4);
    expect(count('dbus-bms/A100/info')).toBe(1);
    expect(count('dbus-bms/A100/availability')).toBe(1);
    expect(count('homeassistant/device/dbus-bms_A100/config')).toBe(1);
    expect(parsed(broker.of('dbus-bms/A100/state')[0])).toMatchObject({
      voltage: 53.02,
      charge: 'OFF',
      charge_limit_set: null,
    });
    expect(parsed(broker.of('dbus-bms/A100/cells')[0])).toMatchObject({ cell_01: 3.312, cell_16: 3.315 });
  });

  it('says offline for a battery that is silent, and tells nothing of it', async () => {
    const { batteries, broker, clock, output } = outputOf();
    await clock.advance(10_000);
    const { reading: _, ...rest } = STATE;
    const silent = { ...HOUSE, view: { ...rest, link: { ...STATE.link, online: false } } };
    batteries[0] = silent;
    const told = broker.of('dbus-bms/A100/state').length;
    output.hurry(silent);
    expect(broker.kept.get('dbus-bms/A100/availability')).toBe('offline');
    await clock.advance(30_000);
    expect(broker.of('dbus-bms/A100/state')).toHaveLength(told);
    expect(broker.kept.get('homeassistant/device/dbus-bms_A100/config')).toContain('cell_16');
  });

  it('tells a change at once, but not twice in half a second', async () => {
    const { broker, clock, output } = outputOf();
    await clock.advance(6_500);
    const before = broker.of('dbus-bms/A100/state').length;
    for (let n = 0; n < 20; n += 1) output.hurry(HOUSE);
    expect(broker.of('dbus-bms/A100/state')).toHaveLength(before + 1);
    await clock.advance(1_000);
    expect(broker.of('dbus-bms/A100/state')).toHaveLength(before + 2);
  });

  it('tries again at a growing pace, with one line for each condition, and starts anew when it comes back', async () => {
    const { broker, clock, lines } = outputOf();
    await clock.advance(100_000);
    broker.kept.clear();
    broker.accepts = false;
    broker.lose();
    await clock.advance(300_000);
    const waits = broker.attempts.slice(1).map(({ at }, index) => at - (broker.attempts[index]?.at ?? 0));
    expect(waits.slice(1, 9).map((ms) => Math.round(ms / 1000))).toEqual([2, 4, 8, 16, 32, 60, 60, 60]);
    broker.accepts = true;
    await clock.advance(61_000);
    expect(broker.kept.get('dbus-bms/bridge/availability')).toBe('online');
    expect(broker.kept.has('homeassistant/device/dbus-bms_A100/config')).toBe(true);
    expect(lines).toEqual([
      'info: connected to mqtt://broker:1883',
      expect.stringContaining('warn: lost mqtt://broker:1883: the broker closed the connection'),
      expect.stringContaining('warn: no connection to mqtt://broker:1883: nothing listens there'),
      'info: connected to mqtt://broker:1883',
    ]);
  });

  it('asks for the password at every attempt, so that a corrected one counts', async () => {
    let password = 'wrong';
    const { broker, clock } = outputOf({ password: async () => password });
    await clock.advance(0);
    broker.lose('user or password is wrong');
    password = 'right';
    await clock.advance(5_000);
    expect(broker.attempts.map(({ options }) => options.password)).toEqual(['wrong', 'right']);
  });

  it('keeps nothing for a broker that takes nothing, and tells what is true once it takes again', async () => {
    const { batteries, broker, clock, output } = outputOf();
    await clock.advance(10_000);
    broker.isReady = false;
    const before = broker.messages.length;
    for (let n = 0; n < 100; n += 1) {
      batteries[0] = { ...HOUSE, view: { ...STATE, link: { ...STATE.link, online: n % 2 === 0 } } };
      output.hurry(batteries[0]);
      await clock.advance(1000);
    }
    expect(broker.messages).toHaveLength(before);
    expect(output.figures.dropped).toBeGreaterThan(10);
    broker.isReady = true;
    await clock.advance(1000);
    expect(broker.kept.get('dbus-bms/A100/availability')).toBe('offline');
    expect(broker.messages.length - before).toBeLessThan(8);
  });

  it('tells everything anew when Home Assistant announces itself, after a while', async () => {
    const { broker, clock } = outputOf();
    await clock.advance(10_000);
    expect(broker.subscribed).toContain('homeassistant/status');
    const config = () => broker.of('homeassistant/device/dbus-bms_A100/config').length;
    broker.say('homeassistant/status', 'online', true);
    broker.say('homeassistant/status', 'offline');
    await clock.advance(6_000);
    expect(config()).toBe(1);
    broker.say('homeassistant/status', 'online');
    await clock.advance(900);
    expect(config()).toBe(1);
    await clock.advance(4_100);
    expect(config()).toBe(2);
  });

  it('says goodbye for the bridge and every battery, and does not wait for a broker that hangs', async () => {
    const { broker, clock, output } = outputOf();
    await clock.advance(1000);
    broker.answers = false;
    await clock.until(output.close());
    expect(broker.kept.get('dbus-bms/bridge/availability')).toBe('offline');
    expect(broker.kept.get('dbus-bms/A100/availability')).toBe('offline');
    expect(clock.now()).toBeLessThanOrEqual(3_000);
    expect(clock.pending).toBe(0);
  });

  it('announces a battery only once it has said something, and again when it says more', async () => {
    const { reading, ...silent } = STATE;
    const { batteries, broker, clock } = outputOf({}, [{ ...HOUSE, view: silent }]);
    await clock.advance(10_000);
    const config = () => broker.of('homeassistant/device/dbus-bms_A100/config');
    expect(config()).toEqual([]);
    const { cellVoltages: _, ...withoutCells } = reading ?? {};
    batteries[0] = { ...HOUSE, view: { ...silent, reading: withoutCells } };
    await clock.advance(6_000);
    expect(config()).toHaveLength(1);
    expect(config()[0]?.payload).not.toContain('cell_01');
    batteries[0] = HOUSE;
    await clock.advance(6_000);
    expect(config()[1]?.payload).toContain('cell_01');
    batteries[0] = { ...HOUSE, view: { ...silent, reading: withoutCells } };
    await clock.advance(20_000);
    expect(config()).toHaveLength(2);
    expect(parsed(broker.of('dbus-bms/A100/cells').at(-1))['cell_01']).toBeNull();
  });
});

describe('a command over MQTT', () => {
  const SET = 'dbus-bms/A100/set';

  it.each([
    ['charge', 'OFF', 'ForceChargingOff', 1],
    ['charge', 'on', 'ForceChargingOff', 0],
    ['charge_limit_set', '20', 'MaxChargeCurrent', 20],
    ['charge_limit_set', '0', 'MaxChargeCurrent', 0],
    ['charge_limit_set', 'None', 'MaxChargeCurrent', -1],
  ])('%s = %s becomes a wish of the owner', async (name, payload, wish, value) => {
    const { broker, clock, sent } = outputOf();
    await clock.advance(1000);
    broker.say(`${SET}/${name}`, payload);
    expect(sent).toMatchObject([{ id: 'A100', command: { kind: 'wish', wish: { name: wish }, value } }]);
  });

  it.each([
    ['a retained one', `${SET}/charge`, 'OFF', true],
    ['one that is not allowed', `${SET}/discharge`, 'OFF', false],
    ['one for nobody', 'dbus-bms/B7/set/charge', 'OFF', false],
    ['a word that is none', `${SET}/charge`, 'perhaps', false],
    ['an empty one', `${SET}/charge`, '', false],
    ['a null byte', `${SET}/charge`, '\0', false],
    ['a megabyte', `${SET}/charge`, 'A'.repeat(1_000_000), false],
    ['a current below nothing', `${SET}/charge_limit_set`, '-5', false],
    ['a current without end', `${SET}/charge_limit_set`, '1e9', false],
    ['no number', `${SET}/charge_limit_set`, 'NaN', false],
    ['a topic with more levels', `${SET}/charge/now`, 'OFF', false],
  ])('is not obeyed: %s', async (_what, topic, payload, isRetained) => {
    const { broker, clock, lines, sent } = outputOf();
    await clock.advance(1000);
    broker.say(topic, payload, isRetained);
    await clock.advance(100);
    expect(sent).toEqual([]);
    expect(lines.length).toBeLessThanOrEqual(2);
    expect(lines.join().length).toBeLessThan(300);
  });

  it('is obeyed once in five seconds for each battery, and a flood is one line', async () => {
    const { broker, clock, lines, sent } = outputOf();
    await clock.advance(1000);
    for (let n = 0; n < 50; n += 1) broker.say(`${SET}/charge`, n % 2 === 0 ? 'OFF' : 'ON');
    await clock.advance(0);
    expect(sent).toHaveLength(1);
    expect(lines.filter((line) => line.startsWith('warn'))).toHaveLength(1);
    await clock.advance(5_000);
    broker.say(`${SET}/charge`, 'ON');
    expect(sent).toHaveLength(2);
  });

  it('that the driver refuses is one line, and the state goes on telling what is so', async () => {
    const { broker, clock, lines, parts } = outputOf();
    await clock.advance(1000);
    parts.fails = new Error('the driver refuses ForceChargingOff = 1');
    broker.say(`${SET}/charge`, 'ON');
    await clock.advance(6000);
    expect(lines.at(-1)).toBe('warn: charge of A100 was not taken: the driver refuses ForceChargingOff = 1');
    expect(parsed(broker.of('dbus-bms/A100/state').at(-1))['charge']).toBe('OFF');
  });

  it('is not even listened for where none is allowed', async () => {
    const { broker, clock } = outputOf({ commands: [] });
    await clock.advance(1000);
    expect(broker.subscribed).toEqual(['homeassistant/status']);
  });
});

it('with forty batteries and a broker that freezes at random for three hours, never leaves a wrong availability for 45 s', async () => {
  await fc.assert(
    fc.asyncProperty(fc.infiniteStream(fc.integer({ min: 0, max: 99 })), async (chance) => {
      const roll = (): number => chance.next().value ?? 0;
      const batteries = Array.from({ length: 40 }, (_, n) => ({ ...HOUSE, id: `B${n}` }));
      const { broker, clock } = outputOf({ period: 60 }, batteries);
      const readySince = { at: 0 };
      const truth = new Map<string, { state: string; since: number }>();
      for (let minute = 0; minute < 3 * 60; minute += 10) {
        const wasReady = broker.isReady;
        broker.isReady = roll() < 70;
        if (!wasReady && broker.isReady) readySince.at = clock.now();
        const index = roll() % batteries.length;
        const battery = batteries[index];
        if (battery !== undefined) batteries[index] = { ...battery, isOnBus: !battery.isOnBus };
        if (roll() < 3) broker.lose('it does not answer');
        for (const { id, isOnBus } of batteries) {
          const state = isOnBus ? 'online' : 'offline';
          if (truth.get(id)?.state !== state) truth.set(id, { state, since: clock.now() });
        }
        await clock.advance(45_000);
        if (broker.isReady && broker.events !== undefined && clock.now() - readySince.at >= 45_000) {
          for (const { id, isOnBus } of batteries) {
            expect(broker.kept.get(`dbus-bms/${id}/availability`)).toBe(isOnBus ? 'online' : 'offline');
          }
        }
        broker.messages.length = 0;
        await clock.advance(10 * 60_000 - 45_000);
      }
    }),
    { numRuns: 1 },
  );
});

it('tells the mode without what is awaited in it', async () => {
  const view = { ...STATE, control: { ...CONTROL, chargeMode: 'Absorption: 12 A now, done below 5.0 A' } };
  const { broker, clock } = outputOf({}, [{ ...HOUSE, view }]);
  await clock.advance(1000);
  expect(parsed(broker.of('dbus-bms/A100/state')[0])['charge_mode']).toBe('absorption');
});
