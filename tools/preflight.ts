import { lacking } from './system-programs.ts';

/** System programs that the tests and the demo run. Package dbus brings the daemon on every release, also before it had its own. */
const missing = lacking([{ program: 'dbus-daemon', debian: 'dbus' }]);
const isOld = Number(process.versions.node.split('.')[0]) < 20;
if (isOld) console.error(`dbus-bms needs Node.js 20 or newer; this is ${process.versions.node}`);
if (missing !== undefined) console.error(missing);
if (isOld || missing !== undefined) process.exit(1);
