import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { StateFile } from '../../app/state-file.ts';
import { lawFor } from '../decide.ts';
import { Bench, pack, SETTINGS } from '../fixtures.ts';
import { initialState } from './law-state.ts';
import { restore, snapshot } from './snapshot.ts';

const CALM = 3.3;

describe('what is remembered', () => {
  const SAVED_AT = Date.UTC(2026, 5, 1);
  let folder: string;
  let warnings: string[];

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'dbus-bms-bad-state-'));
    warnings = [];
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  /** What the law begins with when the file of the port holds this text, `ageMs` after it was written. */
  async function beginWith(content: string, ageMs: number) {
    writeFileSync(join(folder, 'port.json'), content);
    const log = {
      error() {},
      warn: (text: string) => void warnings.push(text),
      info() {},
      debug() {},
      debugging: false,
    };
    const file = new StateFile(folder, 'port', log);
    await file.load();
    const remembered = file.ofBattery(1, SAVED_AT + ageMs);
    return restore(SETTINGS, remembered?.control, remembered?.ageSeconds ?? 0, pack(CALM));
  }

  const written = (): string => {
    const bench = new Bench(lawFor('adaptive'), SETTINGS);
    bench.run(pack(2.79, { soc: 3 }), 3);
    return JSON.stringify({ savedAt: SAVED_AT, control: { 1: { control: snapshot(bench.state) } } });
  };

  it('counts when it is whole and recent', async () => {
    expect((await beginWith(written(), 5000)).hard.low.latched).toBe(true);
  });

  it('is ignored when it comes from the future', async () => {
    expect(await beginWith(written(), -1)).toEqual(initialState());
  });

  it('is ignored when it is cut off, and that is told once', async () => {
    const text = written();
    for (let end = 1; end < text.length; end += 7) {
      warnings = [];
      expect(await beginWith(text.slice(0, end), 5000)).toEqual(initialState());
      expect(warnings).toHaveLength(1);
    }
  });

  it('never begins with a current, whatever it holds', async () => {
    const wild = {
      version: 1,
      count: 16,
      phase: 'float',
      cvl: 1e9,
      drawn: 'x',
      emptyShare: -1,
      counted: null,
    };
    const state = await beginWith(
      JSON.stringify({ savedAt: SAVED_AT, control: { 1: { control: wild } } }),
      5000,
    );
    const { output } = lawFor('adaptive').step(SETTINGS, state, { t: 0, reading: pack(CALM) });
    expect(output).toMatchObject({ ccl: 0, allowToCharge: false });
    expect(output?.cvl).toBeLessThanOrEqual(55.2);
  });
});
