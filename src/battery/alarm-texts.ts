import type { AlarmName } from '../model/alarms.ts';
import type { PackReading } from '../model/reading.ts';

/** A reading as it is believed, and as the BMS told it: an alarm may be about what is not believed yet. */
type Readings = readonly PackReading[];

/** What the log tells of an alarm. */
interface AlarmText {
  /** The value that it is about; undefined where the readings do not have it. */
  readonly value: (readings: Readings) => string | undefined;
  /** What the owner can do. */
  readonly todo: string;
}

type Extreme = 'lowest' | 'highest';
const extreme = (which: Extreme, values: readonly number[]): number =>
  which === 'lowest' ? Math.min(...values) : Math.max(...values);

const pack = ([{ voltage } = {}]: Readings): string | undefined =>
  voltage === undefined ? undefined : `pack ${voltage} V`;
const amps = ([{ current } = {}]: Readings): string | undefined =>
  current === undefined ? undefined : `${Math.abs(current)} A`;

function cell(which: Extreme): AlarmText['value'] {
  return (readings) => {
    const [{ cellVoltages = [] } = {}] = readings;
    if (cellVoltages.length === 0) return pack(readings);
    const volts = extreme(which, cellVoltages);
    const number = cellVoltages.indexOf(volts) + 1;
    return [`${which} cell ${volts.toFixed(3)} V (number ${number})`, pack(readings)].join(', ');
  };
}

function sensor(which: Extreme): AlarmText['value'] {
  return (readings) => {
    const all = readings.flatMap(({ temperatures = [] }) => temperatures);
    return all.length === 0
      ? undefined
      : `${which === 'lowest' ? 'coldest' : 'hottest'} sensor ${extreme(which, all)} degC`;
  };
}

function spread([{ cellVoltages = [] } = {}]: Readings): string | undefined {
  if (cellVoltages.length === 0) return undefined;
  const volts = extreme('highest', cellVoltages) - extreme('lowest', cellVoltages);
  return `${Math.round(1000 * volts)} mV between the cells`;
}

function switches([{ mosfetTemperature } = {}]: Readings): string | undefined {
  return mosfetTemperature === undefined ? undefined : `power switches ${mosfetTemperature} degC`;
}

function charge([{ soc } = {}]: Readings): string | undefined {
  return soc === undefined ? undefined : `state of charge ${soc} %`;
}

const untold = (): undefined => undefined;
const COOL = 'let the battery cool down and see to its ventilation';
const WARM = 'the battery has to warm up';
const MANUAL = 'see the manual of the BMS and have the battery looked at';

/** How the log tells each alarm; that of the cable is told with the silence behind it. */
export const ALARM_TEXTS: Readonly<Record<Exclude<AlarmName, 'bmsCable'>, AlarmText>> = {
  lowVoltage: { value: pack, todo: 'charge the battery' },
  highVoltage: { value: pack, todo: 'check what the chargers are set to' },
  lowCellVoltage: { value: cell('lowest'), todo: 'charge the battery' },
  highCellVoltage: { value: cell('highest'), todo: 'check what the chargers are set to' },
  lowSoc: { value: charge, todo: 'charge the battery' },
  highChargeCurrent: { value: amps, todo: 'check that the chargers follow the charge current limit' },
  highDischargeCurrent: { value: amps, todo: 'switch loads off' },
  cellImbalance: { value: spread, todo: 'the cells need balancing, or one of them is weak' },
  internalFailure: { value: untold, todo: MANUAL },
  highChargeTemperature: { value: sensor('highest'), todo: COOL },
  lowChargeTemperature: { value: sensor('lowest'), todo: WARM },
  highTemperature: { value: sensor('highest'), todo: COOL },
  lowTemperature: { value: sensor('lowest'), todo: WARM },
  highInternalTemperature: {
    value: switches,
    todo: 'lower the current and see to the ventilation of the BMS',
  },
  contactor: { value: untold, todo: MANUAL },
  shortCircuit: { value: untold, todo: 'switch everything off and look for the short circuit' },
};
