import { describe, expect, it } from 'vitest';
import * as errors from '../src/errors.ts';
import { ERROR_ROWS } from '../tools/docs/errors.ts';

const PLAIN = [
  errors.PortMissingError,
  errors.PortBusyError,
  errors.PortLostError,
  errors.PortRestingError,
  errors.TimeoutError,
  errors.RefusedError,
  errors.ImplausibleError,
  errors.NothingFoundError,
  errors.UsageError,
  errors.ConfigError,
  errors.MissingProgramError,
  errors.BusError,
];

describe('the page of errors', () => {
  it('explains every code that the program can print, and no other', () => {
    const codes = [
      ...PLAIN.map((kind) => new kind('').code),
      ...errors.FRAME_FAULTS.map((fault) => new errors.FrameError(fault, '').code),
    ];
    expect(ERROR_ROWS.map(([code]) => code).sort()).toEqual(codes.sort());
  });

  it('knows every error class', () => {
    const classes = Object.values(errors).filter(
      (item) => typeof item === 'function' && item.prototype instanceof errors.BmsError,
    );
    const groups = [errors.PortError];
    expect(classes).toHaveLength(PLAIN.length + groups.length + 1);
  });
});
