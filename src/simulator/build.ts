import { BMSES } from '../bms/index.ts';
import type { Clock } from '../clock.ts';
import { UsageError } from '../errors.ts';
import { Device } from './device.ts';
import { Plant } from './plant.ts';
import type { Scenario } from './scenario.ts';

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
    plant: new Plant(scenario),
    responders: [await entry.responder()],
    clock,
    baudRate: options.baudRate ?? driver.lines[0]?.baudRate ?? 9600,
    answerMs: driver.answerMs,
    ...(driver.addressOf !== undefined && { addressOf: (request) => driver.addressOf?.(request) }),
    ...(options.speed !== undefined && { speed: options.speed }),
  });
}
