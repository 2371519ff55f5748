#!/bin/sh
# Started by daemontools (through ./run) for one tty; the argument is its name.
#
# run-service.sh of serial-starter is sourced, never exec'ed over: its EXIT trap gives the tty back. A driver started with
# exec would keep the tty locked until the next boot. daemontools signals only this shell, so TERM is passed on here, and the
# shell waits for the driver to leave before the trap runs.

here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd -P)
starter=${SERIAL_STARTER:-/opt/victronenergy/serial-starter}

# Sets $tty from the argument, defines start, and sets the EXIT trap that unlocks the tty.
. "$starter/run-service.sh"

driver=
stopping=

stop() {
    stopping=yes
    [ -n "$driver" ] && kill -TERM "$driver" 2>/dev/null
}
trap stop TERM INT HUP

UV_THREADPOOL_SIZE=2
# io_uring of older Node releases keeps a closed port open.
UV_USE_IO_URING=0
export UV_THREADPOOL_SIZE UV_USE_IO_URING

node=${DBUS_BMS_NODE:-$here/node}
[ -x "$node" ] || node=$(command -v node) || {
    echo "error start: there is no Node.js runtime beside the driver; install the package for this device again"
    # Keeps a supervisor from restarting us every second.
    sleep 10
    exit 1
}

"$node" --max-old-space-size=64 --v8-pool-size=1 "$here/dbus-bms.cjs" run "/dev/${tty:-$1}" &
driver=$!
# A signal that came before the driver existed.
[ -n "$stopping" ] && stop

# wait returns early, with a status above 128, when a signal arrived: the driver is then still leaving.
while :; do
    wait "$driver"
    status=$?
    kill -0 "$driver" 2>/dev/null || break
done
exit "$status"
