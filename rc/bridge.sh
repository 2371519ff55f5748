# shellcheck shell=sh
# The service of the bridge to home automation: there while the settings turn one of its outputs on, and only then. It lies in
# RAM, so it is made at every boot; after another setting, `install.sh` or a restart makes it or takes it away. Sourced after
# venus.sh.

BRIDGE=/service/dbus-bms-bridge
BRIDGE_HOME=/var/volatile/services/dbus-bms-bridge

# The table of an output, or a key of one where tables are written in one line.
bridge_is_wanted() {
    grep -Eqs '^[[:space:]]*\[?[[:space:]]*bridge[[:space:]]*\.[[:space:]]*(mqtt|lines|metrics|domoticz)' "$CONFIG"
}

same_bridge() {
    cmp -s "$BRIDGE_HOME/run" "$1/bridge-service/run" && cmp -s "$BRIDGE_HOME/log/run" "$1/bridge-service/log/run"
}

# bring_bridge PACKAGE: makes the service, or takes it away; one that runs starts anew with the program and settings of now.
bring_bridge() {
    # An older version, to which an owner went back, has no bridge.
    if ! bridge_is_wanted || [ ! -d "$1/bridge-service" ]; then
        drop_bridge
        return
    fi
    if [ -e "$BRIDGE" ] && same_bridge "$1"; then
        ! svok "$BRIDGE" 2>/dev/null || svc -t "$BRIDGE"
        return
    fi
    drop_bridge
    mkdir -p "${BRIDGE_HOME%/*}" && rm -rf "$BRIDGE_HOME.new" && cp -a "$1/bridge-service" "$BRIDGE_HOME.new" &&
        mv "$BRIDGE_HOME.new" "$BRIDGE_HOME" && ln -s "$BRIDGE_HOME" "$BRIDGE"
}

# It says goodbye to the broker before it ends.
drop_bridge() {
    rm -f "$BRIDGE"
    [ -d "$BRIDGE_HOME" ] || return 0
    if svok "$BRIDGE_HOME" 2>/dev/null; then
        svc -dx "$BRIDGE_HOME" "$BRIDGE_HOME/log"
        waited=0
        while { svok "$BRIDGE_HOME" || svok "$BRIDGE_HOME/log"; } 2>/dev/null && [ $waited -lt 10 ]; do
            sleep 1
            waited=$((waited + 1))
        done
    fi
    rm -rf "$BRIDGE_HOME"
}
