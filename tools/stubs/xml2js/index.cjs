'use strict';

// dbus-next needs XML only for introspection proxies, which this program does not use; its bus object constructs a Builder.
class Builder {}
class Parser {}

module.exports = { Builder, Parser };
