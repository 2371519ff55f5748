import type { BankReading } from '../model/reading.ts';
import { round } from '../model/round.ts';
import type { BmsDriver, Session } from './driver.ts';

/** What the owner knows of a current sensor: it is multiplied by `gain`, and then `offset` A are added. */
export interface Calibration {
  readonly gain: number;
  readonly offset: number;
}

/** Resolution of a current that was put right, decimals. */
const DECIMALS = 3;

/** The same driver with a current that is put right before anybody sees it. The power follows. */
export function calibrated(driver: BmsDriver, { gain, offset }: Calibration): BmsDriver {
  if (gain === 1 && offset === 0) return driver;
  const correct = (reading: BankReading): BankReading => {
    const { current, modules, power, ...rest } = reading;
    const right = current === undefined ? undefined : round(current * gain + offset, DECIMALS);
    const { voltage } = rest;
    return {
      ...rest,
      ...(right !== undefined && { current: right }),
      // A power of the BMS is made of its own current.
      ...(power !== undefined &&
        right !== undefined &&
        voltage !== undefined && { power: round(voltage * right, 1) }),
      ...(modules !== undefined && {
        modules: modules.map((module) => ({ ...correct(module), address: module.address })),
      }),
    };
  };
  return {
    ...driver,
    open: (link, address) => new CalibratedSession(driver.open(link, address), correct),
  };
}

class CalibratedSession implements Session {
  readonly #session: Session;
  readonly #correct: (reading: BankReading) => BankReading;

  constructor(session: Session, correct: (reading: BankReading) => BankReading) {
    this.#session = session;
    this.#correct = correct;
  }

  get switches(): Session['switches'] {
    return this.#session.switches;
  }

  get memory(): Session['memory'] {
    return this.#session.memory;
  }

  set memory(memory: Session['memory']) {
    this.#session.memory = memory;
  }

  async probe(): Promise<BankReading> {
    return this.#correct(await this.#session.probe());
  }

  async read(): Promise<BankReading> {
    return this.#correct(await this.#session.read());
  }

  takeRemarks(): ReturnType<Session['takeRemarks']> {
    return this.#session.takeRemarks();
  }

  reconnected(): void {
    this.#session.reconnected();
  }
}
