#!/bin/sh
# Started by daemontools (through ./run) for one tty; the argument is its name.
#
# run-service.sh of serial-starter is sourced, never exec'ed over: its EXIT trap gives the tty back. A driver started with
# exec would keep the tty locked until the next boot. daemontools signals only this shell, so TERM is passed on here, and the
# shell waits for the driver to leave before the trap runs.

here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd -P)
starter=${SERIAL_STARTER:-/opt/victronenergy/serial-starter}

# Sets $tty from the argument, defines start, and sets the EXIT trap that unlocks the tty.
# shellcheck source=/dev/null
. "$starter/run-service.sh"

driver=
stopping=

stop() {
    stopping=yes
    [ -n "$driver" ] && kill -TERM "$driver" 2>/dev/null
}
trap stop TERM INT HUP

seconds() {
    read -r uptime _ </proc/uptime
    echo "${uptime%.*}"
}
began=$(seconds)

"$here/dbus-bms" run "/dev/${tty:-$1}" &
driver=$!
# A signal that came before the driver existed.
[ -n "$stopping" ] && stop

# wait returns early, with a status above 128, when a signal arrived: the driver is then still leaving.
while :; do
    wait "$driver"
    status=$?
    kill -0 "$driver" 2>/dev/null || break
done
# Longer than any search: it had a battery. serial-starter would try all other programs before it comes back to us, after a
# cable that was plugged in again too; without its note it starts the last program, which is us.
[ $(($(seconds) - began)) -lt 30 ] || rm -f "/tmp/$tty.prog"
# The driver cannot run on this device at all: keeps a supervisor from trying every second.
[ "$status" -ne 78 ] || [ -n "$stopping" ] || sleep 10
exit "$status"
