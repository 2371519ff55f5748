import type { Dialect } from '../protocol/ascii-dialect.ts';
import { DAREN } from './daren/dialect.ts';
import { EG4_LIFEPOWER4 } from './eg4-lifepower4/dialect.ts';
import { PACE } from './pace/dialect.ts';
import { PYLON_CLONE, PYLONTECH } from './pylontech/dialect.ts';
import { SEPLOS_V2 } from './seplos/v2/dialect.ts';
import { TOPBMS } from './topbms/dialect.ts';

const TDT_CLASS = 0x4f;

/**
 * Everybody who is known to speak the ASCII frame: those with a driver, and those without, whose replies must not be taken for
 * another's. A driver adds its own line. At most one of them takes a reply.
 */
export const ASCII_DIALECTS: readonly Dialect[] = [
  PYLONTECH,
  PYLON_CLONE,
  PACE,
  TOPBMS,
  {
    name: 'topband',
    looks: [{ at: 1, notVersions: [0x22], voltageUnits: ['10 mV', undefined], temperatureUnit: '0.1 K' }],
  },
  SEPLOS_V2,
  { name: 'boqiang', looks: [{ at: 2, versions: [0x26] }] },
  DAREN,
  EG4_LIFEPOWER4,
  { name: 'tdt', looks: [{ at: 2, cid1: TDT_CLASS }] },
  { name: 'cbt-vb', looks: [{ at: 0, versions: [0x22] }] },
];
