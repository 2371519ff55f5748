/** A bank as its owner wrote it. */
export interface BankPlan {
  readonly name: string;
  /** Each names a battery: its port or service, its serial number, or "instance 3". */
  readonly members: readonly string[];
  readonly deviceInstance?: number;
  readonly customName?: string;
}

/** What a battery may be named by. */
export interface Candidate {
  /** Last part of the name of its service: "ttyUSB0". */
  readonly place: string;
  readonly serial?: string;
  readonly instance?: number;
}

/** Whether `member` of a plan names this battery. */
export function isNamed(member: string, { instance, place, serial }: Candidate): boolean {
  const name = member.trim();
  const number = /^instance\s*(\d+)$/i.exec(name)?.[1];
  if (number !== undefined) return Number(number) === instance;
  const port = name.replace(/^(\/dev\/|com\.victronenergy\.battery\.)/, '');
  return port.replaceAll(/\W/g, '_') === place || (serial !== undefined && name === serial);
}

/** The banks that name this battery; more than one is a contradiction, and a battery follows none of them then. */
export function banksNaming(plans: readonly BankPlan[], candidate: Candidate): readonly string[] {
  return plans
    .filter(({ members }) => members.some((member) => isNamed(member, candidate)))
    .map(({ name }) => name);
}
