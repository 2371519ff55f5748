# shellcheck shell=sh
# What is true now: sourced after venus.sh, preflight.sh and services.sh.

wrong=

# line NAME TEXT: one line of the status.
line() {
    printf '%-15s %s\n' "$1" "$2"
}

# fault NAME TEXT: a line that makes the status end with 1.
fault() {
    line "$1" "$2"
    wrong=yes
}

# report NAME GOOD BAD COMMAND...: one line of the status, by what the command says.
report() {
    if (shift 3; "$@"); then line "$1" "$2"; else fault "$1" "$3"; fi
}

template_is_in_place() {
    template_is_bound && same_template "$TEMPLATES" "$APPS/current"
}

# Reads the settings as the driver would. Sets settings_code: 0 no error, 1 errors, anything else: the program does not run;
# and settings_lines: what it said about them, or why it does not run.
check_settings() {
    said=$("$APPS/current/dbus-bms" check-config 2>&1)
    settings_code=$?
    if [ "$settings_code" -le 1 ]; then
        settings_lines=$(echo "$said" | grep -E ': (error|warning): ')
    else
        settings_lines=$(echo "$said" | head -n 3)
    fi
}

# say_settings: for the end of a change; false when the owner has something to put right.
say_settings() {
    check_settings
    case $settings_code in
        0) [ -z "$settings_lines" ] || say "look at the settings:" ;;
        1) say "THE SETTINGS HAVE ERRORS; the limits are careful until they are put right:" ;;
        *) say "THE PROGRAM DOES NOT RUN on this device:" ;;
    esac
    [ -z "$settings_lines" ] || echo "$settings_lines"
    [ "$settings_code" -eq 0 ]
}

status_of_settings() {
    case $settings_code in
        0) line configuration "$CONFIG: no error" ;;
        1) fault configuration "$CONFIG has ERRORS; the limits are careful until they are put right:" ;;
        *) fault program "DOES NOT RUN; install again:" ;;
    esac
    [ -z "$settings_lines" ] || echo "$settings_lines" | sed 's/^/                /'
}

status_of_rule() {
    name=$(program_name)
    if [ -z "$name" ]; then
        fault serial-starter "has NO RULE for us: restart the device"
    elif ! rule_is_current "$APPS/current"; then
        fault serial-starter "has an OLD RULE for us, other files came or changed: restart the device"
    else
        line serial-starter "knows us as $name"
    fi
    other=$(other_driver_in)
    [ -z "$other" ] || fault "other driver" "AT WORK (dbus-serialbattery in $other): two drivers take turns on each port"
}

status_of_data() {
    if ! data_is_writable; then
        fault /data "CANNOT BE WRITTEN: restart the device; it may be full"
    elif [ "$(free_kilobytes)" -lt "$SMALL_KB" ]; then
        fault /data "FULL: remove something"
    else
        line /data "$(($(free_kilobytes) / 1024)) MB free"
    fi
}

# has_battery TTY: the driver of that port has put a battery on the bus since it started, by its log. Lines that are gone from
# the log, or were never written because of the log level, count for it.
has_battery() {
    log=/var/log/dbus-bms.$1/current
    [ ! -r "$log" ] ||
        awk '/ info start: dbus-bms / { none = 1 } / is on the bus as device instance / { none = 0 } END { exit none }' "$log"
}

status_of_batteries() {
    found=
    for service in "$SERVICES"/dbus-bms.*; do
        is_up "$service" || continue
        tty=${service##*.}
        state="$tty: $(svstat "$service" | sed 's/^[^:]*: //')"
        if has_battery "$tty"; then
            found=yes
            line battery "$state"
        else
            line port "$state, no battery yet"
        fi
    done
    [ -n "$found" ] || fault battery "none runs (after an installation it may take three minutes)"
}

status_of_bridge() {
    if ! bridge_is_wanted; then
        [ ! -e "$BRIDGE" ] || fault bridge "RUNS, but no setting turns it on: restart the device"
    elif is_up "$BRIDGE"; then
        line bridge "$(svstat "$BRIDGE" | sed 's/^[^:]*: //')"
    else
        fault bridge "DOES NOT RUN: restart the device; see /var/log/dbus-bms-bridge/current"
    fi
}

# Ends with 1 when something is not as it must be.
status() {
    now=$(version_of current)
    if [ -z "$now" ]; then
        echo "not installed"
        left=$(rests)
        [ -z "$left" ] || echo "rests are there, install or uninstall again:
$left"
        return 1
    fi
    kind=$(field architecture "$APPS/current")
    line version "$now (${kind:-?}, this device is $(architecture))"
    [ "$kind" = "$(architecture)" ] || fault architecture "WRONG: install the package for $(architecture)"
    line "rollback to" "$(v=$(version_of previous); echo "${v:-none}")"
    report files complete "DAMAGED: install again" is_complete "$APPS/current"
    report "boot hook" set "MISSING: install again, or nothing starts after a firmware update" hook_is_set
    report template "in place" "MISSING: restart the device; see /data/log/dbus-bms.boot" template_is_in_place
    status_of_rule
    check_settings
    status_of_settings
    status_of_data
    status_of_batteries
    status_of_bridge
    [ -z "$wrong" ]
}
