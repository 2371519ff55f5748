/** A real terminal pair for tests that must use the real serial binding. */
export { openPty, type Pty } from '../../src/simulator/line/pty.ts';
