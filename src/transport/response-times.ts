/** The first replies are watched from their beginning, because a device, or a program, that has just begun is slow ... */
const WATCHED_FIRST = 4;
/** ... and so often one is later, or nobody would see that the device has become quicker. */
const WATCHED_EVERY = 32;
/** What a reply is expected to be later than the soonest of its kind at first, and what it may be expected to be at most; of its time. */
const USUAL_DELAY = 0.01;
const MOST_DELAY = 0.05;
/** How quickly a slow answer that did not come again is forgotten, per answer. */
const FORGETTING = 0.98;
/** How quickly the soonest time follows a device that has become slower. */
const FOLLOWING = 0.1;
/** Requests whose replies are remembered; a bank of 16 packs has less than 200. */
const MOST_REQUESTS = 512;

/** A device that was this slow once may be as slow again, ms; beyond it nobody waits. */
export const MOST_PATIENCE_MS = 1500;
const PATIENCE_MARGIN = 1.25;
/** An answer that is later than the slowest of late by more than this is not coming: some ms for the adapter, the rest for the device. */
const LATE_MARGIN = 1.5;
const ADAPTER_MS = 50;
/** No answer is given up sooner, ms: adapters and networks that gather bytes do not always do it alike. */
const LEAST_WAIT_MS = 100;
/**
 * A UART that falls asleep between two polls hears the first request of each only as a call to wake up. Of the first tries of late
 * so many stayed unanswered; then the next one follows soon. Losses alone hardly ever look like this.
 */
const ASLEEP_FROM = 0.8;
const ASLEEP_FOLLOWING = 0.3;
const WAKING_MS = 100;
/** How often such a first try is waited for all the same, or nobody would see that the UART stays awake. */
const ASLEEP_DOUBTED_EVERY = 16;

/** An answer as long after its request as those before it. */
const USUAL_FROM = 0.7;
const USUAL_TO = 1.3;
const USUAL_SLACK_MS = 10;

/** An answer that is known to be the one to its request. */
export interface Answered {
  /** Bytes. */
  readonly length: number;
  /** From the first byte of the request to the end of the reply, ms. */
  readonly tookMs: number;
  /** Of this the line needed for both, ms. */
  readonly lineMs: number;
  /** The reply was taken as it came, so `tookMs` is exact and not only the first look at a reply that was complete before. */
  readonly watched: boolean;
}

/**
 * What is known of the answer times on one line: by request, because devices and commands differ, and of the line as a whole
 * for requests that were never answered. Only answers teach: silence says nothing about how slow a device is.
 */
export class ResponseTimes {
  readonly #known = new Map<string, RequestTimes>();
  #slowestMs = 0;

  /** What is known of one request; remembered from its first answer on. */
  of(request: Uint8Array): RequestTimes {
    const key = Buffer.from(request.buffer, request.byteOffset, request.length).toString('latin1');
    return (
      this.#known.get(key) ??
      new RequestTimes(this, (times) => {
        if (this.#known.size >= MOST_REQUESTS) this.#known.clear();
        this.#known.set(key, times);
      })
    );
  }

  /** How long any device of this line is waited for, ms; 0 while nobody has answered. */
  get patienceMs(): number {
    return Math.min(MOST_PATIENCE_MS, PATIENCE_MARGIN * this.#slowestMs);
  }

  /** Some device of this line answered after so long, ms, without the time of the line. */
  answeredAfter(ms: number): void {
    this.#slowestMs = Math.max(ms, FORGETTING * this.#slowestMs);
  }
}

/** What the replies to one request were like. */
export class RequestTimes {
  readonly #line: ResponseTimes;
  readonly #remember: (times: RequestTimes) => void;
  #length = 0;
  #replies = 0;
  /** From the request to the end of the reply, the time of the line included, ms; and what replies of late were later than that. */
  #soonestMs = 0;
  #delayMs = 0;
  /** Answer times, without the time of the line, ms: about the least, and the most of late. */
  #quickestMs = 0;
  #slowestMs = 0;
  /** How many of the first tries of late only woke a UART up, 0..1. */
  #asleep = 0;

  constructor(line: ResponseTimes, remember: (times: RequestTimes) => void) {
    this.#line = line;
    this.#remember = remember;
  }

  /** Replies so far. */
  get replies(): number {
    return this.#replies;
  }

  /** Bytes of the last reply; 0 when there was none. */
  get length(): number {
    return this.#length;
  }

  /** Takes an answer in. */
  learn({ length, tookMs, lineMs, watched }: Answered): void {
    const answerMs = Math.max(0, tookMs - lineMs);
    this.#line.answeredAfter(answerMs);
    if (this.#replies === 0) {
      this.#soonestMs = tookMs;
      this.#delayMs = USUAL_DELAY * tookMs;
      this.#quickestMs = answerMs;
      this.#remember(this);
    }
    this.#length = length;
    this.#replies += 1;
    this.#slowestMs = Math.max(answerMs, FORGETTING * this.#slowestMs);
    const lateMs = Math.min(MOST_DELAY * this.#soonestMs, tookMs - this.#soonestMs);
    this.#delayMs = Math.max(FORGETTING * this.#delayMs, watched ? lateMs : 0);
    if (!watched) return;
    this.#soonestMs = follow(this.#soonestMs, tookMs);
    this.#quickestMs = follow(this.#quickestMs, answerMs);
  }

  /** The request was answered, to its first try (`atOnce`) or to a later one. */
  woke(atOnce: boolean): void {
    this.#asleep = atOnce ? this.#asleep / 2 : this.#asleep + ASLEEP_FOLLOWING * (1 - this.#asleep);
  }

  /** When the reply must be complete, ms after the first byte of the request; undefined when it is to be watched. */
  get completeMs(): number | undefined {
    if (this.#replies < WATCHED_FIRST || this.#replies % WATCHED_EVERY === 0) return undefined;
    return this.#soonestMs + this.#delayMs;
  }

  /**
   * How long each try waits for the beginning of the answer, ms, where the driver allows `tries` of `timeoutMs` each. What was
   * never answered is waited for as the driver says. What was answered before is given up when it is clearly late and asked
   * again within the same time, so more often, because a lost request is not a slow one.
   */
  waits(timeoutMs: number, tries: number): number[] {
    const alike = (ms: number): number[] => Array.from({ length: tries }, () => ms);
    if (this.#replies === 0) return alike(Math.max(timeoutMs, this.#line.patienceMs));
    const lateMs = Math.max(LEAST_WAIT_MS, Math.ceil(LATE_MARGIN * this.#slowestMs + ADAPTER_MS));
    const leastMs = Math.min(MOST_PATIENCE_MS, lateMs);
    if (leastMs >= timeoutMs) return alike(leastMs);
    const waits: number[] = this.#isAsleep && WAKING_MS < leastMs ? [WAKING_MS] : [];
    const wakes = waits.length;
    for (let leftMs = tries * timeoutMs; leftMs > 0; ) {
      // Twice quickly, for a loss; then ever more slowly, for a device that is busy.
      const waitMs = Math.min(timeoutMs, leastMs * 2 ** Math.max(0, waits.length - wakes - 1));
      const isLast = leftMs - waitMs < leastMs;
      waits.push(isLast ? leftMs : waitMs);
      leftMs -= isLast ? leftMs : waitMs;
    }
    return waits;
  }

  get #isAsleep(): boolean {
    return this.#asleep > ASLEEP_FROM && this.#replies % ASLEEP_DOUBTED_EVERY !== 0;
  }

  /** Whether an answer that came so long after the request, without the time of the line, is as those before it. */
  isUsual(answerMs: number): boolean {
    return (
      this.#replies > 0 &&
      answerMs >= USUAL_FROM * this.#quickestMs - USUAL_SLACK_MS &&
      answerMs <= USUAL_TO * this.#slowestMs + USUAL_SLACK_MS
    );
  }
}

/** The least, which follows slowly where all have become more. */
function follow(leastMs: number, ms: number): number {
  return Math.min(ms, leastMs + FOLLOWING * (ms - leastMs));
}
