// Starts the program from code that V8 compiled in an earlier life, which saves a good part of the start on a slow processor.
// The compiled code lies beside the program. It only saves time: absent, damaged or made by another Node.js it is not used.
const { readFileSync, renameSync, rmSync, writeFileSync } = require('node:fs');
const Module = require('node:module');
const { join } = require('node:path');
const { constants, Script } = require('node:vm');
const zlib = require('node:zlib');

// The bridge has a program without drivers and control, which takes a third less memory.
const NAME = process.argv[2] === 'bridge' ? 'bridge' : 'dbus-bms';
const PROGRAM = join(__dirname, `${NAME}.cjs`);
const CACHE = join(__dirname, `${NAME}.cache`);
/** Bytes of the checksum at the start of the cache: V8 does not look for bits that flash memory turned over. */
const CHECKSUM_BYTES = 32;
/** By then a service has polled its BMS often: the functions that it uses are compiled. */
const SAVE_AFTER_MS = 60_000;

const source = readFileSync(PROGRAM, 'utf8').replace(/^#!.*/, '');

function checksum(code) {
  const about = `${process.version} ${source.length}`;
  // Older releases have only the cryptographic ones, which take long to load.
  if (zlib.crc32 === undefined)
    return require('node:crypto').createHash('sha256').update(about).update(code).digest();
  const short = Buffer.alloc(CHECKSUM_BYTES);
  short.writeUInt32LE(zlib.crc32(code, zlib.crc32(about)));
  return short;
}

function load() {
  try {
    const stored = readFileSync(CACHE);
    const code = stored.subarray(CHECKSUM_BYTES);
    return checksum(code).equals(stored.subarray(0, CHECKSUM_BYTES)) ? code : undefined;
  } catch {
    // The first start of this version.
    return undefined;
  }
}

function save() {
  const fresh = `${CACHE}.${process.pid}`;
  try {
    const code = script.createCachedData();
    writeFileSync(fresh, Buffer.concat([checksum(code), code]));
    renameSync(fresh, CACHE);
  } catch {
    // A full or read-only /data: the next start compiles anew.
    rmSync(fresh, { force: true });
  }
}

const cachedData = load();
const script = new Script(Module.wrap(source), {
  filename: PROGRAM,
  ...(cachedData !== undefined && { cachedData }),
  importModuleDynamically: constants?.USE_MAIN_CONTEXT_DEFAULT_LOADER,
});
// Commands that end earlier do not wait for it.
if (cachedData === undefined || script.cachedDataRejected) setTimeout(save, SAVE_AFTER_MS).unref();

const program = new Module(PROGRAM, null);
program.filename = PROGRAM;
script
  .runInThisContext()
  .call(program.exports, program.exports, Module.createRequire(PROGRAM), program, PROGRAM, __dirname);
