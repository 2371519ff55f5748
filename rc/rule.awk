# Reads `service NAME TEMPLATE` and `alias NAME a:b:c` lines as serial-starter does (the last one of a name counts) and
# prints our rule: the lists through which a USB adapter can come, each with the programs that it has and ours at its end.

$1 == "service" { template[$2] = $3 }
$1 == "alias" { list[$2] = $3 }

END {
    ours = free("bmsdriver", "dbus-bms")
    if ("cgwacs" in template) {
        meter = free("cgwacs2", template["cgwacs"])
        second = "service " meter " " template["cgwacs"]
    }
    print "# Written by dbus-bms at every boot from the other files; changes are lost. `install.sh uninstall` removes it."
    print "service " ours " dbus-bms"
    if (second != "") print second
    print "alias default " programs("default") ours
    print "alias rs485 " programs("rs485") ours
    print "alias cgwacs " programs("cgwacs") ours
}

# The programs of a list, each once, each followed by a colon.
function programs(name,    entered, seen) {
    out = ""
    expand(name, entered, seen)
    return out
}

# A list that names itself means the program of that name.
function expand(name, entered, seen,    parts, count, i) {
    if ((name in list) && !(name in entered)) {
        entered[name] = 1
        count = split(list[name], parts, ":")
        for (i = 1; i <= count; i++) expand(parts[i], entered, seen)
    } else if ((name in template) && template[name] != "dbus-bms") {
        if (name == "cgwacs") name = meter
        if (!(name in seen)) out = out name ":"
        seen[name] = 1
    }
}

# A name that is no other program's. serial-starter finds the successor of a program by the first "<name>:" in the list, so
# no name may be the end of another one.
function free(wanted, of,    name, number) {
    name = wanted
    for (number = 2; !fits(name, of); number++) name = wanted "x" number
    return name
}

function fits(name, of,    other) {
    if ((name in template) && template[name] != of) return 0
    if (name in list) return 0
    for (other in template) if (other != name && (ends(other, name) || ends(name, other))) return 0
    return 1
}

function ends(text, tail) {
    return length(text) >= length(tail) && substr(text, length(text) - length(tail) + 1) == tail
}
