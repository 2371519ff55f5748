'use strict';

// Loads the prebuilt serial binding that lies beside the bundle. The packages of serialport look for it in
// node_modules, which a GX device does not have.
const { join } = require('node:path');

const TAGS = { arm: 'armv7.glibc', arm64: 'armv8.glibc', x64: 'glibc' };

module.exports = () => {
  const tag = TAGS[process.arch];
  if (tag === undefined) throw new Error(`there is no serial binding for ${process.arch}`);
  const file = join(__dirname, 'prebuilds', `linux-${process.arch}`, `@serialport+bindings-cpp.${tag}.node`);
  const loaded = { exports: {} };
  process.dlopen(loaded, file);
  return loaded.exports;
};
