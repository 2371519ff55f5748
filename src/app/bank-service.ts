import { assemble, type BankCandidate } from '../battery/bank-assembly.ts';
import type { BankPlan } from '../battery/bank-members.ts';
import type { BatteryIdentity } from '../battery/battery-view.ts';
import { type BankShown, BusBank } from '../battery/bus-bank.ts';
import { Conditions } from '../battery/conditions.ts';
import { LimitLog } from '../battery/limit-log.ts';
import type { Clock } from '../clock.ts';
import type { Bus } from '../dbus/bus.ts';
import { connectBus } from '../dbus/client.ts';
import { BusError } from '../errors.ts';
import type { Log, LogSource } from '../log.ts';
import { BankSeat } from '../venus/bank-seat.ts';
import { BatteryReader } from '../venus/battery-reader.ts';
import { portOf } from '../venus/claim.ts';
import { VERSION } from '../version.ts';

export interface BankServiceOptions {
  /** Banks that this process serves. */
  readonly serves: readonly BankPlan[];
  /** All banks of the settings. */
  readonly plans: readonly BankPlan[];
  readonly clock: Clock;
  readonly log: LogSource;
  readonly signal: AbortSignal;
  readonly connect?: () => Promise<Bus>;
}

/** A driver that tells nothing for so long is asked: a member that hangs is known within ten seconds. */
const SILENCE_MS = 5000;
/** Changes of several members are answered together. */
const TOGETHER_MS = 30;
const STEP_MS = 1000;
/** So long a bank waits at the start for members that are not there. */
const GATHER_MS = 60_000;
/** Members that know of the bank let go of their limits within this time. */
const YIELD_MS = 5000;
const AGAIN_MS = 30_000;

/** Serves banks until the signal aborts. Rejects with a BusError when the bus is lost. */
export async function runBanks(options: BankServiceOptions): Promise<void> {
  const { clock, connect = () => connectBus({ clock }), serves, signal } = options;
  const bus = await connect();
  let lose: (error: BusError) => void = () => {};
  const lost = new Promise<never>((_, reject) => {
    lose = reject;
    bus.onLost = reject;
  });
  const banks: BankKeeper[] = [];
  const reader = await BatteryReader.open({
    bus,
    clock,
    silenceMs: SILENCE_MS,
    onBattery: () => {
      for (const bank of banks) bank.hurry();
    },
    onGone: () => {
      for (const bank of banks) bank.hurry();
    },
  });
  for (const plan of serves) banks.push(new BankKeeper({ ...options, connect, plan, reader, onLost: lose }));
  const stopped = new Promise<void>((resolve) => {
    if (signal.aborted) resolve();
    signal.addEventListener('abort', () => resolve(), { once: true });
  });
  try {
    for (const bank of banks) bank.step();
    await Promise.race([stopped, lost]);
  } finally {
    for (const bank of banks) bank.close();
    reader.close();
    bus.disconnect();
  }
}

interface KeeperOptions extends BankServiceOptions {
  readonly plan: BankPlan;
  readonly reader: BatteryReader;
  readonly onLost: (error: BusError) => void;
  readonly connect: () => Promise<Bus>;
}

/** One bank: who its members are, when it may steer, and what it shows then. */
class BankKeeper {
  readonly #options: KeeperOptions;
  readonly #log: Log;
  readonly #limitLog: LimitLog;
  readonly #bank = new BusBank();
  readonly #beganAt: number;
  #seat: BankSeat | undefined;
  /** The place was asked for, and is still wanted. */
  #asked: 'wanted' | 'unwanted' | undefined;
  #claimedAt = 0;
  /** Not before this moment is the place asked for again. */
  #notBefore = 0;
  #said = '';
  #warned = new Set<string>();
  #cancel: () => void = () => {};
  #isClosed = false;

  constructor(options: KeeperOptions) {
    this.#options = options;
    const { clock, log, plan } = options;
    this.#log = log.scope(`bank.${plan.name}`);
    const conditions = new Conditions(log, clock);
    this.#limitLog = new LimitLog({ log: this.#log, conditions, now: () => clock.now() });
    this.#beganAt = clock.now();
  }

  /** Something of a member has changed. */
  hurry(): void {
    this.#next(TOGETHER_MS);
  }

  step(): void {
    if (this.#isClosed) return;
    const { clock, plan, plans } = this.#options;
    const now = clock.now();
    const { fault, holding, members, strangers } = assemble(plan, plans, this.#candidates());
    const shown = this.#bank.step(plan.members, members, now);
    this.#next(STEP_MS);
    if (fault !== undefined) this.#standAside(`${fault}; until then this bank does not steer`);
    else if (this.#mayBegin(members, now, shown)) this.#steer(shown, holding, strangers, now);
  }

  close(): void {
    this.#isClosed = true;
    this.#cancel();
    this.#release();
  }

  /** Whatever is due is done at the earlier of two moments. */
  #next(ms: number): void {
    if (this.#isClosed) return;
    const { clock } = this.#options;
    if (ms === TOGETHER_MS) {
      if (this.#isHurried) return;
      this.#isHurried = true;
    } else this.#isHurried = false;
    this.#cancel();
    this.#cancel = clock.after(ms, () => this.step());
  }

  #isHurried = false;

  /** A bank that steers goes on, whoever is missing; one that begins waits for all, but not for ever. */
  #mayBegin(
    members: ReadonlyMap<string, unknown>,
    now: number,
    shown: BankShown | undefined,
  ): shown is BankShown {
    if (shown === undefined) return false;
    if (this.#seat !== undefined) return true;
    const { plan } = this.#options;
    const missing = plan.members.filter((member) => !members.has(member));
    if (missing.length === 0 || now - this.#beganAt > GATHER_MS) return now >= this.#notBefore;
    this.#say(`waits for ${missing.join(', ')}; until then each battery steers by itself`);
    return false;
  }

  #steer(shown: BankShown, holding: readonly string[], strangers: readonly string[], now: number): void {
    if (this.#seat === undefined) {
      this.#ask();
      return;
    }
    // None of ours may offer limits beside the bank: it appears when the last one has let go of them.
    if (!this.#seat.isShown && holding.length > 0) {
      if (now - this.#claimedAt > YIELD_MS)
        this.#standAside(`${holding.join(', ')} did not hand over its limits; restart its service`);
      return;
    }
    for (const name of strangers) {
      if (this.#warned.has(name)) continue;
      this.#warned.add(name);
      this.#log.warn(
        `${name} belongs to another driver and goes on offering limits of its own: choose this bank as the controlling BMS in the settings of DVCC`,
      );
    }
    this.#limitLog.note(shown.control, this.#seat.isShown);
    this.#say(shown.link.text);
    this.#seat.show({ ...shown, identity: this.#identity() });
  }

  #ask(): void {
    if (this.#asked !== undefined) return;
    const { clock, connect, onLost, plan } = this.#options;
    this.#asked = 'wanted';
    BankSeat.claim({ plan, clock, log: this.#log, onLost, connect }).then(
      (seat) => {
        const isWanted = this.#asked === 'wanted' && !this.#isClosed;
        this.#asked = undefined;
        if (!isWanted) {
          seat.close();
          return;
        }
        this.#seat = seat;
        this.#claimedAt = clock.now();
        this.hurry();
      },
      (error: unknown) =>
        onLost(error instanceof BusError ? error : new BusError(String(error), { cause: error })),
    );
  }

  #standAside(why: string): void {
    this.#say(why, 'warn');
    this.#notBefore = this.#options.clock.now() + AGAIN_MS;
    this.#release();
  }

  #release(): void {
    if (this.#asked !== undefined) this.#asked = 'unwanted';
    this.#seat?.close();
    this.#seat = undefined;
  }

  #say(text: string, level: 'info' | 'warn' = 'info'): void {
    // How long somebody has been silent is no news.
    const words = text.replaceAll(/\d+:\d+:\d+/g, '');
    if (words === this.#said) return;
    this.#said = words;
    this.#log[level](text);
  }

  #candidates(): readonly BankCandidate[] {
    return [...this.#options.reader.batteries.values()].map(({ service, view }) => {
      const { deviceInstance, serial } = view.identity;
      return {
        place: portOf(service),
        view,
        ...(serial !== undefined && { serial }),
        ...(deviceInstance !== undefined && { instance: deviceInstance }),
      };
    });
  }

  #identity(): BatteryIdentity {
    const { plan } = this.#options;
    return {
      keys: [],
      traits: { place: `bank ${plan.name}` },
      productName: 'Battery bank',
      connection: `${plan.members.length} batteries`,
      processVersion: VERSION,
    };
  }
}
