# shellcheck shell=sh
# The services that serial-starter made for us, and serial-starter itself. Sourced after venus.sh. All of it lives in RAM:
# before svscan runs (at boot) there is nothing to do.

SERVICES=/service
STARTER_SERVICE=$SERVICES/serial-starter

is_up() {
    svstat "$1" 2>/dev/null | grep -q ': up '
}

# Makes serial-starter choose us first when it takes the port the next time, instead of whoever would have been next.
prefer_us() {
    name=$(program_name)
    [ -n "$name" ] && mkdir -p "$CACHE" && echo "$name" | put "$CACHE/$1" 644
    rm -f "/tmp/$1.prog"
}

# The driver ends and serial-starter, or supervise, starts the new one.
restart_drivers() {
    for service in "$SERVICES"/dbus-bms.*; do
        is_up "$service" || continue
        prefer_us "${service##*.}"
        svc -t "$service"
    done
}

# Ends drivers and their supervisors and removes their services.
remove_drivers() {
    for service in "$SERVICES"/dbus-bms.*; do
        [ -e "$service" ] || continue
        svc -d "$service"
        waited=0
        # TERM lets the driver say goodbye on the bus and serial-starter take the port back.
        while is_up "$service" && [ $waited -lt 10 ]; do
            sleep 1
            waited=$((waited + 1))
        done
        folder=$(readlink -f "$service")
        rm -f "$service"
        svc -dx "$folder" "$folder/log"
        waited=0
        while { svok "$folder" || svok "$folder/log"; } && [ $waited -lt 5 ]; do
            sleep 1
            waited=$((waited + 1))
        done
    done
    rm -rf /var/volatile/services/dbus-bms.*
}

hold_starter() {
    svok "$STARTER_SERVICE" 2>/dev/null || return 0
    trap 'svc -u "$STARTER_SERVICE"' EXIT
    trap 'exit 1' HUP INT TERM
    svc -d "$STARTER_SERVICE"
}

release_starter() {
    svok "$STARTER_SERVICE" 2>/dev/null || return 0
    trap - EXIT HUP INT TERM
    svc -u "$STARTER_SERVICE"
}

# restart_services: after rule, template, program or settings changed.
restart_services() {
    bring_bridge "$APPS/current" || say "warning: the service of the bridge cannot be made"
    if [ -n "${template_changed:-}" ]; then
        hold_starter
        for service in "$SERVICES"/dbus-bms.*; do
            ! is_up "$service" || prefer_us "${service##*.}"
        done
        remove_drivers
        release_starter
    else
        restart_drivers
        [ -z "${rule_changed:-}" ] || ! svok "$STARTER_SERVICE" 2>/dev/null || svc -t "$STARTER_SERVICE"
    fi
}
