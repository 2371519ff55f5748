import type { BmsDriver } from '../bms/driver.ts';
import type { ControlSettings } from '../control/law.ts';
import type { Chemistry } from '../model/chemistry.ts';
import { reconcile } from './contradictions.ts';
import type { PortSettings } from './resolve.ts';
import type { Settings } from './table.ts';

/** The chemistry that counts: the owner's choice, else what the BMS type fixes, else LiFePO4. */
export function chemistryOf(settings: Settings, driver: Pick<BmsDriver, 'chemistry'>): Chemistry {
  return settings.chemistry === 'auto' ? (driver.chemistry ?? 'lfp') : settings.chemistry;
}

/**
 * What the control law needs of the settings of one port and of the BMS that was found there. When the BMS type brings
 * another chemistry than the file was checked for, contradictions with it count as errors too.
 */
export function controlSettings(
  port: Pick<PortSettings, 'settings' | 'configError'>,
  driver: Pick<BmsDriver, 'chemistry' | 'limits'>,
): ControlSettings {
  const chemistry = chemistryOf(port.settings, driver);
  const { settings, contradictions } = reconcile(port.settings, chemistry);
  const { cellCount, capacity, maxChargeCurrent, maxDischargeCurrent, temperatureTable } = settings;
  const { absorbCellVoltage, floatCellVoltage, minCellVoltage } = settings;
  const configError = port.configError ?? contradictions[0]?.text;
  return {
    profile: settings.profile,
    chemistry,
    ...(cellCount !== undefined && { cellCount }),
    ...(capacity !== undefined && { capacity }),
    ...(maxChargeCurrent !== undefined && { maxChargeCurrent }),
    ...(maxDischargeCurrent !== undefined && { maxDischargeCurrent }),
    ...(absorbCellVoltage !== undefined && { absorbCellVoltage }),
    ...(floatCellVoltage !== undefined && { floatCellVoltage }),
    ...(minCellVoltage !== undefined && { minCellVoltage }),
    ...(temperatureTable !== undefined && { temperatureTable }),
    rebulkSoc: settings.rebulkSoc,
    fullChargeDays: settings.fullChargeDays,
    // The higher voltage of a top balance is for a configuration that is right.
    topBalanceDays: configError === undefined ? settings.topBalanceDays : 0,
    dailySocMax: settings.dailySocMax,
    socSource: settings.socSource,
    voltageDrop: settings.voltageDrop,
    blockOnDisconnect: settings.blockOnDisconnect,
    graceMinutes: settings.graceMinutes,
    honourBmsLimits: settings.honourBmsLimits,
    bmsLimits: driver.limits,
    invertCurrent: settings.invertCurrent,
    ...(configError !== undefined && { configError }),
  };
}
