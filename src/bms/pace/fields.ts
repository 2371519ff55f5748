import type { AlarmBit, Field, Scaling } from '../../protocol/fields.ts';

/**
 * PACE boards, protocol 25: RS232 2018-07-05, RS485 2018-06-15 and RS232 V3.1 (2024). More than sixty captured frames of
 * eight brands confirm everything but single alarm bits.
 */
export const VERSION = 0x25;

export const COMMAND = {
  analog: 0x42,
  alarms: 0x44,
  packCount: 0x90,
  chargeFet: 0x9a,
  dischargeFet: 0x9b,
  fullCharge: 0xaf,
  version: 0xc1,
  serialNumber: 0xc2,
  packUnderVoltage: 0xd7,
  chargeOverCurrent: 0xd9,
  dischargeOverCurrent: 0xdb,
} as const;

export const CELL: Scaling = { type: 'u16be', scale: 0.001 };
/** The vendor's examples count from 273.0 K. */
export const TEMPERATURE: Scaling = { type: 'u16be', offset: -2730, scale: 0.1, absent: [0, 0x8000] };
/** From six sensors on: four between the cells, then MOSFET, ambient, and whatever else the board has. */
export const CELL_SENSORS = 4;

/** After the rows of cells and temperatures. */
export const AFTER_ROWS = [
  { key: 'current', at: 0, type: 's16be', scale: 0.01 },
  { key: 'voltage', at: 2, type: 'u16be', scale: 0.001 },
  { key: 'capacityRemaining', at: 4, type: 'u16be', scale: 0.01 },
  { key: 'capacityFull', at: 7, type: 'u16be', scale: 0.01 },
  { key: 'cycles', at: 9, type: 'u16be' },
  { key: 'capacityDesign', at: 11, type: 'u16be', scale: 0.01, absent: [0] },
] as const satisfies readonly Field[];
/** The count of user items says nothing about the length. */
export const ITEMS_AT = 6;
export const ITEMS = 3;
export const AFTER_ROWS_LENGTH = 13;

/** Lengths of the tail behind it that firmware is known to send; slaves often give a SoH of 0. */
export const TAIL_LENGTHS = [0, 1, 10, 14, 22] as const;
export const TAIL = [
  { key: 'soc', at: 0, type: 'u8', min: 0, max: 100, optional: true },
  { key: 'soh', at: 9, type: 'u8', min: 1, max: 100, optional: true },
] as const satisfies readonly Field[];
/** The tail of simulated packs, as most current firmware. */
export const TAIL_LENGTH = 10;

/** Alarm reply after the rows: three state bytes, then these, then a tail that depends on the firmware. */
export const STATUS = {
  protections: 3,
  indication: 5,
  fault: 7,
  balance: 8,
  warnings: 10,
  tail: 12,
} as const;
/** Of the tail: bytes 14 and 15 repeat the balance bits for boards with active balancers. */
export const ACTIVE_BALANCE_AT = 14;

/** The indication byte: FETs as they are, which is not what the control byte wants them to be. */
export const INDICATION = [
  { key: 'chargeEnabled', at: 0, type: 'flag', of: 'u8', bit: 1 },
  { key: 'dischargeEnabled', at: 0, type: 'flag', of: 'u8', bit: 2 },
] as const satisfies readonly Field[];
/** Of the indication byte: the charger is connected the wrong way round. */
export const INDICATION_ALARMS: readonly AlarmBit[] = [{ bit: 4, alarm: 'internalFailure', level: 2 }];
export const FAULTS: readonly AlarmBit[] = [
  { bit: 0, alarm: 'contactor', level: 2 },
  { bit: 1, alarm: 'contactor', level: 2 },
  { bit: 2, alarm: 'internalFailure', level: 2 },
  { bit: 3, alarm: 'internalFailure', level: 2 },
  { bit: 4, alarm: 'internalFailure', level: 2 },
  { bit: 5, alarm: 'internalFailure', level: 2 },
];
/** First byte of a tail of two or more; alone it is the number of an inverter protocol. */
export const LATE_FAULTS: readonly AlarmBit[] = [
  { bit: 0, alarm: 'internalFailure', level: 1 },
  { bit: 1, alarm: 'internalFailure', level: 1 },
  { bit: 2, alarm: 'internalFailure', level: 1 },
  { bit: 3, alarm: 'contactor', level: 2 },
  { bit: 4, alarm: 'contactor', level: 2 },
  { bit: 5, alarm: 'internalFailure', level: 1 },
  { bit: 7, alarm: 'internalFailure', level: 1 },
];

/** Thresholds from which limits follow, by the command that reads them: those of the warnings, below the trip points. */
export const LIMITS: ReadonlyMap<number, readonly Field[]> = new Map<number, readonly Field[]>([
  [COMMAND.fullCharge, [{ key: 'maxChargeVoltage', at: 0, type: 'u16be', scale: 0.001, absent: [0] }]],
  [
    COMMAND.packUnderVoltage,
    [{ key: 'minDischargeVoltage', at: 1, type: 'u16be', scale: 0.001, absent: [0] }],
  ],
  [COMMAND.chargeOverCurrent, [{ key: 'maxChargeCurrent', at: 1, type: 's16be', absent: [0] }]],
  [COMMAND.dischargeOverCurrent, [{ key: 'maxDischargeCurrent', at: 1, type: 's16be', absent: [0] }]],
]);
/** Length of those replies. */
export const LIMITS_LENGTH: ReadonlyMap<number, number> = new Map([
  [COMMAND.fullCharge, 5],
  [COMMAND.packUnderVoltage, 8],
  [COMMAND.chargeOverCurrent, 6],
  [COMMAND.dischargeOverCurrent, 6],
]);

/** C2 has two halves of this length: mostly the number of the BMS, then that of the pack or a build date. */
export const PRODUCT_HALF = 20;
/** Replies to C1 and C2, blank padded; of C2 as most boards fill it. */
export const FACTS: ReadonlyMap<number, readonly Field[]> = new Map<number, readonly Field[]>([
  [COMMAND.version, [{ key: 'firmwareVersion', at: 0, type: 'text', length: 20 }]],
  [COMMAND.serialNumber, [{ key: 'serialNumber', at: 0, type: 'text', length: 20 }]],
]);
export const FACTS_LENGTH: ReadonlyMap<number, number> = new Map([
  [COMMAND.version, 20],
  [COMMAND.serialNumber, 40],
]);

/** Length of every reply whose length is fixed. */
export const LENGTHS: ReadonlyMap<number, number> = new Map([...LIMITS_LENGTH, ...FACTS_LENGTH]);
/** Of the replies to D9 and DB, which are of one length: the threshold of the warning, whose sign tells them apart. */
export const CURRENT_THRESHOLD_AT = 1;
