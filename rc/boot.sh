#!/bin/sh
# Runs at every boot from /data/rcS.local, before serial-starter: a firmware update brings a root file system that knows
# nothing of us. Never hangs, never fails the boot; says what it did in a log.

here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd -P)
. "$here/venus.sh"
. "$here/bridge.sh"
package=$(dirname -- "$here")

log=/data/log/dbus-bms.boot
rm -f "$log"
log_to "$log"

wanted=$(field architecture "$package")
if [ "$wanted" != "$(architecture)" ]; then
    # A backup of another device was restored here. Without the rule the other programs keep their ports.
    drop_rule
    say "not started: the installed package is for $wanted, this device is $(architecture); install the package for $(architecture)"
elif [ ! -x /bin/bash ]; then
    drop_rule
    say "not started: there is no /bin/bash, which the start script needs"
elif ! bring_template "$package"; then
    drop_rule
    say "not started: the service template cannot be brought to $TEMPLATES"
elif ! { make_folders && bring_rule "$package"; }; then
    say "warning: the rule of serial-starter cannot be written, the last one stays"
else
    bring_bridge "$package" || say "warning: the service of the bridge cannot be made"
    say "ready: version $(field version "$package") on Venus OS $(head -n 1 "$VICTRON/version" 2>/dev/null)"
fi
exit 0
