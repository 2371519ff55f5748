import { describe, expect, it } from 'vitest';
import { controlSettings } from '../settings/control.ts';
import { parseSettings } from '../settings/file.ts';
import { lawFor } from './decide.ts';
import { Bench, pack, SETTINGS } from './fixtures.ts';

const CALM = 3.3;

describe('a configuration that contradicts itself', () => {
  it.each<[string, string]>([
    ['a float voltage above the absorption voltage', 'absorbCellVoltage = 3.4\nfloatCellVoltage = 3.5'],
    ['a voltage that would harm the cells', 'absorbCellVoltage = 4.1'],
    ['an empty cell above float', 'minCellVoltage = 3.6'],
    ['a value of the wrong kind', 'maxChargeCurrent = "much"'],
    ['two values for one setting', 'maxChargeCurrent = 100\nmaxChargeCurrent = 200'],
  ])('%s leaves 0.1 C and float, with error 119, a notice and the reason', (_, lines) => {
    const port = parseSettings(`[charge]\n${lines}\n`, 'test.toml').forPort('ttyUSB0');
    const bench = new Bench(lawFor('adaptive'), controlSettings(port, { limits: 'operating' }));
    const first = bench.step({ reading: pack(CALM) });
    expect(first.notices.join()).toContain('until the configuration is right');
    const output = bench.run(pack(CALM), 200);
    expect(output.errorCode).toBe(119);
    expect(output.ccl).toBeLessThanOrEqual(28);
    expect(output.cvl).toBeLessThanOrEqual(53.6);
    if (output.ccl === 28)
      expect(output.chargeReason).toBe('Charge limited to 28 A: the configuration holds errors');
  });

  it('a chemistry that the cells contradict blocks, with error 119 and what to do', () => {
    const bench = new Bench(lawFor('adaptive'), { ...SETTINGS, chemistry: 'lfp' });
    expect(bench.run(pack(3.9), 5)).toMatchObject({
      ccl: 0,
      dcl: 0,
      errorCode: 119,
      chargeReason: 'No charge: cells at 3.90 V cannot be lfp: set battery.chemistry',
    });
  });
});
