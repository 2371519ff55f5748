import { type Clock, sleep } from '../../clock.ts';
import type { Log } from '../../log.ts';
import { VERSION } from '../../version.ts';
import { Condition } from '../condition.ts';
import {
  type BridgedBattery,
  type BridgeOutput,
  isOnline,
  type OutputFigures,
  type SendCommand,
  type Snapshot,
} from '../output.ts';
import { commandIn } from './commands.ts';
import { batteryDiscovery, bridgeDiscovery, type DiscoveryMessage, type DiscoveryMode } from './discovery.ts';
import type { IncomingMessage, Link, OpenLink } from './link.ts';
import { cellsDocument, infoDocument, stateDocument, valuesDocument } from './payloads.ts';
import { Seen } from './seen.ts';
import { BRIDGE_ID, Topics } from './topics.ts';

export interface MqttOptions {
  readonly url: string;
  readonly user?: string;
  /** Asked for at every attempt, so that a corrected file counts without a restart. */
  readonly password: () => Promise<string | undefined>;
  readonly ca?: string;
  readonly topic: string;
  readonly site?: string;
  /** Name of this device. */
  readonly host: string;
  readonly discovery: DiscoveryMode;
  readonly discoveryTopic: string;
  /** s between two messages of state. */
  readonly period: number;
  readonly commands: readonly string[];
}

export interface MqttParts {
  readonly snapshot: Snapshot;
  readonly clock: Clock;
  readonly log: Log;
  readonly send: SendCommand;
  readonly open: OpenLink;
  /** 0 to 1. */
  readonly random: () => number;
}

const TICK_MS = 1000;
const CELLS_EVERY = 3;
const METERS_MS = 60_000;
/** Between two attempts: doubled from the first to the last; back to the first once a connection has held. */
const RETRY_MS = { first: 1000, last: 60_000, heldFor: 60_000 };
/** A change is told at once, but not more often. */
const HURRY_MS = 500;
const COMMAND_MS = 5000;
/** Home Assistant has announced itself: it is told anew after a while that differs from bridge to bridge. */
const BIRTH_MS = { least: 1000, most: 5000 };
const GOODBYE_MS = 2000;

/** When each battery is told next. */
interface Pace {
  nextState: number;
  /** Counts the messages of state, to tell the cells with every third. */
  rounds: number;
  lastHurry: number;
  lastCommand: number;
}

/** Batteries at an MQTT broker, and their discovery by Home Assistant. Nothing waits for the broker, and nothing is kept for it. */
export class MqttOutput implements BridgeOutput {
  readonly name = 'mqtt';
  readonly #options: MqttOptions;
  readonly #parts: MqttParts;
  readonly #topics: Topics;
  readonly #condition: Condition;
  readonly #seen = new Seen();
  readonly #paces = new Map<string, Pace>();
  /** What stands at the broker as far as this connection has put it there: retained, by topic. */
  readonly #retained = new Map<string, string>();
  /** What the discovery of each battery was made from; the messages are large, so they are made only when this changes. */
  readonly #discovered = new Map<string, string>();
  #link: Link | undefined;
  #openedAt = 0;
  #retryMs = RETRY_MS.first;
  #nextMeters = 0;
  #isClosed = false;
  #lastComplaint = Number.NEGATIVE_INFINITY;
  #errors = 0;
  #dropped = 0;
  #lastSuccess: number | undefined;
  #cancelTick: () => void = () => {};
  #cancelRetry: () => void = () => {};
  #cancelBirth: () => void = () => {};

  constructor(options: MqttOptions, parts: MqttParts) {
    this.#options = options;
    this.#parts = parts;
    this.#topics = new Topics(options.topic, options.site);
    this.#condition = new Condition(parts.log);
  }

  get figures(): OutputFigures {
    return {
      errors: this.#errors,
      dropped: this.#dropped,
      ...(this.#lastSuccess !== undefined && { lastSuccess: this.#lastSuccess }),
      ...(this.#condition.fault !== undefined && { fault: this.#condition.fault }),
    };
  }

  start(): void {
    this.#connect();
    this.#tick();
  }

  hurry(battery: BridgedBattery): void {
    const pace = this.#paceOf(battery.id);
    const now = this.#parts.clock.now();
    this.#availability(battery);
    if (now - pace.lastHurry < HURRY_MS) pace.nextState = Math.min(pace.nextState, pace.lastHurry + HURRY_MS);
    else {
      pace.lastHurry = now;
      this.#state(battery, pace);
    }
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    for (const cancel of [this.#cancelTick, this.#cancelRetry, this.#cancelBirth]) cancel();
    const link = this.#link;
    this.#link = undefined;
    if (link === undefined) return;
    const goodbyes = [BRIDGE_ID, ...this.#paces.keys()].map((id) =>
      link.publish(this.#topics.availability(id), 'offline', { qos: 1, retain: true }),
    );
    const patience = sleep(this.#parts.clock, GOODBYE_MS);
    await Promise.race([Promise.all(goodbyes), patience]);
    await Promise.race([link.end(), patience]);
  }

  #connect(): void {
    const { ca, host, password, site, url, user } = this.#options;
    const { open } = this.#parts;
    password().then(
      (secret) => {
        if (this.#isClosed) return;
        open(
          {
            url,
            clientId: ['dbus-bms', host, ...(site === undefined ? [] : [site])].join('-').slice(0, 60),
            ...(user !== undefined && { user }),
            ...(secret !== undefined && { password: secret }),
            ...(ca !== undefined && { ca }),
            will: { topic: this.#topics.availability(BRIDGE_ID), payload: 'offline' },
          },
          {
            onOpen: (link) => this.#opened(link),
            onMessage: (message) => this.#heard(message),
            onEnd: (reason) => this.#ended(reason),
          },
        );
      },
      (error: unknown) => this.#ended(error instanceof Error ? error.message : String(error)),
    );
  }

  #opened(link: Link): void {
    if (this.#isClosed) {
      void link.end();
      return;
    }
    this.#link = link;
    this.#openedAt = this.#parts.clock.now();
    // The broker may have lost everything, so nothing counts as told.
    this.#retained.clear();
    this.#discovered.clear();
    this.#nextMeters = 0;
    this.#condition.good(`connected to ${this.#options.url}`);
    const { commands, discovery, discoveryTopic } = this.#options;
    link.subscribe([
      ...(discovery === 'off' ? [] : [`${discoveryTopic}/status`]),
      ...(commands.length > 0 ? [this.#topics.commands] : []),
    ]);
    this.#round(true);
  }

  #ended(reason: string): void {
    const { clock } = this.#parts;
    const held = this.#link !== undefined && clock.now() - this.#openedAt >= RETRY_MS.heldFor;
    const wasOpen = this.#link !== undefined;
    this.#link = undefined;
    this.#errors += 1;
    this.#cancelBirth();
    if (this.#isClosed) return;
    if (held) this.#retryMs = RETRY_MS.first;
    const state = wasOpen ? 'lost' : 'no connection to';
    this.#condition.bad(
      `${state} ${this.#options.url}: ${reason}; it is tried again, at the latest after ${RETRY_MS.last / 1000} s`,
    );
    this.#cancelRetry = clock.after(this.#retryMs, () => this.#connect());
    this.#retryMs = Math.min(RETRY_MS.last, this.#retryMs * 2);
  }

  #tick(): void {
    this.#cancelTick = this.#parts.clock.after(TICK_MS, () => this.#tick());
    this.#round(false);
  }

  /** Everything that is due. */
  #round(isAll: boolean): void {
    const { clock, snapshot } = this.#parts;
    const now = clock.now();
    const withMeters = isAll || now >= this.#nextMeters;
    if (withMeters) this.#nextMeters = now + METERS_MS;
    this.#retain(this.#topics.availability(BRIDGE_ID), 'online');
    this.#bridge(withMeters);
    for (const battery of snapshot.batteries) {
      const pace = this.#paceOf(battery.id);
      this.#seen.add(battery);
      this.#availability(battery);
      const isDue = isAll || now >= pace.nextState;
      if (isDue) this.#describe(battery);
      if (isDue) this.#state(battery, pace);
      if (withMeters) this.#meters(battery);
    }
  }

  #paceOf(id: string): Pace {
    const never = Number.NEGATIVE_INFINITY;
    const pace = this.#paces.get(id) ?? { nextState: 0, rounds: 0, lastHurry: never, lastCommand: never };
    this.#paces.set(id, pace);
    return pace;
  }

  #availability(battery: BridgedBattery): void {
    this.#retain(this.#topics.availability(battery.id), isOnline(battery) ? 'online' : 'offline');
  }

  #state(battery: BridgedBattery, pace: Pace): void {
    pace.nextState = this.#parts.clock.now() + this.#options.period * 1000;
    // What a silent battery said last is no state.
    if (!isOnline(battery)) return;
    const { id } = battery;
    this.#tell(this.#topics.state(id), stateDocument(battery, this.#options.commands));
    const cells = this.#seen.cellsOf(id);
    if (cells > 0 && pace.rounds % CELLS_EVERY === 0) {
      this.#tell(this.#topics.cells(id), cellsDocument(battery.view, cells));
    }
    pace.rounds += 1;
  }

  #meters({ bank, id, view }: BridgedBattery): void {
    // A meter that is not told now has not gone back.
    const values = valuesDocument('meters', view);
    if (bank !== undefined || Object.values(values).every((value) => value === null)) return;
    this.#retain(this.#topics.meters(id), JSON.stringify(values));
  }

  /** What a battery is, and how Home Assistant shows it; before it has said anything there is nothing to show. */
  #describe(battery: BridgedBattery): void {
    const { commands, period } = this.#options;
    if (battery.view.reading === undefined && !this.#discovered.has(battery.id)) return;
    this.#retain(this.#topics.info(battery.id), JSON.stringify(infoDocument(battery)));
    const facts = this.#seen.factsOf(battery, { commands, period });
    const made = JSON.stringify([[...facts.keys], facts.cells, facts.commands, infoDocument(battery)]);
    if (this.#discovered.get(battery.id) === made || this.#link?.isReady !== true) return;
    this.#discovered.set(battery.id, made);
    this.#announce(batteryDiscovery(this.#discovery, battery, facts));
  }

  #bridge(withFigures: boolean): void {
    if (!withFigures && this.#retained.has(this.#topics.info(BRIDGE_ID))) return;
    const { batteries } = this.#parts.snapshot;
    const info = {
      version: VERSION,
      host: this.#options.host,
      batteries: batteries.length,
      online: batteries.filter(isOnline).length,
      errors: this.#errors,
      dropped: this.#dropped,
      fault: this.#condition.fault ?? null,
    };
    this.#retain(this.#topics.info(BRIDGE_ID), JSON.stringify(info));
    if (this.#discovered.has(BRIDGE_ID) || this.#link?.isReady !== true) return;
    this.#discovered.set(BRIDGE_ID, '');
    this.#announce(bridgeDiscovery(this.#discovery, this.#options.host));
  }

  get #discovery() {
    const { discovery, discoveryTopic } = this.#options;
    return { topics: this.#topics, mode: discovery, prefix: discoveryTopic };
  }

  #announce(messages: readonly DiscoveryMessage[]): void {
    for (const { topic, payload } of messages) this.#publish(topic, payload, { qos: 1, retain: true });
  }

  /** Puts what a topic must hold to the broker, unless it is there. What cannot go now goes with a later round. */
  #retain(topic: string, payload: string): void {
    if (this.#retained.get(topic) === payload || this.#link?.isReady !== true) return;
    this.#retained.set(topic, payload);
    this.#publish(topic, payload, { qos: 1, retain: true });
  }

  /** A sample: what cannot go now never goes. */
  #tell(topic: string, document: object): void {
    if (this.#link?.isReady === true) {
      this.#publish(topic, JSON.stringify(document), { qos: 0, retain: false });
    } else this.#dropped += 1;
  }

  #publish(topic: string, payload: string, options: { qos: 0 | 1; retain: boolean }): void {
    const { clock } = this.#parts;
    this.#link?.publish(topic, payload, options).then(
      () => {
        this.#lastSuccess = clock.wall() / 1000;
      },
      () => {
        this.#errors += 1;
      },
    );
  }

  #heard({ isRetained, payload, topic }: IncomingMessage): void {
    const { discoveryTopic } = this.#options;
    if (topic === `${discoveryTopic}/status`) {
      if (!isRetained && new TextDecoder().decode(payload.subarray(0, 16)) === 'online') this.#wasBorn();
      return;
    }
    const command = this.#topics.commandOf(topic);
    // A retained command would switch at every connection.
    if (command !== undefined && !isRetained) this.#command(command.id, command.name, payload);
  }

  #wasBorn(): void {
    const { clock, random } = this.#parts;
    this.#cancelBirth();
    this.#cancelBirth = clock.after(BIRTH_MS.least + random() * (BIRTH_MS.most - BIRTH_MS.least), () => {
      this.#discovered.clear();
      this.#retained.clear();
      this.#round(true);
    });
  }

  #command(id: string, name: string, payload: Uint8Array): void {
    const { clock, log, send, snapshot } = this.#parts;
    const refuse = (why: string): void => this.#complain(`${name.slice(0, 40)} of ${id.slice(0, 60)} ${why}`);
    const battery = snapshot.batteries.find((candidate) => candidate.id === id);
    if (battery === undefined || !this.#options.commands.includes(name)) {
      refuse('is ignored: there is no such battery, or this is not allowed');
      return;
    }
    const command = commandIn(name, payload);
    if ('fault' in command) {
      refuse(`is ignored: ${command.fault}`);
      return;
    }
    const pace = this.#paceOf(id);
    if (clock.now() - pace.lastCommand < COMMAND_MS) {
      refuse(`is ignored: one command in ${COMMAND_MS / 1000} s for each battery`);
      return;
    }
    pace.lastCommand = clock.now();
    // The answer is the state that the driver shows then, never what was asked.
    send(id, command).then(
      () => log.info(`${name} of ${id} was asked for over MQTT`),
      (error: unknown) => refuse(`was not taken: ${error instanceof Error ? error.message : String(error)}`),
    );
  }

  /** Whoever floods us with commands does not flood the log. */
  #complain(text: string): void {
    const { clock, log } = this.#parts;
    if (clock.now() - this.#lastComplaint < COMMAND_MS) return;
    this.#lastComplaint = clock.now();
    log.warn(text.replaceAll(/[^\x20-\x7e]/g, '?'));
  }
}
