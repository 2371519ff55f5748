#!/bin/sh
# Installs dbus-bms on a GX device, goes back to the version before, takes it away. Usage: see usage() below.
#
# Everything is in /data/apps/dbus-bms, one folder for each version; `current` points at one of them. The root file system is
# never written. Each change is one rename, in an order that leaves a device that works after a power cut at any moment;
# running the same command again finishes what was begun.

here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd -P)
for part in venus bridge preflight services status; do
    if [ ! -r "$here/rc/$part.sh" ]; then
        echo "dbus-bms: failed: this package is damaged ($here/rc/$part.sh is missing); unpack the archive again"
        exit 1
    fi
done
. "$here/rc/venus.sh"
. "$here/rc/preflight.sh"
. "$here/rc/bridge.sh"
. "$here/rc/services.sh"
. "$here/rc/status.sh"

usage() {
    cat <<EOF
usage: install.sh [install [--force]]     install this package, or update to it
       install.sh rollback                go back to the version before
       install.sh status                  what is installed and what runs
       install.sh uninstall [--purge]     remove everything; --purge also a configuration that you edited
Ends with 0 when all is well, 1 when it changed nothing or could not finish (status: when something is not as it must be),
2 when the command line cannot be understood, 3 when it did its work and the settings have errors.
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

# Two at once (a stick at boot, an owner over SSH) would undo each other's work.
claim() {
    claimed=/run/dbus-bms.install
    other=$(cat $claimed 2>/dev/null)
    if [ -n "$other" ] && [ "$other" != $$ ] && grep -q install.sh "/proc/$other/cmdline" 2>/dev/null; then
        die "another install.sh is at work (process $other); wait until it has ended. Nothing was changed; $(outcome)"
    fi
    echo $$ >$claimed
}

# no_more ARGUMENT...: a command that takes no arguments got some.
no_more() {
    [ $# -eq 0 ] || { usage; exit 2; }
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
    case $version in
        '' | *[!0-9A-Za-z.+~-]* | [!0-9]*) die "the package is damaged (its description); download or copy it again. Nothing was changed; $(outcome)" ;;
    esac
    claim
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
    # A link that leads nowhere is the owner's all the same.
    if [ ! -e "$CONFIG" ] && [ ! -L "$CONFIG" ]; then
        put "$CONFIG" 644 <"$APPS/$version/dbus-bms.example.toml" || die "$CONFIG cannot be written; $(outcome)"
        step
    fi
    switch_to "$version" || die "$APPS/current cannot be changed; $(outcome)"
    { cat "$APPS/history" 2>/dev/null; echo "$version"; } | sort -u | put "$APPS/history" 644 ||
        die "$APPS/history cannot be written; version $version is in place but not started, make room and install again"
    step
    # The hook before rule and template: a device that boots between them is completed by it.
    set_hook || die "$HOOK cannot be written; the driver would not start after a boot"
    step
    here=$APPS/$version
    bring_to_life || die "version $version is in place but not started; restart the device"
    prune
    step
    say_settings || attention=3
    if [ -z "$was" ]; then
        say "installed version $version; batteries appear within three minutes. Settings: $CONFIG"
    elif [ "$was" = "$version" ]; then
        say "version $version is installed and complete"
    else
        say "updated from $was to $version; to go back: $APPS/current/install.sh rollback"
    fi
    exit "${attention:-0}"
}

rollback() {
    target=$(version_of previous)
    if [ -z "$target" ] || [ "$target" = "$(version_of current)" ]; then die "there is no version to go back to; $(outcome)"; fi
    is_complete "$APPS/$target" || die "version $target is damaged; $(outcome)"
    [ "$(field architecture "$APPS/$target")" = "$(architecture)" ] || die "version $target is for another architecture; $(outcome)"
    data_is_writable || die "/data cannot be written; nothing was changed; $(outcome)"
    claim
    was=$(version_of current)
    # Not in the order of an update: cut off in between, the older version is at work and that is all that was asked for.
    point "$APPS/current" "$target" || die "$APPS/current cannot be changed; $(outcome)"
    step
    point "$APPS/previous" "$was" || die "$APPS/previous cannot be changed; $(outcome)"
    step
    { set_hook && bring_to_life; } || die "version $target is in place but not started; restart the device"
    say_settings || attention=3
    say "went back to version $target; the version before is kept, \`rollback\` returns to it"
    exit "${attention:-0}"
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
    if [ -z "$(rests)" ]; then
        remove_configuration
        say "nothing is installed, so nothing was removed"
        return
    fi
    data_is_writable || die "/data cannot be written; nothing was removed; $(outcome)"
    claim
    program=$(program_name)
    # The rule before the hook: a device that boots between them is complete again. The other way round it would be left
    # with a rule for a template that nobody brings.
    drop_rule || die "$RULES cannot be written; $(outcome)"
    step
    drop_hook || die "$HOOK cannot be written; $(outcome)"
    step
    hold_starter
    drop_bridge
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
    # A template that is still covered was said above; it ends with the next boot.
    left=$(rests | grep -vxF "$TEMPLATES")
    [ -z "$left" ] || die "not everything could be removed; these are still there: $(echo "$left" | tr '\n' ' ')"
    say "removed; take USB sticks with its archive out before the next boot"
}

command=${1:-install}
[ $# -eq 0 ] || shift
case $command in
    install) install_package "$@" ;;
    --force) install_package --force "$@" ;;
    rollback) no_more "$@"; rollback ;;
    status) no_more "$@"; status ;;
    uninstall) uninstall "$@" ;;
    --help | help) usage ;;
    *) usage; exit 2 ;;
esac
