import { plainName } from './nearest.ts';
import type { InForce, SettingsFile } from './resolve.ts';
import type { Section } from './section.ts';

/** One battery out of several services: each bank has a section of its own. */
export const BANK = {
  name: 'bank',
  isList: true,
  title: 'A bank of batteries',
  help: 'Several batteries in parallel that chargers see as one; `dbus-bms bank` is the service for it.',
  settings: [
    {
      key: 'bank.name',
      type: 'text',
      min: 1,
      max: 20,
      isNeeded: true,
      otherwise: 'none',
      help: 'Name of the bank in the name of its service: letters, digits and underscores.',
    },
    {
      key: 'bank.members',
      type: 'texts',
      min: 1,
      max: 80,
      isNeeded: true,
      otherwise: 'none',
      help: 'Two or more batteries, each by its port ("ttyUSB0"), its serial number or its number ("instance 3").',
    },
    {
      key: 'bank.deviceInstance',
      type: 'integer',
      min: 0,
      max: 65535,
      otherwise: 'assigned by Venus OS',
      help: 'Device instance of the bank on the GX device and in VRM.',
    },
    {
      key: 'bank.customName',
      type: 'text',
      min: 1,
      max: 32,
      otherwise: 'the name of the bank',
      help: 'Name of the bank on the display.',
    },
  ],
} as const satisfies Section;

/** One bank as its owner wrote it. */
export interface BankSettings {
  /** "house"; its service is "com.victronenergy.battery.house". */
  readonly name: string;
  /** Port or service, serial number, or "instance 3". */
  readonly members: readonly string[];
  readonly deviceInstance?: number;
  readonly customName?: string;
}

/** A bank that is refused, and why. */
export interface RefusedBank {
  readonly line: number;
  /** `bank[2].members`. */
  readonly key: string;
  readonly text: string;
}

export interface Banks {
  readonly banks: readonly BankSettings[];
  readonly refused: readonly RefusedBank[];
}

/**
 * The banks of a settings file. One that cannot be is refused as a whole, so that its batteries go on steering by themselves:
 * the service of the bank and those of its members read the same file and come to the same result.
 */
export function banksOf(file: Pick<SettingsFile, 'list'>): Banks {
  const all = file.list(BANK);
  const refused = all.flatMap((bank) => faultOf(bank, all));
  const places = new Set(refused.map(({ key }) => key.split('.')[0]));
  return { banks: all.filter(({ place }) => !places.has(place)).map(({ values }) => values), refused };
}

function faultOf(bank: InForce<typeof BANK>, all: readonly InForce<typeof BANK>[]): RefusedBank[] {
  const { line, place, values } = bank;
  const fault = (setting: string, text: string): RefusedBank[] => [
    { line, key: `${place}.${setting}`, text: `${text}; until then this bank is not used` },
  ];
  const { name, members } = values;
  if (!/^[A-Za-z]\w*$/.test(name))
    return fault('name', `"${name}" is no name: a letter first, then letters, digits and underscores`);
  const others = all.filter((other) => other !== bank);
  if (others.some((other) => plainName(other.values.name) === plainName(name)))
    return fault('name', `"${name}" is the name of two banks`);
  if (members.length < 2) return fault('members', 'a bank needs two batteries at least');
  const names = new Map(all.map((other) => [other.values.name, other]));
  for (const [index, member] of members.entries()) {
    const whole = names.get(memberName(member));
    if (whole === bank)
      return fault('members', `names the bank "${name}" itself: a bank cannot be its own member`);
    if (whole !== undefined)
      return fault('members', `names the bank "${member}": a bank has batteries as members`);
    if (members.slice(0, index).some((before) => memberName(before) === memberName(member)))
      return fault('members', `names ${member} twice`);
    const rival = others.find((other) =>
      other.values.members.some((theirs) => memberName(theirs) === memberName(member)),
    );
    if (rival !== undefined)
      return fault('members', `${member} is a member of "${rival.values.name}" too: a battery has one bank`);
  }
  return [];
}

/** A member without what may stand before its name: "ttyUSB0" for "/dev/ttyUSB0" and for the name of its service. */
function memberName(member: string): string {
  return member.trim().replace(/^(\/dev\/|com\.victronenergy\.battery\.)/, '');
}
