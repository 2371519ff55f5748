#!/bin/sh
# Installs dbus-bms on a GX device, goes back to the version before, takes it away. Usage: see usage() below.
#
# Everything is in /data/apps/dbus-bms, one folder for each version; `current` points at one of them. The root file system is
# never written. Each change is one rename, in an order that leaves a device that works after a power cut at any moment;
# running the same command again finishes what was begun.

here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd -P)
. "$here/rc/venus.sh"
. "$here/rc/preflight.sh"
. "$here/rc/services.sh"

usage() {
    cat <<EOF
usage: install.sh [install [--force]]     install this package, or update to it
       install.sh rollback                go back to the version before
       install.sh status                  what is installed and what runs
       install.sh uninstall [--purge]     remove everything; --purge also a configuration that you edited
EOF
}

die() {
    say "failed: $*"
    exit 1
}

# What is true now, for whoever reads the last line.
outcome() {
    now=$(version_of current)
    if [ -n "$now" ]; then echo "version $now stays installed"; else echo "nothing is installed"; fi
}

# Brings this package to its versioned folder, by a rename as the last act.
place_package() {
    version=$(field version "$here")
    target=$APPS/$version
    [ "$here" != "$target" ] || return 0
    if [ -d "$target" ] && is_complete "$target"; then
        [ "$here" != "$APPS/incoming" ] || rm -rf "$here"
        return 0
    fi
    incoming=$APPS/incoming
    if [ "$here" != "$incoming" ]; then
        rm -rf "$incoming"
        cp -a "$here" "$incoming" || { rm -rf "$incoming"; return 1; }
        step
        is_complete "$incoming" || { rm -rf "$incoming"; return 1; }
    fi
    chown -R 0:0 "$incoming" 2>/dev/null
    sync
    if [ -d "$target" ]; then
        # Only a damaged folder is replaced.
        rm -rf "$APPS/damaged"
        mv "$target" "$APPS/damaged" || return
        step
    fi
    mv "$incoming" "$target" && sync && step
    rm -rf "$APPS/damaged"
}

# The version before stays for `rollback`, older ones go.
prune() {
    for folder in "$APPS"/*/; do
        folder=${folder%/}
        case ${folder##*/} in
            current | previous | templates | "$(version_of current)" | "$(version_of previous)") ;;
            *) rm -rf "$folder" ;;
        esac
    done
}

# Makes VERSION the current one; the one that was stays as `previous`.
switch_to() {
    was=$(version_of current)
    [ "$was" != "$1" ] || return 0
    if [ -n "$was" ]; then
        point "$APPS/previous" "$was" || return
        step
    fi
    point "$APPS/current" "$1" && step
}

# What the boot hook does at every boot, now.
bring_to_life() {
    bring_template "$APPS/current" || return
    step
    bring_rule "$APPS/current" || return
    step
    restart_services
}

install_package() {
    for option in "$@"; do
        case $option in
            --force) force=yes ;;
            *) usage; exit 2 ;;
        esac
    done
    [ -f "$here/package" ] || die "this is not a package; take a release archive"
    version=$(field version "$here")
    was=$(version_of current)
    # The room for a copy, unless the package is where it stays.
    case $here in
        "$APPS"/*) room= ;;
        *) room=$(field kilobytes "$here") ;;
    esac
    [ ! -d "$APPS/$version" ] || room=
    preflight "$here" "$room" || { say "nothing was changed; $(outcome)"; exit 1; }
    is_complete "$here" || die "the package is damaged (checksums); download or copy it again. Nothing was changed; $(outcome)"

    make_folders || die "$APPS cannot be made; $(outcome)"
    step
    place_package || die "the package cannot be copied to $APPS; $(outcome)"
    cd "$APPS/$version" || die "$APPS/$version cannot be entered; $(outcome)"
    if [ ! -f "$CONFIG" ]; then
        put "$CONFIG" 644 <"$APPS/$version/dbus-bms.example.toml" || die "$CONFIG cannot be written; $(outcome)"
        step
    fi
    switch_to "$version" || die "$APPS/current cannot be changed; $(outcome)"
    { cat "$APPS/history" 2>/dev/null; echo "$version"; } | sort -u | put "$APPS/history" 644
    step
    # The hook before rule and template: a device that boots between them is completed by it.
    set_hook || die "$HOOK cannot be written; the driver would not start after a boot"
    step
    here=$APPS/$version
    bring_to_life || die "version $version is in place but not started; restart the device"
    prune
    step
    if [ -z "$was" ]; then
        say "installed version $version; batteries appear within a minute. Settings: $CONFIG"
    elif [ "$was" = "$version" ]; then
        say "version $version is installed and complete"
    else
        say "updated from $was to $version; to go back: $APPS/current/install.sh rollback"
    fi
}

rollback() {
    target=$(version_of previous)
    if [ -z "$target" ] || [ "$target" = "$(version_of current)" ]; then die "there is no version to go back to; $(outcome)"; fi
    [ "$(field architecture "$APPS/$target")" = "$(architecture)" ] || die "version $target is for another architecture; $(outcome)"
    is_complete "$APPS/$target" || die "version $target is damaged; $(outcome)"
    was=$(version_of current)
    # Not in the order of an update: cut off in between, the older version is at work and that is all that was asked for.
    point "$APPS/current" "$target" || die "$APPS/current cannot be changed; $(outcome)"
    step
    point "$APPS/previous" "$was" || die "$APPS/previous cannot be changed; $(outcome)"
    step
    { set_hook && bring_to_life; } || die "version $target is in place but not started; restart the device"
    say "went back to version $target; the version before is kept, \`rollback\` returns to it"
}

# report NAME GOOD BAD COMMAND...: one line of the status, by what the command says.
report() {
    if (shift 3; "$@"); then
        printf '%-15s %s\n' "$1" "$2"
    else
        printf '%-15s %s\n' "$1" "$3"
        wrong=yes
    fi
}

template_is_in_place() {
    template_is_bound && same_template "$TEMPLATES" "$APPS/current"
}

# Ends with 1 when something is not as it must be; no battery at the moment is no fault.
status() {
    now=$(version_of current)
    if [ -z "$now" ]; then
        echo "not installed"
        return 1
    fi
    echo "version         $now ($(field architecture "$APPS/current"), this device is $(architecture))"
    echo "rollback to     $(v=$(version_of previous); echo "${v:-none}")"
    wrong=
    report files complete "DAMAGED: install again" is_complete "$APPS/current"
    report "boot hook" set "MISSING: install again, or nothing starts after a firmware update" hook_is_set
    report template "in place" "MISSING: restart the device; see /data/log/dbus-bms.boot" template_is_in_place
    name=$(program_name)
    report serial-starter "knows us as $name" "has NO RULE for us: restart the device" test -n "$name"
    echo "configuration   $CONFIG"
    found=
    for service in "$SERVICES"/dbus-bms.*; do
        is_up "$service" || continue
        found=yes
        echo "battery         ${service##*.}: $(svstat "$service" | sed 's/^[^:]*: //')"
    done
    [ -n "$found" ] || echo "battery         none runs"
    [ -z "$wrong" ]
}

# An edited configuration is the owner's work.
remove_configuration() {
    [ -f "$CONFIG" ] || return 0
    for example in "$APPS"/*/dbus-bms.example.toml; do
        ! cmp -s "$example" "$CONFIG" || purge=yes
    done
    if [ -n "${purge:-}" ]; then rm -f "$CONFIG"; else say "your configuration stays in $CONFIG (--purge removes it)"; fi
}

# forget_ports PROGRAM
forget_ports() {
    for file in "$CACHE"/* /tmp/*.prog; do
        [ -f "$file" ] && [ "$(cat "$file")" = "$1" ] && rm -f "$file"
    done
    return 0
}

uninstall() {
    case ${1:-} in
        --purge) purge=yes ;;
        "") ;;
        *) usage; exit 2 ;;
    esac
    cd / || exit
    program=$(program_name)
    # The rule before the hook: a device that boots between them is complete again. The other way round it would be left
    # with a rule for a template that nobody brings.
    drop_rule || die "$RULES cannot be written; $(outcome)"
    step
    drop_hook || die "$HOOK cannot be written; $(outcome)"
    step
    hold_starter
    remove_drivers
    forget_ports "${program:-bmsdriver}"
    step
    drop_template || say "warning: $TEMPLATES stays covered until the next boot"
    release_starter
    step
    for folder in "$APPS"/templates/*/*; do
        name=${folder##*/}
        [ "$name" = dbus-bms ] || [ ! -d "$folder" ] || [ -d "$TEMPLATES/$name" ] ||
            say "the template $name came after us and is gone now; install that program again"
    done
    rm -rf "$STATE" /data/log/dbus-bms.*
    rmdir "${STATE%/*}" 2>/dev/null
    step
    remove_configuration
    step
    made=$(cat "$APPS/made" 2>/dev/null)
    rm -f "$APPS/current"
    step
    rm -rf "$APPS"
    for folder in $made; do
        rmdir "$folder" 2>/dev/null
    done
    step
    say "removed; take USB sticks with its archive out before the next boot"
}

command=${1:-install}
[ $# -eq 0 ] || shift
case $command in
    install) install_package "$@" ;;
    --force) install_package --force "$@" ;;
    rollback) rollback ;;
    status) status ;;
    uninstall) uninstall "$@" ;;
    --help | help) usage ;;
    *) usage; exit 2 ;;
esac
