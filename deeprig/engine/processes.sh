# What every program of ours on a host knows of time and processes; it stands before each of them.

read_uptime() {
    read -r uptime _ </proc/uptime
    uptime=${uptime%.*}
}

# Print when a process started (proc(5), stat, field 22): its number alone may be another's by now.
# One that has ended and is not yet waited for (Z) is gone.
start_of() {
    fields=$(cat "/proc/$1/stat" 2>/dev/null) || return 1
    # Its second field is the name, in parentheses, with whatever is in it.
    set -- ${fields##*) }
    [ "$1" != Z ] || return 1
    shift 19
    echo "$1"
}

