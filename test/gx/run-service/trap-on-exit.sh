# Sourced by the start script of a driver; its first argument is the tty.
. /opt/victronenergy/serial-starter/functions.sh

tty=$(basename "$1")

cleanup() {
    unlock_tty "$tty"
}
trap cleanup EXIT

start() {
    $app "$@"
}
