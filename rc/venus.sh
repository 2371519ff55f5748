# shellcheck shell=sh
# Where things are on a Venus device, and the small steps of which installer and boot hook are made. Sourced, never run.
# Every change is one step that leaves a working device behind: files and links are replaced by a rename.
# Names that seem unused here are for those who source this file.
# shellcheck disable=SC2034

APPS=/data/apps/dbus-bms
CONFIG=/data/conf/dbus-bms.toml
STATE=/data/var/lib/dbus-bms
HOOK=/data/rcS.local
HOOK_LINE="[ ! -x $APPS/current/rc/boot.sh ] || $APPS/current/rc/boot.sh # dbus-bms"
VICTRON=/opt/victronenergy
STARTER=$VICTRON/serial-starter
TEMPLATES=$VICTRON/service-templates
STOCK_RULES=/etc/venus/serial-starter.conf
RULES=/data/conf/serial-starter.d
CACHE=/data/var/lib/serial-starter
# Room for what is written anew in any case: rule, hook, list of versions.
SMALL_KB=256

say() {
    echo "dbus-bms: $*"
}

data_is_writable() {
    touch /data/.dbus-bms.new 2>/dev/null && rm -f /data/.dbus-bms.new
}

free_kilobytes() {
    df -P -k /data | awk 'NR == 2 { print $4 }'
}

# log_to FILE: everything that follows is written there; where that is impossible, it stays on the screen.
log_to() {
    ! touch "$1" 2>/dev/null || exec >>"$1" 2>&1
}

steps=0
# Ends a change. A test stops the script after its n-th change, as a power cut would.
step() {
    steps=$((steps + 1))
    [ "$steps" != "${DBUS_BMS_FAIL_AFTER:-}" ] || kill -9 $$
}

# put FILE MODE: makes standard input the content of FILE, in one rename; leaves nothing behind where that is impossible.
put() {
    # A rename onto a folder would move the file into it.
    [ ! -d "$1" ] || return 1
    if cat >"$1.new" && chmod "$2" "$1.new" && sync && mv -f "$1.new" "$1"; then return 0; fi
    rm -f "$1.new"
    return 1
}

# point LINK TARGET: makes LINK a link to TARGET, in one rename. BusyBox has `mv -T` only in newer releases. A backup that was
# restored without links has folders in their place: no rename replaces one.
point() {
    if [ -d "$1" ] && [ ! -L "$1" ]; then
        rm -rf "$APPS/damaged" && mv "$1" "$APPS/damaged" || return
    fi
    rm -f "$1.new" && ln -s "$2" "$1.new" && {
        mv -f -T "$1.new" "$1" 2>/dev/null ||
            python3 -c 'import os, sys; os.rename(*sys.argv[1:])' "$1.new" "$1"
    } && sync
}

# Makes the folders that we write to. The ones that were not there are noted, so that uninstalling takes them away again.
make_folders() {
    missing=
    for folder in /data/apps "$APPS" /data/conf "$RULES"; do
        [ -d "$folder" ] || missing="$folder $missing"
    done
    mkdir -p "$APPS" "$RULES" || return
    [ -z "$missing" ] || [ -f "$APPS/made" ] || echo "$missing" | put "$APPS/made" 644
}

# field NAME PACKAGE: one value of the description of a package, such as its version.
field() {
    sed -n "s/^$1=//p" "$2/package" 2>/dev/null
}

# The architecture of this machine in the words of our packages.
architecture() {
    case $(uname -m) in
        armv7l) echo armv7 ;;
        x86_64) echo x64 ;;
        *) uname -m ;;
    esac
}

# is_complete PACKAGE: every file is there and is what it was when it was packed. A list that was cut off would check less.
is_complete() {
    [ -f "$1/SHA256SUMS" ] && [ "$(wc -l <"$1/SHA256SUMS" | tr -d ' ')" = "$(field files "$1")" ] &&
        (cd "$1" && sha256sum -c SHA256SUMS >/dev/null 2>&1)
}

# version_of LINK: the version at which `current` or `previous` points; nothing where there is none.
version_of() {
    [ ! -L "$APPS/$1" ] || readlink "$APPS/$1"
}

# rests: whatever of this driver is on the device, one path a line.
rests() {
    for rest in "$APPS" "$RULES/dbus-bms.conf" "$RULES/zz-dbus-bms.conf" "$STATE" /service/dbus-bms.* /service/dbus-bms-bridge; do
        if [ -e "$rest" ] || [ -L "$rest" ]; then echo "$rest"; fi
    done
    ! grep -q '# dbus-bms$' "$HOOK" 2>/dev/null || echo "$HOOK"
    ! template_is_bound || echo "$TEMPLATES"
}

# --- The boot hook -----------------------------------------------------------------------------------------------------

# The hook without our line. NUL bytes are what a power cut leaves of a file that was not written safely.
hook_of_others() {
    [ ! -f "$HOOK" ] || tr -d '\000' <"$HOOK" | grep -v '# dbus-bms$'
}

# Our line comes right after the shebang: no `exit` of another line hides it.
hook_with_ours() {
    hook_of_others | LINE=$HOOK_LINE awk '
        NR == 1 { print /^#!/ ? $0 : "#!/bin/sh"; print ENVIRON["LINE"]; if (/^#!/) next }
        { print }
        END { if (NR == 0) print "#!/bin/sh\n" ENVIRON["LINE"] }'
}

hook_is_set() {
    [ -x "$HOOK" ] && grep -qxF "$HOOK_LINE" "$HOOK" && head -n 1 "$HOOK" | grep -q '^#!'
}

set_hook() {
    hook_is_set || hook_with_ours | put "$HOOK" 755
}

drop_hook() {
    [ -f "$HOOK" ] || return 0
    grep -q '# dbus-bms$' "$HOOK" || return 0
    if [ -n "$(hook_of_others | grep -v '^#!' | tr -d ' \n')" ]; then
        hook_of_others | put "$HOOK" 755
    else
        rm -f "$HOOK"
    fi
}

# --- The service template ----------------------------------------------------------------------------------------------
# The root file system is read-only and must stay as it is. A copy of the folder of templates, with ours in it, is bound over
# it. The copy belongs to one firmware; what other installers write into it stays, as it would on a writable root.

template_is_bound() {
    awk -v at="$TEMPLATES" '$5 == at { root = $4 } END { exit root !~ /\/apps\/dbus-bms\/templates\// }' /proc/self/mountinfo
}

# same_template FOLDER PACKAGE
same_template() {
    cmp -s "$1/dbus-bms/run" "$2/service/run" && cmp -s "$1/dbus-bms/log/run" "$2/service/log/run" &&
        [ -f "$1/dbus-bms/down" ]
}

# place_template FOLDER PACKAGE: sets template_changed when it was another one.
place_template() {
    same_template "$1" "$2" && return 0
    template_changed=yes
    rm -rf "$1/.dbus-bms.new" && cp -a "$2/service" "$1/.dbus-bms.new" && rm -rf "$1/dbus-bms" &&
        mv "$1/.dbus-bms.new" "$1/dbus-bms"
}

# bring_template PACKAGE
bring_template() {
    template_changed=
    if template_is_bound; then
        place_template "$TEMPLATES" "$1"
        return
    fi
    copy=$APPS/templates/$({ cat "$VICTRON/version" 2>/dev/null; } | sha256sum | cut -c 1-16)
    if [ ! -d "$copy" ]; then
        rm -rf "$APPS/templates"
        mkdir -p "$APPS/templates" && cp -a "$TEMPLATES" "$copy.new" && sync && mv "$copy.new" "$copy" || return
    fi
    for entry in "$TEMPLATES"/*; do
        [ -e "$copy/${entry##*/}" ] || cp -a "$entry" "$copy/" || return
    done
    place_template "$copy" "$1" && mount -o bind "$copy" "$TEMPLATES"
}

drop_template() {
    template_is_bound || return 0
    umount "$TEMPLATES" || umount -l "$TEMPLATES"
}

# --- The rule of serial-starter ----------------------------------------------------------------------------------------

# rule_lines FILE DEPTH: the configuration as serial-starter reads it, includes followed, our own files left out.
rule_lines() {
    [ "$2" -lt 5 ] || return 0
    while read -r word name rest || [ -n "$word" ]; do
        case $word in
            service | alias) echo "$word $name $rest" ;;
            include) included_lines "$name" "$2" ;;
        esac
    done <"$1"
}

# included_lines PATH DEPTH: of a file, or of every *.conf of a folder.
included_lines() {
    if [ -d "$1" ]; then
        for file in "$1"/*.conf; do
            case ${file##*/} in dbus-bms.conf | zz-dbus-bms.conf) continue ;; esac
            [ ! -f "$file" ] || rule_lines "$file" $(($2 + 1))
        done
    elif [ -f "$1" ]; then
        rule_lines "$1" $(($2 + 1))
    fi
}

# The rule: what every list of programs has without us, and we at its end. There is no way to append to a list, so lists are
# written out. `cgwacs` is a program and not a list; adapters with a CH340, CP2102 or PL2303 chip go to it alone, and a list
# of that name reaches them. Inside a list the program then needs a second name.
make_rule() {
    # Lists that are empty because the stock file is not there would take every port from the stock programs.
    [ -r "$STOCK_RULES" ] || return
    rule_lines "$STOCK_RULES" 0 | awk -f "$1/rc/rule.awk"
}

# A file that comes later and has lists of its own would hide ours.
rule_file() {
    for file in "$RULES"/*.conf; do
        case ${file##*/} in dbus-bms.conf | zz-dbus-bms.conf) continue ;; esac
        first=$(printf '%s\n' "${file##*/}" dbus-bms.conf | LC_ALL=C sort | head -n 1)
        [ "$first" = dbus-bms.conf ] || continue
        if grep -Eq '^[[:space:]]*alias[[:space:]]+(default|rs485|cgwacs)[[:space:]]' "$file" 2>/dev/null; then
            echo "$RULES/zz-dbus-bms.conf"
            return
        fi
    done
    echo "$RULES/dbus-bms.conf"
}

# bring_rule PACKAGE: sets rule_changed when serial-starter must read it anew.
bring_rule() {
    rule_changed=
    rule=$(rule_file)
    for file in "$RULES/dbus-bms.conf" "$RULES/zz-dbus-bms.conf"; do
        [ "$file" = "$rule" ] || [ ! -f "$file" ] || rm -f "$file" || return
    done
    text=$(make_rule "$1") || return
    [ "$(rule_of "$rule")" != "$text" ] || return 0
    rule_changed=yes
    echo "$text" | put "$rule" 644
}

rule_of() {
    cat "$1" 2>/dev/null
}

# rule_is_current PACKAGE: serial-starter has our rule, as it must be beside the other files of today.
rule_is_current() {
    [ "$(rule_of "$(rule_file)")" = "$(make_rule "$1" 2>/dev/null)" ]
}

drop_rule() {
    rm -f "$RULES/dbus-bms.conf" "$RULES/zz-dbus-bms.conf"
}

# The name under which serial-starter knows us.
program_name() {
    cat "$RULES/dbus-bms.conf" "$RULES/zz-dbus-bms.conf" 2>/dev/null |
        sed -n 's/^service \([A-Za-z0-9_]*\) dbus-bms$/\1/p' | head -n 1
}
