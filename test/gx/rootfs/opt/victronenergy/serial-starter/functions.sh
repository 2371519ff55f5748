# A lock is a link whose target is a pid.
lock_tty() {
    ln -s $$ "/var/lock/serial-starter/$1" 2>/dev/null
}

unlock_tty() {
    rm -f "/var/lock/serial-starter/$1"
}
