#!/bin/sh
# Stand-in for update-data.sh of Venus OS: applies the archives on USB sticks and SD cards to /data.
work=/tmp/update-data
for archive in /media/*/venus-data-*.tar.gz /media/*/venus-data.tar.gz; do
    [ -f "$archive" ] || continue
    rm -rf $work
    mkdir $work
    tar -xzf "$archive" -C $work rc 2>/dev/null
    if [ -f $work/rc/pre-hook.sh ] && ! sh $work/rc/pre-hook.sh; then
        echo "$archive: refused by its pre-hook"
        continue
    fi
    # Everything except rc/; the tar of this BusyBox has no --exclude.
    names=$(tar -tzf "$archive" 2>/dev/null | cut -d / -f 1 | sort -u | grep -vx rc)
    # shellcheck disable=SC2086
    if tar -xzf "$archive" -C /data $names; then result=success; else result=extraction-failed; fi
    [ ! -f $work/rc/post-hook.sh ] || sh $work/rc/post-hook.sh $result
    echo "$archive: $result"
done
rm -rf $work
