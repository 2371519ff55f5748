/** One named test; the text that it returns is printed beside its name. */
export interface GxTest {
  readonly name: string;
  run(): Promise<unknown>;
}

/** Runs tests in their order, one line for each, and closes with a line that scripts can read; true if none failed. */
export async function runTests(tests: readonly GxTest[]): Promise<boolean> {
  let passed = 0;
  let failed = 0;
  for (const { name, run } of tests) {
    const begin = Date.now();
    try {
      const note = await run();
      passed += 1;
      const seconds = ((Date.now() - begin) / 1000).toFixed(1);
      console.log(`ok      ${name} (${seconds} s)${typeof note === 'string' ? `: ${note}` : ''}`);
    } catch (error) {
      failed += 1;
      const reason = shortened(error instanceof Error ? error.message : String(error));
      console.log(`FAILED  ${name}\n        ${reason.replaceAll('\n', '\n        ')}`);
    }
  }
  console.log(`${passed} passed, ${failed} failed`);
  return failed === 0;
}

/** A program that went mad may have said a thousand pages. */
function shortened(text: string): string {
  return text.length <= 6000 ? text : `${text.slice(0, 3000)}\n ...\n${text.slice(-3000)}`;
}

export function expect(condition: boolean, what: string): asserts condition {
  if (!condition) throw new Error(what);
}

export function expectText(text: string, pattern: RegExp): void {
  if (!pattern.test(text)) throw new Error(`expected ${pattern} in:\n${text.trim()}`);
}
