'use strict';
// Stands in for the package debug: what it would print is never asked for on a device.
const silent = () => {};
module.exports = Object.assign(() => Object.assign(silent, { enabled: false, extend: () => silent }), {
  default: undefined,
});
module.exports.default = module.exports;
