import { bundle } from '../../tools/bundle.ts';

/** Scenario tests run what an owner runs: the bundle, made from the sources under test. */
export async function setup(): Promise<void> {
  await bundle();
}
