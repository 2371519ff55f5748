#!/bin/bash
# Stand-in for run-service.sh of serial-starter, sourced by the start script of a driver with the tty as first argument.
# This kind finds its neighbour with BASH_SOURCE, which only bash knows, takes its argument away, uses common names for its
# own ends, stops at the first error, and passes TERM on only to what `start` began.
set -eu
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
. "$here/functions.sh"

tty=$(basename "$1")
shift
driver=

stop() {
    [ -z "$driver" ] || kill -TERM "$driver" 2>/dev/null || :
}

leave() {
    stop
    unlock_tty "$tty"
}
trap stop TERM
trap leave EXIT

start() {
    # shellcheck disable=SC2154
    $app "$@" &
    driver=$!
    wait "$driver"
}
cd /
