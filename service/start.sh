#!/bin/bash
# Started by daemontools (through ./run) for one tty; the argument is its name.
#
# serial-starter locks a tty before it starts a program, and does nothing more with the tty until the lock is gone. So the tty
# is given back at the end whatever happens, and never before the driver has left it.
#
# run-service.sh of serial-starter is sourced for what it may prepare. It is not the same on every device: it gives the tty
# back in a trap on EXIT, or only in its function `start`, and it may need bash. Nothing here relies on it. It shares this
# shell, so that every name here begins with bms_.
#
# daemontools signals only this shell, so TERM is passed on to the driver.
#
# The functions are called by traps, and `trap` itself is the builtin but for the time in which run-service.sh is read.
# shellcheck disable=SC2317,SC2218

bms_tty=${1##*/}
bms_starter=${SERIAL_STARTER:-/opt/victronenergy/serial-starter}
bms_locks=${SERIAL_STARTER_LOCKS:-/var/lock/serial-starter}
bms_driver=
bms_stopping=
bms_prepared=
bms_their_trap=

bms_stop() {
    bms_stopping=yes
    [ -z "$bms_driver" ] || kill -TERM "$bms_driver" 2>/dev/null
}

# Sets bms_status when the driver has left. wait returns early when a signal arrived. A TERM that reaches a child before it
# has become the program is lost, so it is sent again.
bms_wait() {
    while kill -0 "$bms_driver" 2>/dev/null; do
        if [ -z "$bms_stopping" ]; then
            wait "$bms_driver"
        else
            sleep 1 >/dev/null 2>&1 &
            wait -n
            kill -TERM "$bms_driver" 2>/dev/null
        fi
    done
    wait "$bms_driver"
    bms_status=$?
}

bms_unlock() {
    if ! declare -F unlock_tty >/dev/null && [ -r "$bms_starter/functions.sh" ]; then
        # shellcheck source=/dev/null
        . "$bms_starter/functions.sh"
    fi
    ! declare -F unlock_tty >/dev/null || unlock_tty "$bms_tty"
    rm -f "$bms_locks/$bms_tty"
}

bms_leave() {
    local code=$?
    set +euf
    if [ -n "$bms_driver" ] && kill -0 "$bms_driver" 2>/dev/null; then
        bms_stop
        bms_wait
    fi
    [ -n "$bms_prepared$bms_stopping" ] ||
        echo "error start: $bms_starter/run-service.sh ended with $code, so that no driver was started on $bms_tty" >&2
    # In a shell of its own: it may end the shell. Ours follows at once, before serial-starter takes the tty again.
    (eval "$bms_their_trap")
    bms_unlock
}
if [ -z "$bms_tty" ]; then
    echo "error start: expected the name of a tty, such as ttyUSB0" >&2
    exit 2
fi
trap bms_leave EXIT
trap bms_stop TERM INT HUP

bms_here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd -P)

# While run-service.sh is read its trap on EXIT is only noted: ours stays in force.
trap() {
    [ "${1:-}" != -- ] || shift
    local signal
    for signal in "${@:2}"; do
        case $signal in
            EXIT | SIGEXIT | 0) if [ "$1" = - ]; then bms_their_trap=; else bms_their_trap=$1; fi ;;
            *) builtin trap -- "$1" "$signal" ;;
        esac
    done
}
bms_code=0
# shellcheck source=/dev/null
. "$bms_starter/run-service.sh" || bms_code=$?
set +euf
unset -f trap
trap bms_stop TERM INT HUP
bms_prepared=yes
[ "$bms_code" -eq 0 ] ||
    echo "warn start: $bms_starter/run-service.sh ended with $bms_code; the driver starts on $bms_tty all the same" >&2

bms_uptime() {
    local seconds
    read -r seconds </proc/uptime
    echo "${seconds%%.*}"
}
bms_began=$(bms_uptime)

[ -z "$bms_stopping" ] || exit 0
"$bms_here/dbus-bms" run "/dev/$bms_tty" &
bms_driver=$!
# A signal that came before the driver existed.
[ -z "$bms_stopping" ] || bms_stop
bms_wait

# Longer than any search: it had a battery. serial-starter would try all other programs before it comes back to us, after a
# cable that was plugged in again too; without its note it starts the last program, which is us.
[ $(($(bms_uptime) - bms_began)) -lt 30 ] || rm -f "/tmp/$bms_tty.prog"
# The driver cannot run on this device at all: keeps a supervisor from trying every second.
case $bms_status in
    78 | 126 | 127)
        if [ -z "$bms_stopping" ]; then
            sleep 10 &
            wait $!
        fi
        ;;
esac
exit "$bms_status"
