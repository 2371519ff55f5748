/** What the owner set at run time, kept over restarts: localsettings on Venus OS. By name of the wish; 'CustomName' for the name. */
export interface OwnerStore {
  /** Undefined for what the store does not know. */
  get(name: string): number | string | undefined;
  /** Counts at once. That it could not be kept is said by the store; the value counts until the next start all the same. */
  set(name: string, value: number | string): void;
}

/** Name of the owner's name for the battery in the store. */
export const NAME_SETTING = 'CustomName';
