import { BmsError, RefusedError } from '../errors.ts';
import type { Form } from './query-plan.ts';

/** One question in the forms that devices are known to want, the usual one first. */
export interface Question {
  /** The question as one and the same object each time. */
  readonly of: object;
  readonly forms: readonly Form[];
  /** Requests to spend while a form is known; while none is, at least every form has its turn. */
  readonly tries: number;
}

/**
 * Requests of one meaning that devices of one type want in different forms. Where one form meets silence or a refusal the others
 * are tried, and what was answered comes first from then on, for each question by itself.
 */
export class Forms {
  readonly #byQuestion = new Map<object, string>();
  #usual: string | undefined;

  /** The form that this battery answered last. */
  get usual(): string | undefined {
    return this.#usual;
  }

  /** Asks until a form is answered. Rejects with the last error when none is, and then forgets the form of this question. */
  async ask<T>(question: Question, attempt: (form: Form, tries: number) => Promise<T>): Promise<T> {
    const refused = new Set<string>();
    let failure: unknown;
    for (const { form, tries } of turns(question, this.#byQuestion.get(question.of), this.#usual)) {
      if (refused.has(form.id)) continue;
      try {
        const answer = await attempt(form, tries);
        this.#byQuestion.set(question.of, form.id);
        this.#usual = form.id;
        return answer;
      } catch (error) {
        if (error instanceof RefusedError) refused.add(form.id);
        else if (!(error instanceof BmsError && error.retryable)) throw error;
        failure = error;
      }
    }
    this.#byQuestion.delete(question.of);
    throw failure;
  }
}

/** A form, and how often it is asked in one go: the line paces the tries of one request by the answers of late. */
interface Turn {
  readonly form: Form;
  readonly tries: number;
}

/**
 * The forms in the order of asking: only the known one, because what is lost on the line is not lost by its form. Without a
 * known one: that of the other questions to this battery, then every form, from the beginning again while tries are left.
 */
function turns(
  { forms, tries }: Question,
  known: string | undefined,
  usual: string | undefined,
): readonly Turn[] {
  const certain = forms.find(({ id }) => id === known);
  if (certain !== undefined) return [{ form: certain, tries }];
  const all = [...forms.filter(({ id }) => id === usual), ...forms.filter(({ id }) => id !== usual)];
  return Array.from({ length: Math.max(tries, all.length) }, (_, turn) => all[turn % all.length]).flatMap(
    (form) => (form === undefined ? [] : [{ form, tries: 1 }]),
  );
}
