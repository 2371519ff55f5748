import { BANK } from './bank.ts';
import { BLUETOOTH } from './bluetooth.ts';
import { BRIDGE } from './bridge.ts';
import type { Section } from './section.ts';

/** The sections of the settings file that are not about one battery on a cable, in the order of the page of settings. */
export const OWN_SECTIONS: readonly Section[] = [BLUETOOTH, BANK, BRIDGE];
