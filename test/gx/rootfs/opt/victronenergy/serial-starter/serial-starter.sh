#!/bin/sh
# Stand-in for serial-starter of Venus OS, step by step as it is known from the outside. Instead of udev properties it reads
# /dev/serial-starter.env/<tty>.
. /opt/victronenergy/serial-starter/functions.sh

DEVICES=/dev/serial-starter
VOLATILE=/var/volatile/services
TEMPLATES=/opt/victronenergy/service-templates
CACHE=/data/var/lib/serial-starter

load_config() {
    while read -r keyword name value; do
        case $keyword in
            service | alias)
                case $name in *[!A-Za-z0-9_]*) echo "ERROR: invalid name $name" ;; esac
                eval "${keyword}_$name='$value'"
                ;;
            include)
                if [ -d "$name" ]; then
                    for file in "$name"/*.conf; do
                        [ ! -f "$file" ] || load_config "$file"
                    done
                elif [ -f "$name" ]; then
                    load_config "$name"
                fi
                ;;
        esac
    done <"$1"
}

# The programs of a list, each followed by a colon. A name is marked when it is entered.
expand() {
    eval "list=\${alias_$1:-}"
    if [ -z "$list" ]; then
        expanded="$expanded$1:"
        return
    fi
    case " $entered " in *" $1 "*) return ;; esac
    entered="$entered $1"
    for item in $(echo "$list" | tr ':' ' '); do
        case " $entered " in *" $item "*) continue ;; esac
        expand "$item"
    done
}

start_service() {
    tty=$1
    program=$2
    mode=$3
    eval "template=\${service_$program:-}"
    if [ -z "$template" ] || [ ! -d "$TEMPLATES/$template" ]; then
        echo "ERROR: no service or template for $program"
        unlock_tty "$tty"
        return
    fi
    service=/service/$template.$tty
    if [ ! -d "$service" ]; then
        mkdir -p "$VOLATILE/$template.$tty"
        cp -a "$TEMPLATES/$template/." "$VOLATILE/$template.$tty/"
        for run in run log/run; do
            [ ! -f "$VOLATILE/$template.$tty/$run" ] || sed -i "s/TTY/$tty/" "$VOLATILE/$template.$tty/$run"
        done
        ln -s "$VOLATILE/$template.$tty" "$service"
        # svscan must see it first.
        sleep 6
    fi
    echo "INFO: start $template.$tty"
    svc -u "$service/log"
    svc "$mode" "$service"
}

load_config /etc/venus/serial-starter.conf
# Dangling links of an earlier life.
for link in /service/*; do
    [ -e "$link" ] || rm -f "$link"
done
echo "INFO: ready"

while :; do
    for link in "$DEVICES"/*; do
        [ -L "$link" ] || continue
        TTY=${link##*/}
        lock_tty "$TTY" || continue
        if [ ! -e "/dev/$TTY" ]; then
            unlock_tty "$TTY"
            continue
        fi
        VE_SERVICE=
        [ ! -f "/dev/serial-starter.env/$TTY" ] || . "/dev/serial-starter.env/$TTY"
        programs=
        for name in $(echo "${VE_SERVICE:-default}" | tr ':' ' '); do
            entered=
            expanded=
            expand "$name"
            programs=$programs$expanded
        done
        if [ "$programs" = ignore: ]; then
            rm -f "$link"
            unlock_tty "$TTY"
            continue
        fi
        if [ "$(echo "$programs" | tr -cd ':')" = : ]; then
            rm -f "$link"
            start_service "$TTY" "${programs%:}" -u &
        else
            program=$(cat "/tmp/$TTY.prog" 2>/dev/null || cat "$CACHE/$TTY" 2>/dev/null)
            case ":$programs" in *":$program:"*) ;; *) program=${programs%%:*} ;; esac
            # What follows the first "<program>:", around the end.
            rest=${programs#*"$program:"}
            [ -n "$rest" ] || rest=$programs
            echo "${rest%%:*}" >"/tmp/$TTY.prog"
            echo "$program" >"$CACHE/$TTY"
            start_service "$TTY" "$program" -o &
        fi
        sleep 1
    done
    sleep 2
done
