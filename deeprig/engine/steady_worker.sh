# The work itself, in a unit of its own: sh FILE DIRECTORY UNIT KIND. See steady.sh.
set -u
umask 077
directory=$1 unit=$2 kind=$3
job=$directory/$unit
# A shutdown asks the worker alone, and waits: half a transaction is worse than either state.
trap : HUP INT TERM
exec >>"$job/output" 2>&1 </dev/null

read_uptime
echo "$$ $(start_of $$) $uptime" >"$job/worker.new" && mv "$job/worker.new" "$job/worker" || exit 1

finish() {
    echo "$1" >"$job/code.new" && mv "$job/code.new" "$job/code"
    exit "$1"
}

# --- packages -------------------------------------------------------------------------------------

# Print who holds a lock of the package system: "PID", the file. Only a POSIX lock is one: fdinfo of
# the file's own descriptor says so (proc(5)), whatever file system it is on.
lock_holders() {
    find /proc/[0-9]*/fd -maxdepth 1 \( \
        -lname /var/lib/dpkg/lock-frontend -o -lname /var/lib/dpkg/lock -o \
        -lname /var/lib/apt/lists/lock -o -lname /var/cache/apt/archives/lock \) 2>/dev/null |
        while read -r descriptor; do
            process=${descriptor%/fd/*}
            if grep -q "^lock:.*POSIX" "$process/fdinfo/${descriptor##*/}" 2>/dev/null; then
                echo "${process#/proc/} $(readlink "$descriptor")"
            fi
        done
}

# Tell a process as a person wants it: number, command, user, for how long.
tell_process() {
    what=$(tr '\0' ' ' <"/proc/$1/cmdline" 2>/dev/null | cut -c 1-100)
    whose=$(stat -c %U "/proc/$1" 2>/dev/null)
    began=$(start_of "$1") || began=
    read_uptime
    ticks=$(getconf CLK_TCK)
    echo "pid $1 (${what% }), of ${whose:-nobody}, for $((uptime - ${began:-0} / ticks)) s"
}

# Wait until nobody holds the package system. Return 100, the holder told, where that is too long.
wait_for_packages() {
    told=''
    while holder=$(lock_holders | head -n 1) && [ -n "$holder" ]; do
        process=${holder%% *}
        whose=$(tell_process "$process")
        read_uptime
        if [ "$uptime" -ge "$deadline" ]; then
            echo "deeprig: ${holder#* } is still held after $patience s by $whose"
            echo "deeprig: wait for it, or see why it does not end ('ps -f $process'), and run again"
            return 100
        fi
        if [ "$told" != "$process" ]; then
            echo "deeprig: waits up to $((deadline - uptime)) s for the package system, held by $whose"
            told=$process
        fi
        sleep 0.5
    done
    return 0
}

# What a cut transaction leaves: packages half done, or dpkg's journal of changes (dpkg(1)).
is_half_done() {
    [ -n "$(dpkg --audit 2>&1)" ] ||
        [ -n "$(find /var/lib/dpkg/updates -name '[0-9]*' 2>/dev/null)" ]
}

# Remove what DKMS left half when it was cut, and cannot get over by itself: the why, and the same for
# the driver's own repair, in host/deeprig_host/driver/cut_builds.py.
forget_cut_builds() {
    for version in /var/lib/dkms/*/*/; do
        version=${version%/}
        [ -d "$version" ] && [ ! -L "$version" ] || continue
        [ -e "$version/build" ] || [ ! -e "$version/source" ] || continue
        module=${version%/*}
        # Of a package that dpkg has not done with, its postinst adds and builds it again. What a
        # person added by hand has a source, and no package.
        added_again=0 nobodys=0 stays=0
        if owner=$(dpkg-query -S "/usr/src/${module##*/}-${version##*/}/dkms.conf" 2>/dev/null); then
            status=$(dpkg-query -W -f '${db:Status-Status}' "${owner%%: *}" 2>/dev/null) &&
                [ "$status" != installed ] && added_again=1
        elif [ ! -e "$version/source" ]; then
            nobodys=1
        fi
        for kept in "$version"/*/*/; do
            kept=${kept%/}
            kernel=${kept%/*}
            [ -d "$kept" ] && [ ! -L "$kernel" ] && [ "$kernel" != "$version/build" ] || continue
            if [ "$(readlink -f "$module/kernel-${kernel##*/}-${kept##*/}")" = "$kept" ]; then
                stays=1
                continue
            fi
            if [ ! -e "$version/build" ] && [ "$added_again" -eq 0 ] &&
                [ -n "$(find "$kept/module" -name '*.ko*' 2>/dev/null)" ]; then
                stays=1
                continue
            fi
            echo "deeprig: a build by DKMS was cut: $kept is removed"
            rm -rf "$kept"
            rmdir "$kernel" 2>/dev/null
        done
        [ "$stays" -eq 0 ] && [ "$((added_again + nobodys))" -gt 0 ] || continue
        echo "deeprig: DKMS was cut: $version is removed"
        rm -rf "$version"
    done
}

repair() {
    is_half_done || return 0
    echo "deeprig: packages are half done, an earlier run was cut off: they are repaired first"
    forget_cut_builds
    dpkg --force-confdef --force-confold --configure -a 9>&-
    apt-get -y -o Dpkg::Options::=--force-confdef -o Dpkg::Options::=--force-confold -f install 9>&-
}

# Say whether the last attempt ended because somebody took a lock in between; nothing was done then.
# In every language apt names the file with errno 11 (EAGAIN) or the holder, and dpkg its page.
met_lock() {
    tail -c "+$((before + 1))" "$job/output" |
        grep -qE "^E: .*/lock.*(\\(11: |[0-9]+ \\()|#db-lock"
}

with_packages() {
    export DEBIAN_FRONTEND="${DEBIAN_FRONTEND:-noninteractive}"
    export NEEDRESTART_SUSPEND="${NEEDRESTART_SUSPEND:-1}"
    export APT_LISTCHANGES_FRONTEND="${APT_LISTCHANGES_FRONTEND:-none}"
    # Role base sets it (base.apt.lock_timeout_seconds); else what apt(8) takes for patient.
    patience=''
    eval "$(apt-config shell patience DPkg::Lock::Timeout)"
    case $patience in '' | *[!0-9]*) patience=600 ;; esac
    read_uptime
    deadline=$((uptime + patience))
    while :; do
        wait_for_packages || return $?
        before=$(wc -c <"$job/output")
        code=0
        repair || code=$?
        [ "$code" -ne 0 ] || sh "$job/command" 9>&- || code=$?
        [ "$code" -ne 0 ] && met_lock || return "$code"
        read_uptime
        [ "$uptime" -lt "$deadline" ] || return "$code"
        sleep 0.5
    done
}

# --- the work -------------------------------------------------------------------------------------

. "$job/environment" || finish 1
umask 022
# Never two at once, also under pyinfra's own command line. No child inherits it: a service that the
# work starts would keep it for ever.
exec 9>>"$directory/steady.lock" || finish 1
flock -n 9 || {
    echo "deeprig: waits for earlier work of deeprig on this host"
    flock -w 7200 9 || { echo "deeprig: it did not end in two hours"; finish 1; }
}
if [ "$kind" = apt ]; then
    with_packages
else
    sh "$job/command" 9>&-
fi
finish $?
