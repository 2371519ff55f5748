import { type ChildProcess, fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';

/** What a helper process can be asked for, by name. */
export type Methods = Readonly<Record<string, (...args: never[]) => unknown>>;

type Answer<Method> = Method extends (...args: never[]) => infer Result ? Awaited<Result> : never;
type Arguments<Method> = Method extends (...args: infer Args) => unknown ? Args : never;

interface Call {
  readonly id: number;
  readonly method: string;
  readonly args: readonly unknown[];
}
type Reply =
  | { readonly id: number; readonly result: unknown }
  | { readonly id: number; readonly error: string };

/** A process of its own beside the bench, so that neither its work nor ours disturbs what the other measures. */
export class Helper<M extends Methods> {
  readonly #child: ChildProcess;
  readonly #waiting = new Map<number, (reply: Reply) => void>();
  #calls = 0;

  /** `file` is a module of this folder that calls `answerCalls`. */
  constructor(file: `./${string}.ts`) {
    this.#child = fork(fileURLToPath(new URL(file, import.meta.url)), { stdio: 'inherit' });
    this.#child.on('message', (message) => {
      const reply = message as Reply; // the only sender is answerCalls
      this.#waiting.get(reply.id)?.(reply);
      this.#waiting.delete(reply.id);
    });
    this.#child.once('exit', (code) => {
      for (const [id, settle] of this.#waiting) settle({ id, error: `${file} ended with ${code}` });
      this.#waiting.clear();
    });
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  ask<Name extends keyof M & string>(method: Name, ...args: Arguments<M[Name]>): Promise<Answer<M[Name]>> {
    this.#calls += 1;
    const call: Call = { id: this.#calls, method, args };
    return new Promise((resolve, reject) => {
      this.#waiting.set(call.id, (reply) => {
        if ('error' in reply) reject(new Error(`${method}: ${reply.error}`));
        else resolve(reply.result as Answer<M[Name]>); // crossed a process border as JSON
      });
      this.#child.send(call);
    });
  }

  stop(): Promise<void> {
    return new Promise((resolve) => {
      if (this.#child.exitCode !== null || this.#child.signalCode !== null) return resolve();
      this.#child.once('exit', () => resolve());
      this.#child.disconnect();
    });
  }
}

/** The helper's side: answers until the bench is gone. */
export function answerCalls(methods: Methods): void {
  process.on('message', (message) => {
    const { id, method, args } = message as Call; // the only sender is Helper.ask
    const reply = (answer: Reply): void => void process.send?.(answer);
    Promise.resolve()
      .then(() => methods[method]?.(...(args as never[]))) // typed at the sender's side
      .then(
        (result) => reply({ id, result }),
        (error: unknown) => reply({ id, error: error instanceof Error ? error.message : String(error) }),
      );
  });
  process.once('disconnect', () => process.exit(0));
}
