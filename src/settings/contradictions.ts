import { CELL_LIMITS, type Chemistry } from '../model/chemistry.ts';
import type { SettingName, Settings } from './table.ts';

/** Settings that cannot be true together, and what is wrong in plain words. */
export interface Contradiction {
  readonly keys: readonly SettingName[];
  readonly text: string;
}

/** How far a hard voltage of the chemistry may be exceeded by an owner who knows better, V per cell. */
const LEEWAY = 0.05;
/** Most compensation of cable losses, V per cell. */
const MOST_DROP = 0.5 / 16;

/**
 * Settings in which nothing contradicts anything, for cells of this chemistry. What contradicts falls back to the preset
 * of the chemistry, or to a stricter value that is left.
 */
export function reconcile(
  settings: Settings,
  chemistry: Chemistry,
): { readonly settings: Settings; readonly contradictions: readonly Contradiction[] } {
  const preset = CELL_LIMITS[chemistry];
  const contradictions: Contradiction[] = [];
  const object = (keys: readonly SettingName[], text: string): void => {
    contradictions.push({ keys, text });
  };
  let { absorbCellVoltage, floatCellVoltage, minCellVoltage, voltageDrop } = settings;
  const { cellCount } = settings;
  const cells = `${chemistry} cells`;
  const unsure = settings.chemistry === 'auto' ? '; for other cells state battery.chemistry' : '';

  if (absorbCellVoltage !== undefined && absorbCellVoltage > preset.hardMax + LEEWAY) {
    const most = (preset.hardMax + LEEWAY).toFixed(2);
    object(['absorbCellVoltage'], `${absorbCellVoltage} V would harm ${cells}, at most ${most} V${unsure}`);
    absorbCellVoltage = undefined;
  } else if (absorbCellVoltage !== undefined && absorbCellVoltage < preset.floor) {
    object(
      ['absorbCellVoltage'],
      `${absorbCellVoltage} V would drain ${cells}, at least ${preset.floor} V${unsure}`,
    );
    absorbCellVoltage = undefined;
  }
  const absorb = absorbCellVoltage ?? preset.absorb;

  if (floatCellVoltage !== undefined && floatCellVoltage > absorb) {
    object(
      ['floatCellVoltage', 'absorbCellVoltage'],
      `a float voltage of ${floatCellVoltage} V is above the absorption voltage of ${absorb} V${unsure}`,
    );
    floatCellVoltage = undefined;
  } else if (floatCellVoltage !== undefined && floatCellVoltage < preset.floor) {
    object(
      ['floatCellVoltage'],
      `${floatCellVoltage} V would drain ${cells}, at least ${preset.floor} V${unsure}`,
    );
    floatCellVoltage = undefined;
  }
  // An absorption voltage below the preset's float is a careful owner, no contradiction: float follows it down.
  if (floatCellVoltage === undefined && preset.float > absorb) floatCellVoltage = absorb;
  const float = floatCellVoltage ?? preset.float;

  if (minCellVoltage !== undefined && minCellVoltage >= float) {
    object(
      ['minCellVoltage', 'floatCellVoltage'],
      `an empty cell at ${minCellVoltage} V is not below the float voltage of ${float} V${unsure}`,
    );
    minCellVoltage = undefined;
  } else if (minCellVoltage !== undefined && minCellVoltage < preset.hardMin - LEEWAY) {
    const least = (preset.hardMin - LEEWAY).toFixed(2);
    object(['minCellVoltage'], `${minCellVoltage} V would harm ${cells}, at least ${least} V${unsure}`);
    minCellVoltage = undefined;
  }
  if (cellCount !== undefined && voltageDrop > cellCount * MOST_DROP + 1e-9) {
    const most = (cellCount * MOST_DROP).toFixed(2);
    object(
      ['voltageDrop', 'cellCount'],
      `${voltageDrop} V is too much for ${cellCount} cells, at most ${most} V`,
    );
    voltageDrop = 0;
  }
  const { absorbCellVoltage: _absorb, floatCellVoltage: _float, minCellVoltage: _min, ...others } = settings;
  return {
    settings: {
      ...others,
      voltageDrop,
      ...(absorbCellVoltage !== undefined && { absorbCellVoltage }),
      ...(floatCellVoltage !== undefined && { floatCellVoltage }),
      ...(minCellVoltage !== undefined && { minCellVoltage }),
    },
    contradictions,
  };
}
