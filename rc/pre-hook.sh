#!/bin/sh
# Runs before a USB or SD archive is unpacked over /data; a non-zero exit leaves the archive alone. The stick may stay in the
# device: an archive is installed once, also when the owner went back to an older version or removed some version by now.

here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd -P)
. "$here/venus.sh"
. "$here/preflight.sh"

version=$(field version "$here")
log=/data/log/dbus-bms.install
rm -f "$log"
log_to "$log"

if grep -qxF "$version" "$APPS/history" 2>/dev/null && [ -f "$APPS/current/dbus-bms.cjs" ]; then
    say "the archive of version $version on the stick was installed before; nothing to do (current is $(version_of current))"
    exit 1
fi
# What an unpacking that was cut off left behind.
rm -rf "$APPS/incoming"
# The room for the package, unpacked from the stick to its place.
preflight "$here" "$(field kilobytes "$here")" && make_folders && exit 0
say "version $version was not installed; nothing was changed"
exit 1
