import type { BankReading, PackReading } from '../../model/reading.ts';
import type { Responder } from '../driver.ts';
import { registerResponder } from '../register-responder.ts';
import {
  BALANCER,
  BALANCING_ABOVE,
  CELL,
  CHARGE,
  CLOSED,
  CURRENTS,
  DEVICE,
  FIRST_MODULE,
  IDENTITY,
  METER,
  METER_MAP,
  METERS,
  MODULE,
  MOST_CELLS,
  SERIAL,
  SETTINGS,
  STATE,
  TEMPERATURES,
  VALUES,
} from './fields.ts';

/** A number that means a way is closed for a reason that this list does not have. */
const ANOTHER_REASON = 9;
const FULL_LOAD = 100;

const meter = registerResponder({
  maps: { 3: METER_MAP },
  blocks: [...VALUES, STATE, TEMPERATURES, ...IDENTITY, SETTINGS],
  addresses: [METER],
  usual: METER,
  also: (put, pack) => {
    const { alarms = {}, maxChargeCurrent = 0, maxDischargeCurrent = 0, soc = 0 } = pack;
    const thousandths = Math.round(1000 * soc);
    put(DEVICE, METERS[0] ?? 0);
    put(SERIAL, Number(pack.serialNumber?.replaceAll(/\D/g, '')));
    for (const [index, word] of CHARGE.entries())
      put(word, Math.floor(thousandths / 0x10000 ** index) % 0x10000);
    // Out first.
    for (const [index, word] of CURRENTS.entries())
      put(word, index === 0 ? -maxDischargeCurrent : maxChargeCurrent);
    for (const { key, reasons, ...word } of CLOSED) {
      const reason = reasons.find(({ alarm }) => (alarms[alarm] ?? 0) > 0)?.code;
      put(word, reason ?? (pack[key] === false ? ANOTHER_REASON : 0));
    }
  },
});

/** One module, its cell as the voltage of its own battery. */
const modules = registerResponder({
  maps: { 3: { fields: [{ key: 'voltage', ...CELL }] } },
  blocks: [MODULE],
  addresses: Array.from({ length: MOST_CELLS }, (_, index) => FIRST_MODULE + index),
  usual: FIRST_MODULE,
  also: (put, { balancing }) => put(BALANCER, balancing ? FULL_LOAD : BALANCING_ABOVE),
});

const modulesOf = ({ cellVoltages = [], cellBalancing = [] }: PackReading): BankReading => ({
  modules: cellVoltages.map((voltage, index) => ({
    address: FIRST_MODULE + index,
    voltage,
    balancing: cellBalancing[index] === true,
  })),
});

/** The meter with a module for each cell behind it. */
export const responder: Responder = {
  accept: (received) => (received[0] === METER ? meter : modules).accept(received),
  reply: (request, battery) =>
    request[0] === METER ? meter.reply(request, battery) : modules.reply(request, modulesOf(battery)),
};
