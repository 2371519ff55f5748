// winston-transport asks for this one file of readable-stream; Node.js has the class itself.
module.exports = require('node:stream').Writable;
