import { describe, expect, it } from 'vitest';
import { ALARM_NAMES } from '../model/alarms.ts';
import { ALARM_TEXTS } from './alarm-texts.ts';

const READING = {
  voltage: 52.93,
  current: -203.5,
  soc: 7,
  cellVoltages: [3.31, 3.652, 3.2],
  temperatures: [24, 61],
  mosfetTemperature: 88,
};

describe('the text of an alarm', () => {
  it('stands for every alarm but that of the cable, and says what to do', () => {
    for (const name of ALARM_NAMES) if (name !== 'bmsCable') expect(ALARM_TEXTS[name].todo).not.toBe('');
  });

  it.each([
    ['highCellVoltage', 'highest cell 3.652 V (number 2), pack 52.93 V'],
    ['lowCellVoltage', 'lowest cell 3.200 V (number 3), pack 52.93 V'],
    ['highVoltage', 'pack 52.93 V'],
    ['lowSoc', 'state of charge 7 %'],
    ['highDischargeCurrent', '203.5 A'],
    ['cellImbalance', '452 mV between the cells'],
    ['highTemperature', 'hottest sensor 61 degC'],
    ['lowChargeTemperature', 'coldest sensor 24 degC'],
    ['highInternalTemperature', 'power switches 88 degC'],
  ] as const)('names the value behind %s', (name, text) => {
    expect(ALARM_TEXTS[name].value([READING, READING])).toBe(text);
  });

  it('names what the BMS tells where it is not believed yet', () => {
    const readings = [READING, { ...READING, temperatures: [24, 70] }];
    expect(ALARM_TEXTS.highTemperature.value(readings)).toBe('hottest sensor 70 degC');
  });

  it('names the pack where no cells are told, and nothing where nothing is', () => {
    expect(ALARM_TEXTS.highCellVoltage.value([{ voltage: 52.93 }])).toBe('pack 52.93 V');
    for (const name of ALARM_NAMES)
      if (name !== 'bmsCable') expect(ALARM_TEXTS[name].value([{}, {}])).toBeUndefined();
  });
});
