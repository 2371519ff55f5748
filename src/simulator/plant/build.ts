import { nearestCells } from '../../bms/cells.ts';
import type { BmsDriver, Responder } from '../../bms/driver.ts';
import { BMSES } from '../../bms/index.ts';
import type { Clock } from '../../clock.ts';
import { UsageError } from '../../errors.ts';
import { Device } from '../line/device.ts';
import type { Scenario } from '../trials/scenario.ts';
import { Plant } from './plant.ts';

/** A simulated device of the BMS type `id`, on its usual line settings. Rejects with a UsageError for an unknown id. */
export async function buildDevice(
  id: string,
  scenario: Scenario,
  clock: Clock,
  options: { readonly speed?: number; readonly baudRate?: number } = {},
): Promise<Device> {
  const entry =
    BMSES.find(({ driver }) => driver.id === id) ?? BMSES.find(({ driver }) => driver.family === id);
  if (entry === undefined) {
    throw new UsageError(
      `there is no BMS "${id}" to simulate; there are: ${BMSES.map(({ driver }) => driver.id).join(', ')}`,
    );
  }
  const { driver } = entry;
  return new Device({
    plant: new Plant(celled(scenario, driver)),
    responders: [placed(variantOf(await entry.responder(), scenario, driver.id), scenario)],
    clock,
    baudRate: options.baudRate ?? driver.reach.serial.lines[0]?.baudRate ?? 9600,
    answerMs: driver.reach.serial.answerMs,
    ...(driver.addressOf !== undefined && { addressOf: (request) => driver.addressOf?.(request) }),
    ...(options.speed !== undefined && { speed: options.speed }),
  });
}

/** The address that a scenario has by default, which means the usual one of the BMS. */
const USUAL = 1;

/** The number of cells that a scenario has by default, which means one that the BMS can have. */
const USUAL_CELLS = 16;

function celled(scenario: Scenario, driver: BmsDriver): Scenario {
  const cells = nearestCells(driver, USUAL_CELLS);
  const packs = scenario.packs.map((pack) => (pack.cells === USUAL_CELLS ? { ...pack, cells } : pack));
  return { ...scenario, packs };
}

/** A single pack that a scenario puts at an address of its own answers there and nowhere else. */
function placed(responder: Responder, { packs }: Scenario): Responder {
  const [only, ...others] = packs;
  if (only === undefined || others.length > 0 || only.address === USUAL) return responder;
  const { address } = only;
  return {
    accept: responder.accept,
    reply: (request, battery) => responder.reply(request, { ...battery, modules: [{ ...battery, address }] }),
  };
}

function variantOf(responder: Responder, { variant }: Scenario, id: string): Responder {
  if (variant === undefined) return responder;
  const found = responder.variants?.[variant];
  if (found !== undefined) return found;
  const known = Object.keys(responder.variants ?? {}).join(', ') || 'none';
  throw new UsageError(`there is no variant "${variant}" of ${id} to simulate; there are: ${known}`);
}
