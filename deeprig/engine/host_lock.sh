# Hold this host for one run of deeprig, as long as the run sends signs of life.
#
#   sh -c TEXT hold DIRECTORY SILENT_SECONDS TOKEN OWNER PID COMMAND SINCE
#
# The lock is flock(2) on DIRECTORY/host.lock: the kernel frees it with its last holder, so no crash
# leaves it behind. Who holds it stands beside it. A line on standard input is a sign of life, "end"
# the orderly end; its end, or silence for SILENT_SECONDS, is a lost controller. Ages are seconds of
# /proc/uptime: a clock that is wrong or is set anew does not matter.
# Who meets a holder that was silent for a quarter of that waits until it is heard of again, or lost.
# Answers, line by line: what an earlier run left ("stale" and its data), then "held"; or "taken",
# the holder's data, and "refused".
set -u
umask 022
directory=$1 silent_after=$2
doubtful_after=$((silent_after / 4))
shift 2
token=$1 owner=$2 pid=$3 command=$4 since=$5
lock=$directory/host.lock data=$directory/host.owner life=$directory/host.life
boot=$(cat /proc/sys/kernel/random/boot_id)

write_whole() {
    cat >"$1.new" && mv "$1.new" "$1"
}

read_data() {
    found_token='' found_boot='' found_holder='' found_start='' found_life=''
    [ -f "$data" ] || return 1
    while read -r key value; do
        case $key in
        token) found_token=$value ;;
        boot) found_boot=$value ;;
        holder) found_holder=$value ;;
        start) found_start=$value ;;
        esac
    done <"$data"
    # Without a sign of life yet it has just begun.
    { read -r found_life <"$life"; } 2>/dev/null || found_life=
    read_uptime
    found_silent=$((uptime - ${found_life:-$uptime}))
}

# Our own holder of before (a new address, its old connection not closed yet) is nobody else.
is_live() {
    [ "$found_token" != "$token" ] && [ "$found_boot" = "$boot" ] &&
        [ "$found_silent" -le "$silent_after" ] &&
        [ "$(start_of "$found_holder")" = "$found_start" ]
}

tell() {
    echo "$1"
    cat "$data"
    echo "silent $found_silent"
    echo "uptime $uptime"
}

end_stuck_holder() {
    if [ -n "$found_start" ] && [ "$(start_of "$found_holder")" = "$found_start" ]; then
        kill -KILL "$found_holder"
    fi
}

sign_of_life() {
    read_uptime
    echo "$uptime" | write_whole "$life"
}

command -v flock >/dev/null || {
    echo "flock (package util-linux) is not installed" >&2
    exit 1
}
mkdir -p "$directory" || exit 1
exec 9>>"$lock" || exit 1
left=5
until flock -n 9; do
    # Without data the holder is about to write, or to remove, its own.
    read_data && is_known=yes || is_known=no
    if [ "$is_known" = yes ] && is_live; then
        # A few signs of life missed: either it is heard of again, or it is lost.
        if [ "$found_silent" -gt "$doubtful_after" ]; then
            flock -w 1 9 && break
            continue
        fi
        left=0
    fi
    if [ "$left" -eq 0 ]; then
        [ "$is_known" = no ] && echo taken || tell taken
        echo refused
        exit 0
    fi
    [ "$is_known" = no ] || end_stuck_holder
    left=$((left - 1))
    flock -w 1 9 && break
done
if read_data; then
    tell stale
fi
# An old sign of life beside new data would make us look lost.
rm -f "$life"
read_uptime
write_whole "$data" <<END || exit 1
token $token
owner $owner
pid $pid
command $command
since $since
since_uptime $uptime
boot $boot
holder $$
start $(start_of $$)
END
sign_of_life || exit 1
echo held
# The reader does not inherit the lock: it may outlive a holder that was ended.
while line=$(exec timeout "$silent_after" dd bs=256 count=1 2>/dev/null 9>&-) && [ -n "$line" ]; do
    case $line in
    *end*)
        rm -f "$data" "$life"
        exit 0
        ;;
    esac
    sign_of_life
done
# Lost: the data stays, and tells the next run whose work this was.
exit 1
