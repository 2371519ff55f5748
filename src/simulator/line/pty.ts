import {
  closeSync,
  constants,
  lstatSync,
  openSync,
  readlinkSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeSync,
} from 'node:fs';
import { ReadStream } from 'node:tty';
import { ConfigError, MissingProgramError } from '../../errors.ts';
import { systemFault } from '../../system-fault.ts';

/** A serial port that exists only in memory: a client opens `path`, we are the device at its other end. */
export interface Pty {
  /** What a client opens: the link if one was asked for, else the terminal itself. */
  readonly path: string;
  /** The bytes that the client sent. */
  onBytes: (bytes: Uint8Array) => void;
  /** Sends to the client. Bytes that a client does not take are lost, as on a real line. */
  write(bytes: Uint8Array): void;
  /** The rate that the client has set, baud. */
  baudRate(): number;
  /** Pulls the adapter out: the client sees its port vanish. */
  close(): Promise<void>;
}

/** Requests of Linux to its terminals (asm-generic/ioctls.h), the same on x86 and ARM. */
const IOCTL = { getNumber: 0x80045430, setLock: 0x40045431, getTermios2: 0x802c542a } as const;
/** `c_ospeed` of struct termios2: after four flag words, the line discipline, 19 control characters and `c_ispeed`. */
const OUTPUT_SPEED = 40;
/** More than any struct termios. */
const TERMIOS_BYTES = 128;

/** Opens a pseudo terminal in raw mode, reachable under `linkPath` too if given (an older link is replaced). */
export async function openPty(linkPath?: string): Promise<Pty> {
  const terminal = await terminalCalls();
  const master = openSync('/dev/ptmx', constants.O_RDWR | constants.O_NOCTTY | constants.O_NONBLOCK);
  const device = `/dev/pts/${terminal.unlock(master)}`;
  // Kept open, so that the master does not report an error while no client is there.
  const slave = openSync(device, constants.O_RDWR | constants.O_NOCTTY);
  terminal.makeRaw(slave);
  if (linkPath !== undefined) {
    try {
      replaceLink(device, linkPath);
    } catch (cause) {
      closeSync(slave);
      closeSync(master);
      throw new ConfigError(
        `the link ${linkPath} cannot be made: ${cause instanceof NoLinkError ? cause.message : systemFault(cause)}`,
        { cause },
      );
    }
  }

  const stream = new ReadStream(master);
  let open = true;
  const pty: Pty = {
    path: linkPath ?? device,
    onBytes: () => {},
    write(bytes) {
      if (open) writeNow(master, bytes);
    },
    baudRate: () => terminal.outputSpeed(slave),
    close() {
      if (!open) return Promise.resolve();
      open = false;
      if (linkPath !== undefined) removeLink(device, linkPath);
      closeSync(slave);
      return new Promise((resolve) => {
        stream.once('close', () => resolve());
        stream.destroy();
      });
    },
  };
  stream.on('data', (bytes: Uint8Array) => pty.onBytes(bytes));
  return pty;
}

/** A client that reads nothing leaves no room; a real device would not notice either. */
function writeNow(master: number, bytes: Uint8Array): void {
  try {
    writeSync(master, bytes);
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'EAGAIN')) throw error;
  }
}

class NoLinkError extends Error {}

/** A rename, so that there is no moment at which the link is missing. */
function replaceLink(device: string, linkPath: string): void {
  if (lstatSync(linkPath, { throwIfNoEntry: false })?.isSymbolicLink() === false) {
    throw new NoLinkError('there is something else than a link');
  }
  const fresh = `${linkPath}.${process.pid}`;
  rmSync(fresh, { force: true });
  symlinkSync(device, fresh);
  renameSync(fresh, linkPath);
}

/** Another simulator may have taken the link over; its link stays. */
function removeLink(device: string, linkPath: string): void {
  try {
    if (readlinkSync(linkPath) === device) rmSync(linkPath);
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ENOENT')) throw error;
  }
}

interface TerminalCalls {
  /** Lets clients open the terminal and gives its number. */
  unlock(master: number): number;
  makeRaw(terminal: number): void;
  outputSpeed(terminal: number): number;
}

/** Node has no calls for terminals that it did not start, so the C library is asked. */
async function terminalCalls(): Promise<TerminalCalls> {
  const koffi = await import('koffi').catch((cause: unknown) => {
    throw new MissingProgramError(
      'a simulated serial port needs the package koffi, which only a development install has; use --listen instead of --pty',
      { cause },
    );
  });
  const c = koffi.load(null);
  const ioctl = c.func('int ioctl(int fd, unsigned long request, ...)');
  const tcgetattr = c.func('int tcgetattr(int fd, _Out_ uint8_t *termios)');
  const tcsetattr = c.func('int tcsetattr(int fd, int when, uint8_t *termios)');
  const cfmakeraw = c.func('void cfmakeraw(_Inout_ uint8_t *termios)');

  function ask(fd: number, request: number, bytes: number): Buffer {
    const answer = Buffer.alloc(bytes);
    check(ioctl(fd, request, 'uint8_t *', answer), 'ioctl');
    return answer;
  }

  return {
    unlock(master) {
      ask(master, IOCTL.setLock, 4);
      return ask(master, IOCTL.getNumber, 4).readInt32LE();
    },
    makeRaw(terminal) {
      const termios = Buffer.alloc(TERMIOS_BYTES);
      check(tcgetattr(terminal, termios), 'tcgetattr');
      cfmakeraw(termios);
      check(tcsetattr(terminal, 0, termios), 'tcsetattr');
    },
    outputSpeed: (terminal) => ask(terminal, IOCTL.getTermios2, TERMIOS_BYTES).readUInt32LE(OUTPUT_SPEED),
  };
}

function check(result: unknown, name: string): void {
  if (result !== 0) throw new Error(`${name} on a pseudo terminal failed`);
}
