# Stand-in for run-service.sh of serial-starter, sourced by the start script of a driver with the tty as first argument.
# This kind gives the tty back in a trap on EXIT.
# shellcheck shell=sh
. /opt/victronenergy/serial-starter/functions.sh

tty=$(basename "$1")

cleanup() {
    unlock_tty "$tty"
}
trap cleanup EXIT

start() {
    # shellcheck disable=SC2154
    $app "$@"
}
