import type { PackReading } from '../model/reading.ts';
import { analogObjection, type Dialect, firstBlock, otherPack } from '../protocol/ascii-dialect.ts';
import {
  type AsciiFrame,
  acceptReply,
  buildFrame,
  frameIn,
  parseExchange,
  patternOf,
  type ReplyRules,
} from '../protocol/ascii-frame.ts';
import { bytesOf } from '../protocol/bytes.ts';
import { ASCII_DIALECTS } from './ascii-dialects.ts';
import type { BmsDriver, DriverPlan, Query } from './driver.ts';
import { planned } from './session.ts';

/** Every dialect of the ASCII frame has this command; its reply tells the dialect. */
export const ANALOG = 0x42;

/** One command of a dialect: how it is asked, and how its reply is recognised and taken apart. */
export interface AsciiCommand {
  readonly code: number;
  /** Class of the request, where it is not that of the plan. */
  readonly cid1?: number;
  /** INFO of the request to a pack; default its number. */
  readonly info?: (pack: number) => readonly number[];
  /** Bytes of INFO in the reply, where they are always as many. */
  readonly length?: number;
  /** Why INFO cannot be the reply; default: it has another length, or is no analog reply of the dialect. */
  readonly objection?: (reply: AsciiFrame, asked: AsciiFrame) => string | undefined;
  readonly decode: (info: Uint8Array) => PackReading;
  /** When and how often it is asked. */
  readonly ask?: Omit<Query, 'asks'>;
}

/** A driver of one dialect of the ASCII frame as a table of commands. */
export interface AsciiPlan
  extends Omit<DriverPlan, 'accept' | 'addressOf' | 'decode' | 'knock' | 'queries' | 'sends'>,
    Partial<ReplyRules> {
  readonly dialect: Dialect;
  readonly version: number;
  /** Class of the requests. */
  readonly requestClass: number;
  /** Where the pack is named in INFO of an analog reply; absent: only ADR names it. */
  readonly namesPack?: true;
  /** In the order of asking; the first is asked in every poll and by the probe. */
  readonly commands: readonly [AsciiCommand, ...AsciiCommand[]];
  /** One of them, for which the probe waits so long before it asks the first. */
  readonly knocks?: { readonly command: AsciiCommand; readonly timeoutMs: number };
}

/** Makes the driver; every reply has to fit the command that was asked, whatever else it says. */
export function asciiDriver(plan: AsciiPlan): BmsDriver {
  const { commands, dialect, version, requestClass, start, namesPack, knocks, ...rest } = plan;
  const requestOf = (command: AsciiCommand, pack: number): AsciiFrame => ({
    ...(start !== undefined && { start }),
    version,
    address: pack,
    cid1: command.cid1 ?? requestClass,
    code: command.code,
    info: bytesOf(command.info?.(pack) ?? [pack]),
  });
  const commandOf = (asked: AsciiFrame): AsciiCommand | undefined =>
    commands.find((command) => isAsked(requestOf(command, asked.address), asked));
  const rules: ReplyRules = {
    returnCodes: {},
    sameAddress: true,
    ...rest,
    ...(start !== undefined && { start }),
    objection(asked, reply) {
      const command = commandOf(asked);
      if (command === undefined) return 'no reply to this command is known';
      const isOther =
        asked.code === ANALOG &&
        analogObjection(asked, reply, dialect, ASCII_DIALECTS, namesPack ? otherPack : () => undefined);
      return isOther || lengthObjection(command, reply) || command.objection?.(reply, asked);
    },
  };
  const toQuery = (command: AsciiCommand): Query => ({
    ...command.ask,
    asks: (pack) => buildFrame(requestOf(command, pack)),
  });
  const [first, ...others] = commands;
  return planned({
    ...rest,
    ...(knocks !== undefined && {
      knock: { ...toQuery(knocks.command), timeoutMs: knocks.timeoutMs, tries: 1 },
    }),
    sends: { reads: commands.map((command) => patternOf(requestOf(command, 0))) },
    queries: [toQuery(first), ...others.map(toQuery)],
    accept: (asked) => acceptReply(asked, rules),
    decode(request, frame) {
      const { asked, reply } = parseExchange(request, frame, rules);
      if (asked.code === ANALOG) firstBlock(reply, dialect, ASCII_DIALECTS);
      return commandOf(asked)?.decode(reply.info) ?? {};
    },
    addressOf(asked) {
      const frame = frameIn(asked, start);
      return frame?.version === version ? frame.address : undefined;
    },
  });
}

/** The same command in class, code and everything that INFO says beside the pack. */
function isAsked(known: AsciiFrame, asked: AsciiFrame): boolean {
  return (
    known.cid1 === asked.cid1 &&
    known.code === asked.code &&
    known.info.length === asked.info.length &&
    known.info.every((byte, at) => at === 0 || byte === asked.info[at])
  );
}

function lengthObjection({ length }: AsciiCommand, { info }: AsciiFrame): string | undefined {
  if (length === undefined || info.length === length) return undefined;
  return `${info.length} bytes instead of the ${length} that answer this command`;
}
