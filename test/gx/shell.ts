import { execFile } from 'node:child_process';

export interface Outcome {
  readonly code: number;
  /** Both streams, as a terminal would show them. */
  readonly output: string;
}

/** Runs a program to its end, whatever its end is. */
export function execute(
  program: string,
  args: readonly string[],
  env: NodeJS.ProcessEnv = process.env,
): Promise<Outcome> {
  return new Promise((resolve, reject) => {
    execFile(program, [...args], { env, maxBuffer: 64 << 20 }, (error, stdout, stderr) => {
      if (error !== null && typeof error.code === 'string') return reject(error);
      const code = error === null ? 0 : (error.code ?? 137);
      resolve({ code: Number(code), output: `${stdout}${stderr}` });
    });
  });
}

/** Runs a program that must succeed. */
export async function must(program: string, ...args: string[]): Promise<string> {
  const { code, output } = await execute(program, args);
  if (code !== 0) throw new Error(`${program} ${args.join(' ')}: exit ${code}: ${output.trim()}`);
  return output;
}

/** Asks until there is an answer; rejects with what was waited for when time is up. */
export async function until<T>(
  what: string,
  seconds: number,
  ask: () => T | undefined | Promise<T | undefined>,
): Promise<T> {
  const end = Date.now() + seconds * 1000;
  for (;;) {
    const answer = await ask();
    if (answer !== undefined && answer !== false) return answer;
    if (Date.now() > end) throw new Error(`waited ${seconds} s in vain: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}
