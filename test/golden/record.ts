import { type Simulated, simulate } from './adapter.ts';
import type { Answer, Opened, Said } from './conversation.ts';
import type { Recording } from './files.ts';
import type { FarEnd } from './line.ts';
import type { Plan } from './plan.ts';
import { Scene } from './scene.ts';

/** Lets the program talk with a simulated battery and writes down what it said and got. */
export async function record(plan: Plan): Promise<Recording> {
  const { circumstances, outside, speed } = plan;
  const battery = await simulate(circumstances.bms, plan.scenario, speed, plan.lineIndex);
  const far = new Talking(battery, plan, () => scene.time.now());
  const scene = new Scene({
    circumstances,
    outside,
    far,
    onLimits: (limits) => battery.limit(limits, scene.time.now() / 1000),
  });
  const transcript = await scene.play();
  return { conversation: { circumstances, outside, said: far.said }, transcript };
}

class Talking implements FarEnd {
  readonly said: Said[] = [];
  readonly #battery: Simulated;
  readonly #plan: Plan;
  readonly #now: () => number;
  #line = '';

  constructor(battery: Simulated, plan: Plan, now: () => number) {
    this.#battery = battery;
    this.#plan = plan;
    this.#now = now;
  }

  open(line: string): Opened {
    const t = this.#now() / 1000;
    const opened = this.#plan.closed.find(({ from, until }) => t >= from && t < until)?.opened ?? 'ok';
    this.said.push({ ms: this.#now(), does: 'open', line, opened });
    this.#line = line;
    return opened;
  }

  set(line: string): void {
    this.said.push({ ms: this.#now(), does: 'set', line });
    this.#line = line;
  }

  close(): void {
    this.said.push({ ms: this.#now(), does: 'close' });
  }

  ask(request: string): Answer | undefined {
    const t = this.#now() / 1000;
    for (const { address, from, until } of this.#plan.silent)
      this.#battery.silence(address, t >= from && t < until);
    // A device does not understand what comes at another rate than its own.
    const answer = this.#line === this.#battery.line ? this.#battery.answer(request, t) : undefined;
    this.said.push({ ms: this.#now(), does: 'ask', request, ...(answer !== undefined && { answer }) });
    return answer;
  }
}
