# shellcheck shell=sh
# What must be true before the first change. Sourced after venus.sh; one line for each check that fails.

refused=0
refuse() {
    say "refused: $*"
    refused=$((refused + 1))
}

# What an owner may decide otherwise, with --force.
refuse_unless_forced() {
    if [ -n "${force:-}" ]; then say "warning: $*"; else refuse "$* (--force installs all the same)"; fi
}

check_architecture() {
    wanted=$(field architecture "$1")
    [ "$wanted" = "$(architecture)" ] ||
        refuse "this package is for ${wanted:-an unknown architecture}, this device is $(architecture); take the package for $(architecture)"
}

# Lines such as v3.72, v3.80~40 (a beta, lower than v3.80), v2.82~large-30.
check_venus_version() {
    [ -f "$VICTRON/version" ] || return 0
    IFS= read -r line <"$VICTRON/version" || :
    number=$(echo "$line" | sed -n 's/^v\([0-9]\{1,4\}\)\.\([0-9]\{1,4\}\).*/\1 \2/p')
    if [ -z "$number" ]; then
        refuse "$VICTRON/version says \"$line\", which is no version of Venus OS"
        return
    fi
    major=${number% *}
    minor=${number#* }
    case $line in
        *~*) [ "$major $minor" != "2 90" ] || minor=89 ;;
    esac
    [ "$major" -gt 2 ] || { [ "$major" -eq 2 ] && [ "$minor" -ge 90 ]; } ||
        refuse "Venus OS $line is too old; v2.90 is the oldest that can run this, update the firmware first"
}

check_memory() {
    case $(cat /etc/venus/machine 2>/dev/null) in
        ccgx) refuse_unless_forced "a Color Control GX has too little memory for this driver" ;;
    esac
}

# expect folder|file PATH: what is there must be of that kind, or nothing.
expect() {
    [ ! -e "$2" ] || { if [ "$1" = folder ]; then [ -d "$2" ]; else [ -f "$2" ]; fi; } ||
        refuse "$2 must be a $1 and is something else; look what it is, and move it away"
}

check_places() {
    for place in /data/apps "$APPS" /data/conf "$RULES"; do expect folder "$place"; done
    # shellcheck disable=SC2153 # HOOK is one of venus.sh
    for place in "$CONFIG" "$HOOK" "$APPS/history"; do expect file "$place"; done
}

check_data() {
    if ! data_is_writable; then
        refuse "/data cannot be written: $(df -k /data | tail -n 1); a restart of the device repairs it, or it is full"
        return
    fi
    [ "${needed:-0}" -ge "$SMALL_KB" ] || needed=$SMALL_KB
    free=$(free_kilobytes)
    [ "$free" -ge "$needed" ] ||
        refuse "/data has $((free / 1024)) MB free, $((needed / 1024 + 1)) MB are needed; remove something and try again"
}

check_venus() {
    [ -x /bin/bash ] || refuse "there is no /bin/bash, which the start script needs"
    [ -d "$TEMPLATES" ] || refuse "there is no $TEMPLATES; this Venus OS starts its drivers in a way that we do not know"
    [ -f "$STARTER/run-service.sh" ] || refuse "there is no serial-starter ($STARTER/run-service.sh)"
    if [ ! -f "$STOCK_RULES" ]; then
        refuse "there is no $STOCK_RULES"
    elif ! grep -Eq "^[[:space:]]*include[[:space:]]+$RULES/?[[:space:]]*\$" "$STOCK_RULES"; then
        refuse "serial-starter of this Venus OS does not read $RULES"
    fi
}

check_hooks() {
    for hook in /data/rcS.local.disabled /data/rc.local.disabled; do
        [ ! -e "$hook" ] || refuse_unless_forced "$hook: boot hooks are switched off on this device; switch them on in" \
            "Settings, General, Support status, or nothing will start after the next boot"
    done
}

# Another battery driver that serial-starter or a boot hook starts. One that is switched off may stay as the way back.
other_driver_in() {
    grep -ls dbus-serialbattery "$STOCK_RULES" "$RULES"/*.conf /data/rc.local /data/rcS.local | head -n 1
}

check_other_drivers() {
    found=$(other_driver_in)
    if [ -n "$found" ]; then
        refuse_unless_forced "another battery driver is at work (dbus-serialbattery in $found); two drivers take turns on" \
            "each port, disable or uninstall the other one first"
        return
    fi
    for other in /data/apps/dbus-serialbattery /data/etc/dbus-serialbattery; do
        [ ! -e "$other" ] || say "note: the driver in $other is switched off and stays as it is; do not switch it on beside this one"
    done
}

# preflight PACKAGE KILOBYTES: true if nothing stands against installing. KILOBYTES: room that is needed, empty for none.
preflight() {
    needed=$2
    check_architecture "$1"
    check_venus_version
    check_memory
    check_places
    check_data
    check_venus
    check_hooks
    check_other_drivers
    [ "$refused" -eq 0 ]
}
