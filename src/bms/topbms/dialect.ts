import type { Dialect } from '../../protocol/ascii-dialect.ts';

/** Without INFOFLAG as documented; some firmware sends it, with version 52. */
export const TOPBMS: Dialect = {
  name: 'topbms',
  looks: [
    { at: 1, notVersions: [0x22], voltageUnits: ['10 mV', undefined], temperatureUnit: 'degC + 40' },
    { at: 2, versions: [0x52], voltageUnits: ['10 mV', undefined] },
  ],
};
