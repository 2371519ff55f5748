/** Ids of the types that the program had first: the marks of a cold search and the golden recordings are theirs. */
export const FIRST_TYPES: readonly string[] = [
  'jbd-up',
  'jbd',
  'daly',
  'daly-p81',
  'daly-d2',
  'jk',
  'jk-pb',
  'ant',
  'ant-old',
  'hubble-am2',
  'pace',
  'topbms',
  'pylontech',
];
