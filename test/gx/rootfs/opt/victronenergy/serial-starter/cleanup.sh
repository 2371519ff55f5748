#!/bin/sh
# udev runs it when a tty went away: stops its services, drops link and lock.
. /opt/victronenergy/serial-starter/functions.sh
rm -f "/dev/serial-starter/$1"
for service in /service/*."$1"; do
    [ ! -e "$service" ] || svc -d "$service"
done
unlock_tty "$1"
