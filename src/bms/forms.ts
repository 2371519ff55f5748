import { BmsError, RefusedError } from '../errors.ts';
import type { Exchange } from '../transport/exchange.ts';

/** What was answered over one connection: the form by question, and the form that each battery answered last. */
interface Answered<F> {
  readonly byQuestion: Map<string, F>;
  readonly byBattery: Map<number, F>;
}

/** One question to one battery, in the forms that devices are known to want, the usual one first. */
export interface Question<F> {
  readonly battery: number;
  readonly name: string;
  readonly forms: readonly F[];
  /** Requests to spend while a form is known; while none is, at least every form has its turn. */
  readonly tries: number;
}

/**
 * Requests of one meaning that devices of one type want in different forms. Where one form meets silence or a refusal the others
 * are tried, and what was answered comes first from then on, for each question by itself. The memory ends with the connection.
 */
export class Forms<F> {
  readonly #answered = new WeakMap<Exchange, Answered<F>>();

  /** The form that this battery answered last over this connection. */
  known(link: Exchange, battery: number): F | undefined {
    return this.#of(link).byBattery.get(battery);
  }

  /** Asks until a form is answered. Rejects with the last error when none is, and then forgets the form of this question. */
  async ask<T>(link: Exchange, question: Question<F>, attempt: (form: F) => Promise<T>): Promise<T> {
    const { byBattery, byQuestion } = this.#of(link);
    const key = `${question.battery} ${question.name}`;
    const refused = new Set<F>();
    let failure: unknown;
    for (const form of turns(question, byQuestion.get(key), byBattery.get(question.battery))) {
      if (refused.has(form)) continue;
      try {
        const answer = await attempt(form);
        byQuestion.set(key, form);
        byBattery.set(question.battery, form);
        return answer;
      } catch (error) {
        if (error instanceof RefusedError) refused.add(form);
        else if (!(error instanceof BmsError && error.retryable)) throw error;
        failure = error;
      }
    }
    byQuestion.delete(key);
    throw failure;
  }

  #of(link: Exchange): Answered<F> {
    const answered = this.#answered.get(link) ?? { byQuestion: new Map(), byBattery: new Map() };
    this.#answered.set(link, answered);
    return answered;
  }
}

/**
 * The forms in the order of asking: only the known one, because what is lost on the line is not lost by its form. Without a
 * known one: that of the other questions to this battery, then every form, from the beginning again while tries are left.
 */
function turns<F>({ forms, tries }: Question<F>, known: F | undefined, usual: F | undefined): readonly F[] {
  if (known !== undefined) return new Array<F>(tries).fill(known);
  const all = [...forms.filter((form) => form === usual), ...forms.filter((form) => form !== usual)];
  return Array.from({ length: Math.max(tries, all.length) }, (_, turn) => all[turn % all.length]).filter(
    (form) => form !== undefined,
  );
}
