import { spawnSync } from 'node:child_process';
import { availableParallelism } from 'node:os';
import { lawFor } from '../src/control/decide.ts';
import type { ControlInput, ControlSettings } from '../src/control/law.ts';
import { judge, type Prepared, prepare } from '../src/simulator/trials/judge.ts';

/**
 * What one decision of the charge control costs, and whether it leaves anything behind. The readings are those of a
 * simulated charge of 16 cells through bulk, absorption and float, recorded beforehand, so that only the law is measured.
 */

const COST_MARK_US = 50;
/** Heap that a hundred thousand decisions may leave: less than one byte for each, which is noise of the collector. */
const GROWTH_MARK_KB = 64;
const BATCH = 1000;
const BATCHES = 200;
const WARM_UP = 20_000;
const ROUND = 100_000;
const ROUNDS = 5;
const HOURS = 2;

/** The readings of a charge, taken down while the law leads it. */
function record(): { readonly settings: ControlSettings; readonly inputs: readonly ControlInput[] } {
  const prepared: Prepared = prepare({
    name: 'decision bench',
    hours: HOURS,
    plant: {
      packs: [{ soc: 97, balancer: null, noise: 0.0005, cellOffsets: { 7: 1 } }],
      sources: [{ power: 9000, pullsDown: 40 }],
    },
  });
  const inputs: ControlInput[] = [];
  const law = lawFor('adaptive');
  judge(
    prepared,
    {
      initial: law.initial,
      step(settings, state, input) {
        inputs.push(input);
        return law.step(settings, state, input);
      },
    },
    'adaptive',
  );
  return { settings: { ...prepared.settings, profile: 'adaptive' }, inputs };
}

/** A law that goes on for ever: the recorded charge again and again, with time that never stands. */
class Course {
  readonly #settings: ControlSettings;
  readonly #inputs: readonly ControlInput[];
  readonly #law = lawFor('adaptive');
  #state;
  #steps = 0;

  constructor({ settings, inputs }: ReturnType<typeof record>) {
    this.#settings = settings;
    this.#inputs = inputs;
    this.#state = this.#law.initial(settings);
  }

  /** Returns a sum over what was decided, so that nothing can be optimised away. */
  run(steps: number): number {
    let sum = 0;
    for (let step = 0; step < steps; step++) {
      const input = this.#inputs[this.#steps % this.#inputs.length];
      const { state, output } = this.#law.step(this.#settings, this.#state, { ...input, t: this.#steps });
      this.#state = state;
      this.#steps++;
      sum += output?.ccl ?? 0;
    }
    return sum;
  }
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
}

/** Medians of what one decision costs, microseconds: time of the processor, and time by the clock. */
function costUs(course: Course): { readonly processor: number; readonly clock: number } {
  course.run(WARM_UP);
  const batches = Array.from({ length: BATCHES }, () => {
    const [begun, used] = [performance.now(), process.cpuUsage()];
    course.run(BATCH);
    const { user, system } = process.cpuUsage(used);
    return { processor: (user + system) / BATCH, clock: ((performance.now() - begun) * 1000) / BATCH };
  });
  return {
    processor: median(batches.map(({ processor }) => processor)),
    clock: median(batches.map(({ clock }) => clock)),
  };
}

function growthKb(course: Course, collect: () => void): readonly number[] {
  const used = (): number => {
    collect();
    return process.memoryUsage().heapUsed / 1024;
  };
  course.run(WARM_UP);
  let before = used();
  return Array.from({ length: ROUNDS }, () => {
    course.run(ROUND);
    const now = used();
    const growth = now - before;
    before = now;
    return growth;
  });
}

function measure(collect: () => void): void {
  const recorded = record();
  const cells = recorded.inputs[0]?.reading?.cellVoltages?.length ?? 0;
  const course = new Course(recorded);
  const cost = costUs(course);
  const growth = growthKb(course, collect);
  const typical = median(growth);
  const marks: readonly (readonly [boolean, string])[] = [
    [
      cost.processor < COST_MARK_US,
      `one decision for ${cells} cells: ${cost.processor.toFixed(1)} microseconds (mark: below ${COST_MARK_US})`,
    ],
    [
      typical < GROWTH_MARK_KB,
      `heap after each ${ROUND} decisions: ${growth.map((kb) => `${kb >= 0 ? '+' : ''}${kb.toFixed(1)}`).join(', ')} kB (mark: median below +${GROWTH_MARK_KB})`,
    ],
  ];
  const lines = [
    `Node ${process.version}, ${availableParallelism()} cores; ${recorded.inputs.length} readings of a simulated charge, repeated`,
    `cost: median of ${BATCHES} batches of ${BATCH} decisions after ${WARM_UP} to warm up, in time of the processor,`,
    `  because other programs share it; by the clock the median is ${cost.clock.toFixed(1)} microseconds`,
    'heap: used heap after a forced collection, compared with that before the round',
    ...marks.map(([met, text]) => `${met ? 'ok  ' : 'MISS'} ${text}`),
    marks.every(([met]) => met) ? 'the decision step meets both marks' : 'the decision step misses a mark',
  ];
  process.stdout.write(`${lines.join('\n')}\n`);
  process.exitCode = marks.every(([met]) => met) ? 0 : 1;
}

const { gc } = globalThis;
if (gc !== undefined) measure(() => void gc());
else {
  const flags = ['--expose-gc', ...process.execArgv, ...process.argv.slice(1)];
  const { status } = spawnSync(process.execPath, flags, { stdio: 'inherit' });
  process.exitCode = status ?? 1;
}
