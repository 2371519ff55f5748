# Stand-in for run-service.sh of serial-starter, sourced by the start script of a driver with the tty as first argument.
# This kind has no trap: only `start` gives the tty back, and a driver that does not call it keeps the tty for ever.
# shellcheck shell=sh
. /opt/victronenergy/serial-starter/functions.sh

tty=$(basename "$1")

start() {
    # shellcheck disable=SC2154
    $app "$@"
    unlock_tty "$tty"
}
