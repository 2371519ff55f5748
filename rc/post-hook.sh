#!/bin/sh
# Runs after a USB or SD archive was unpacked over /data, with `success` or `extraction-failed`.

here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd -P)
. "$here/venus.sh"
log_to /data/log/dbus-bms.install

code=1
if [ "${1:-}" = success ]; then
    sh "$APPS/incoming/install.sh" install
    code=$?
else
    say "the archive could not be unpacked: it is damaged or /data is full; copy it to the stick again." \
        "What was installed before is unchanged"
fi
rm -rf "$APPS/incoming"
exit $code
