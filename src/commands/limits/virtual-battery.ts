import { lawFor } from '../../control/decide.ts';
import type { ControlOutput, ControlSettings, Step } from '../../control/law.ts';
import { bankOutput, type Member } from '../../control/limits/bank-limits.ts';
import type { LawState } from '../../control/memory/law-state.ts';
import type { Reading } from '../../model/reading.ts';

/** What one poll came to. */
export interface Answer {
  /** Absent until the first good sample. */
  readonly output?: ControlOutput;
  /** Why a reading was not believed. */
  readonly rejected?: string;
}

/**
 * The control of one battery in virtual time, without port and bus. A reading with `modules` is a bank: every pack has its
 * own law, and a pack that is not in a reading has failed its poll.
 */
export class VirtualBattery {
  readonly #settings: ControlSettings;
  readonly #packs = new Map<string, VirtualPack>();

  constructor(settings: ControlSettings) {
    this.#settings = settings;
  }

  /** One poll at `t` seconds; without a reading it has failed. */
  step(t: number, reading?: Reading): Answer {
    const readings = new Map<string, Reading>();
    if (reading?.modules !== undefined) {
      for (const { address, ...pack } of reading.modules) readings.set(`pack ${address}`, pack);
    } else if (reading !== undefined) readings.set('battery', reading);
    for (const name of readings.keys()) {
      if (!this.#packs.has(name)) this.#packs.set(name, new VirtualPack(name, this.#settings));
    }
    const rejected: string[] = [];
    for (const [name, pack] of this.#packs) {
      const why = pack.step(t, readings.get(name));
      if (why !== undefined) rejected.push(this.#packs.size > 1 ? `${name}: ${why}` : why);
    }
    const members = [...this.#packs.values()].flatMap(({ member }) => (member === undefined ? [] : [member]));
    const output = bankOutput(members);
    return {
      ...(output !== undefined && { output }),
      ...(rejected.length > 0 && { rejected: rejected.join('; ') }),
    };
  }
}

/** One pack with its law and what a bank wants to know of it. */
class VirtualPack {
  member: Member | undefined;
  readonly #name: string;
  readonly #settings: ControlSettings;
  #state: LawState;
  #facts: Reading = {};
  #fresh: Pick<ControlOutput, 'ccl' | 'dcl'> | undefined;

  constructor(name: string, settings: ControlSettings) {
    this.#name = name;
    this.#settings = settings;
    this.#state = lawFor(settings.profile).initial(settings);
  }

  /** Why the reading was not believed. */
  step(t: number, reading: Reading | undefined): string | undefined {
    const settings = this.#settings;
    const input = reading === undefined ? { t } : { t, reading };
    const { state, output, sample, rejected }: Step<LawState> = lawFor(settings.profile).step(
      settings,
      this.#state,
      input,
    );
    this.#state = state;
    if (sample !== undefined) this.#facts = sample;
    if (output?.freshness === 'fresh') this.#fresh = output;
    this.member = output === undefined ? undefined : this.#memberOf(output);
    return rejected;
  }

  #memberOf(output: ControlOutput): Member {
    const { capacityFull, capacityDesign, chargeEnabled, dischargeEnabled } = this.#facts;
    const capacity = capacityFull ?? capacityDesign;
    return {
      name: this.#name,
      output,
      ...(this.#fresh !== undefined && { lastFresh: this.#fresh }),
      ...(capacity !== undefined && { capacity }),
      chargeIsolated: chargeEnabled === false,
      dischargeIsolated: dischargeEnabled === false,
    };
  }
}
