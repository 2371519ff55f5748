import type { ControlOutput } from '../control/law.ts';
import type { Log } from '../log.ts';

/** A limit that fell by less than this share since the last line, for the same reason, is not worth a new one. */
const WORTH_SAYING = 0.2;

/** Writes changes of the control into the log, so that its last info line answers "why is my charge current 48 A?". */
export class LimitLog {
  readonly #log: Log;
  #said: ControlOutput | undefined;
  readonly #notices = new Set<string>();

  constructor(log: Log) {
    this.#log = log;
  }

  note(output: ControlOutput): void {
    const said = this.#said;
    if (said === undefined || said.state !== output.state) {
      this.#log.info(`${output.chargeMode}; charge voltage ${output.cvl} V`);
    }
    const charge = line(said?.ccl, output.ccl, said?.chargeReason, output.chargeReason);
    const discharge = line(said?.dcl, output.dcl, said?.dischargeReason, output.dischargeReason);
    if (charge !== undefined) this.#log.info(charge);
    if (discharge !== undefined) this.#log.info(discharge);
    for (const notice of output.notices) if (!this.#notices.has(notice)) this.#log.warn(notice);
    this.#notices.clear();
    for (const notice of output.notices) this.#notices.add(notice);
    if (
      said === undefined ||
      said.state !== output.state ||
      charge !== undefined ||
      discharge !== undefined
    ) {
      // What was not said yet must be compared with what was, or a slow ramp would never be told.
      this.#said = {
        ...output,
        ...(said !== undefined && charge === undefined && { ccl: said.ccl, chargeReason: said.chargeReason }),
        ...(said !== undefined &&
          discharge === undefined && { dcl: said.dcl, dischargeReason: said.dischargeReason }),
      };
    }
  }
}

/** The reason says limit and cause; a line adds what the limit was before. */
function line(
  before: number | undefined,
  now: number,
  reasonBefore: string | undefined,
  reason: string,
): string | undefined {
  if (before === undefined) return reason;
  if (now === before && reason === reasonBefore) return undefined;
  // A rise for the same reason is what the reason announces; a fall is news.
  const fell = before - now > WORTH_SAYING * before;
  if (!fell && wording(reasonBefore ?? '') === wording(reason)) return undefined;
  return `${reason} (before: ${before} A)`;
}

/** The reason without its numbers: a new cell voltage is not a new reason. */
function wording(reason: string): string {
  return reason.replaceAll(/[\d.]+/g, '#');
}
