import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { live } from './adapter.ts';
import { type BusWatcher, GoldenBus } from './bus.ts';
import type { Answer, Circumstances, Outside } from './conversation.ts';
import { type Message, TYPE } from './dbus-messages.ts';
import { Variant } from './dbus-values.ts';
import { type FarEnd, GoldenLine } from './line.ts';
import { changed, Localsettings } from './localsettings.ts';
import { VirtualTime } from './time.ts';
import { bodyOf, itemsOf, leavesOf, type SeenItem, Transcript } from './transcript.ts';

const BUS_ITEM = 'com.victronenergy.BusItem';
const PREFIX = 'com.victronenergy.';
const SETTINGS = 'com.victronenergy.settings';
/** What a message from the bus takes, ms: more than nothing, and less than is printed. */
const BUS_MS = 1e-6;
/** How long a program that is told to stop may take, ms. */
const FAREWELL_MS = 10_000;

export interface SceneOptions {
  readonly circumstances: Circumstances;
  readonly outside: readonly Outside[];
  readonly far: FarEnd;
  /** Told of the limits of the battery whenever they are on the bus. */
  readonly onLimits?: (limits: { readonly cvl: number; readonly ccl: number; readonly dcl: number }) => void;
  /** The scene breaks off when this becomes true. */
  readonly isOver?: () => boolean;
}

/** The program in a house that exists only for it: a bus, localsettings, an owner, a line, and time. */
export class Scene implements BusWatcher {
  readonly time: VirtualTime;
  /** When the program was started last, ms. */
  startedAt = 0;
  readonly #options: SceneOptions;
  readonly #transcript = new Transcript();
  readonly #line: GoldenLine;
  readonly #folder = mkdtempSync(join(tmpdir(), 'golden-'));
  readonly #localsettings: Localsettings;
  #bus: GoldenBus | undefined;
  #stop = new AbortController();
  #isRunning = false;
  /** What consumers know, by service and path. */
  readonly #items = new Map<string, Map<string, SeenItem>>();
  /** State files as they were read last, and their leaves. */
  readonly #files = new Map<string, string>();
  readonly #state = new Map<string, ReadonlyMap<string, unknown>>();
  #lastAsked: { readonly request: string; readonly answer?: Answer } = { request: '' };
  #activity = 0;

  constructor(options: SceneOptions) {
    this.#options = options;
    this.time = new VirtualTime(() => this.#activity + (this.#bus?.activity ?? 0));
    this.time.onSecond = () => this.#readState();
    const { far } = options;
    this.#line = new GoldenLine(
      {
        open: (line) => far.open(line),
        set: (line) => far.set(line),
        close: () => far.close(),
        ask: (request) => {
          const answer = far.ask(request);
          this.#lastAsked = { request, ...(answer !== undefined && { answer }) };
          return answer;
        },
      },
      this.time,
    );
    this.#localsettings = new Localsettings(options.circumstances.stored, (path, value) => {
      const { interface: iface, member, body } = changed(value);
      this.#bus?.signal(this.#localsettings, path, iface, member, 'a{sv}', body);
    });
  }

  /** Plays everything; resolves with the transcript. */
  async play(): Promise<string> {
    const { circumstances, isOver = () => false, outside } = this.#options;
    const { DBUS_SESSION_BUS_ADDRESS: before } = process.env;
    this.#bus = await GoldenBus.open(this, (action) => void this.time.after(BUS_MS, action));
    process.env['DBUS_SESSION_BUS_ADDRESS'] = this.#bus.address;
    writeFileSync(join(this.#folder, 'settings.toml'), circumstances.settings);
    try {
      this.#bus.join(this.#localsettings);
      for (const event of outside) {
        await this.time.run(1000 * event.at, isOver);
        if (!isOver()) this.#befall(event);
      }
      await this.time.run(1000 * circumstances.end, isOver);
      this.#stop.abort();
      await this.time.run(this.time.now() + FAREWELL_MS, () => !this.#isRunning);
      if (this.#isRunning) throw new Error('the program does not end when it is told to');
    } finally {
      if (before === undefined) delete process.env['DBUS_SESSION_BUS_ADDRESS'];
      else process.env['DBUS_SESSION_BUS_ADDRESS'] = before;
      await this.#bus.close();
      rmSync(this.#folder, { recursive: true, force: true });
    }
    return this.#transcript.text;
  }

  #befall(event: Outside): void {
    switch (event.do) {
      case 'start':
        this.#start();
        break;
      case 'stop':
        this.#stop.abort();
        break;
      case 'lose':
        this.#line.lose();
        break;
      case 'drop':
        this.#bus?.drop();
        break;
      case 'leave':
        this.#bus?.leave(this.#localsettings);
        break;
      case 'join':
        this.#bus?.join(this.#localsettings);
        break;
      case 'look':
        for (const name of this.#items.keys()) this.#look(name);
        break;
      case 'write':
        this.#write(event);
        break;
      case 'change':
        this.#localsettings.change(event.setting, event.value);
    }
  }

  #start(): void {
    if (this.#isRunning) throw new Error(`${this.#now}: the program is running already`);
    this.#isRunning = true;
    this.startedAt = this.time.now();
    this.#stop = new AbortController();
    const { port } = this.#options.circumstances;
    this.#note('life', { started: port });
    const ended = live({
      port,
      settingsFile: join(this.#folder, 'settings.toml'),
      stateFolder: join(this.#folder, 'state'),
      clock: this.time,
      line: this.#line,
      signal: this.#stop.signal,
      say: (level, scope, text) => this.#note('log', { log: `${level} ${scope}: ${this.#shortened(text)}` }),
    });
    ended.then(
      (outcome) => this.#over(outcome),
      (error: unknown) => this.#over(error instanceof Error ? (error.stack ?? error.message) : String(error)),
    );
  }

  #over(outcome: string): void {
    this.#isRunning = false;
    this.#activity += 1;
    this.#note('life', { ended: this.#shortened(outcome) });
  }

  #write({ pack = '', path, type, value }: Outside & { readonly do: 'write' }): void {
    const service = this.#main;
    if (service === undefined) {
      this.#note('owner', { wrote: `${pack}${path}`, answer: 'no battery is on the bus' });
      return;
    }
    const body = [new Variant(type, value)];
    const call = { path, interface: BUS_ITEM, member: 'SetValue', signature: 'v', body };
    this.#bus?.ask(`${service}${pack}`, call, (reply) =>
      this.#note('owner', {
        wrote: `${pack}${path}`,
        value: [type, value],
        answer: reply.errorName ?? bodyOf(reply),
      }),
    );
  }

  /** The service of the whole battery. */
  get #main(): string | undefined {
    return [...this.#items.keys()].find((name) => !name.includes('__0x'));
  }

  /** A consumer asks for all items; only what it did not know already is noted. */
  #look(name: string): void {
    const call = { path: '/', interface: BUS_ITEM, member: 'GetItems', signature: '', body: [] };
    this.#bus?.ask(name, call, (reply) => {
      if (reply.type === TYPE.error) return this.#note(name, { by: short(name), refused: reply.errorName });
      const known = this.#items.get(name) ?? new Map<string, SeenItem>();
      const items = itemsOf(reply.body[0]);
      const news = [...items].filter(
        ([path, item]) => JSON.stringify(known.get(path)) !== JSON.stringify(item),
      );
      const gone = [...known.keys()].filter((path) => !items.has(path));
      this.#note(name, { by: short(name), asked: items.size, items: Object.fromEntries(news), gone });
      this.#take(name, items);
    });
  }

  #take(name: string, items: ReadonlyMap<string, SeenItem>): void {
    const known = this.#items.get(name);
    for (const [path, item] of items) known?.set(path, item);
    if (known === undefined || name !== this.#main) return;
    const [cvl, ccl, dcl] = ['Voltage', 'Current', 'DischargeCurrent']
      .map((what) => `/Info/Max${what === 'DischargeCurrent' ? what : `Charge${what}`}`)
      .map((path) => known.get(path)?.[1]);
    if (typeof cvl === 'number' && typeof ccl === 'number' && typeof dcl === 'number')
      this.#options.onLimits?.({ cvl, ccl, dcl });
  }

  onName(name: string, isTaken: boolean, flags?: number): void {
    this.#note(name, { by: short(name), name: isTaken ? 'taken' : 'given up', flags });
    if (isTaken) {
      this.#items.set(name, new Map());
      queueMicrotask(() => this.#look(name));
    } else this.#items.delete(name);
  }

  onSignal(name: string, signal: Message): void {
    const { interface: iface, member, path, body } = signal;
    if (iface === BUS_ITEM && member === 'ItemsChanged' && path === '/') {
      const items = itemsOf(body[0]);
      this.#note(name, { by: short(name), changed: Object.fromEntries(items) });
      this.#take(name, items);
    } else this.#note(name, { by: short(name), signal: `${path} ${iface}.${member}`, body: bodyOf(signal) });
  }

  onCall(name: string, call: Message): void {
    const { destination = '', member, path } = call;
    // Services that are not on the bus yet call too; what they call tells them apart.
    const channel = destination === SETTINGS ? 'settings' : destination;
    this.#note(channel, {
      by: short(name),
      calls: `${short(destination)} ${path} ${member}`,
      body: bodyOf(call),
    });
  }

  #readState(): void {
    const folder = join(this.#folder, 'state');
    for (const file of filesIn(folder)) {
      const text = readFileSync(join(folder, file), 'utf8');
      if (this.#files.get(file) === text) continue;
      this.#files.set(file, text);
      const now = new Map(leavesOf(JSON.parse(text)));
      const before = this.#state.get(file) ?? new Map<string, unknown>();
      const news = [...now].filter(
        ([path, value]) => !before.has(path) || !Object.is(before.get(path), value),
      );
      const gone = [...before.keys()].filter((path) => !now.has(path));
      this.#state.set(file, now);
      if (news.length + gone.length > 0) this.#note('state', { file, wrote: Object.fromEntries(news), gone });
    }
  }

  /** What the conversation has already needs no second copy, and a temporary folder has no lasting name. */
  #shortened(text: string): string {
    const { answer, request } = this.#lastAsked;
    const plain = text.replaceAll(this.#folder, '{folder}').replaceAll(this.#bus?.address ?? '', '{bus}');
    const short = request === '' ? plain : plain.replaceAll(request, '{request}');
    return answer === undefined ? short : short.replaceAll(answer.bytes, '{answer}');
  }

  get #now(): string {
    return `${this.time.now() / 1000} s`;
  }

  #note(channel: string, fields: Readonly<Record<string, unknown>>): void {
    this.#activity += 1;
    this.#transcript.add(this.time.now(), channel, fields);
  }
}

function filesIn(folder: string): readonly string[] {
  try {
    return readdirSync(folder).sort();
  } catch {
    // Made by the program with the first thing that it writes down.
    return [];
  }
}

/** "battery.ttyUSB0" for "com.victronenergy.battery.ttyUSB0". */
function short(name: string): string {
  return name.startsWith(PREFIX) ? name.slice(PREFIX.length) : name;
}
