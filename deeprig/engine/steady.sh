# Do work that outlives the connection it was asked for over.
#
#   sh -c TEXT deeprig-steady DIRECTORY run UNIT KIND COMMAND WORKER
#       runs the shell command COMMAND as a unit of its own, copies its output to standard output,
#       and exits as it did. Whoever ends this follower does not end the work. KIND is "apt" for
#       what works with packages (see WORKER, the text of steady_worker.sh), else "plain".
#   sh -c TEXT deeprig-steady DIRECTORY earlier SECONDS [UNIT LOG]...
#       waits, at most SECONDS, until no work of ours runs any more; tells what still does, and how
#       work ended whose follower was lost. The UNITs are of other programs of ours.
#   sh -c TEXT deeprig-steady DIRECTORY tell_running [UNIT LOG]...
#       tells what runs now.
#
# DIRECTORY/UNIT holds the work's command, environment and output, readable by root alone.
set -u
umask 077
directory=$1 task=$2
shift 2

has_systemd() {
    [ -d /run/systemd/system ] && command -v systemd-run >/dev/null
}

# Remove a work's directory, at once for whoever looks at it meanwhile.
discard() {
    mv "$1" "$directory/.done.${1##*/}" && rm -rf "$directory/.done.${1##*/}"
}

# Say whether somebody still follows the work of a directory, and will take its exit code.
is_followed() {
    { read -r follower follower_start <"$1/follower"; } 2>/dev/null || return 1
    [ "$(start_of "$follower")" = "$follower_start" ]
}

# Say whether the work of a directory runs.
is_running() {
    { read -r worker worker_start begun <"$1/worker"; } 2>/dev/null || return 1
    [ "$(start_of "$worker")" = "$worker_start" ]
}

start_work() {
    # What the command's own shell would have had: exported variables and the current directory.
    export PWD
    { export -p && echo "cd \"\$PWD\""; } >"$job/environment" &&
        printf '%s\n' "$command" >"$job/command" &&
        printf '%s\n' "$worker_text" >"$job/work" &&
        echo "$$ $(start_of $$)" >"$job/follower" &&
        : >"$job/output" || return 1
    if has_systemd; then
        # A shutdown waits for the end of the work: only the worker is asked, and it goes on.
        systemd-run --quiet --collect --unit="$unit" --property=Type=exec \
            --property=KillMode=mixed --property=TimeoutStopSec=30min \
            --property=OOMPolicy=continue \
            --description="deeprig's work that outlives its connection" \
            sh "$job/work" "$directory" "$unit" "$kind" >"$job/started" 2>&1 </dev/null || return 1
    else
        setsid sh "$job/work" "$directory" "$unit" "$kind" >"$job/started" 2>&1 </dev/null &
    fi
    # The worker says who it is before anything else; bounded, for one that cannot even start.
    left=600
    until [ -f "$job/worker" ] || [ "$left" -eq 0 ]; do
        left=$((left - 1))
        sleep 0.05
    done
    [ -f "$job/worker" ]
}

run() {
    unit=$1 kind=$2 command=$3 worker_text=$4
    job=$directory/$unit
    mkdir -p "$job" || exit 1
    if ! start_work; then
        echo "deeprig: the work could not be started as unit $unit: $(cat "$job/started")"
        discard "$job"
        exit 1
    fi
    read -r worker worker_start begun <"$job/worker"
    # Ends with the worker; or before it, when nobody listens any more. Then the work goes on.
    tail -n +1 -s 0.1 -f --pid="$worker" "$job/output" || exit 1
    while is_running "$job"; do
        sleep 0.1
    done
    if [ -f "$job/code" ]; then
        code=$(cat "$job/code")
    else
        echo "deeprig: unit $unit was ended from outside, before its work was done"
        code=137
    fi
    discard "$job"
    exit "$code"
}

# Print what still runs, or nothing: "running UNIT SECONDS", then its last lines.
tell_running() {
    read_uptime
    for job in "$directory"/*/; do
        job=${job%/}
        if [ -d "$job" ] && is_running "$job"; then
            echo "running ${job##*/} $((uptime - begun))"
            tail -n 3 "$job/output" | sed 's/^/line /'
        fi
    done
    has_systemd || return 0
    while [ $# -ge 2 ]; do
        if systemctl is-active --quiet "$1"; then
            entered=$(systemctl show --property=ActiveEnterTimestampMonotonic --value "$1")
            echo "running $1 $((uptime - entered / 1000000))"
            tail -n 3 "$2" 2>/dev/null | sed 's/^/line /'
        fi
        shift 2
    done
}

# Print how work ended that nobody followed to its end, once: "ended UNIT CODE", its last lines.
tell_ended() {
    for job in "$directory"/*/; do
        job=${job%/}
        # In this order: a follower's directory is gone as a whole before the follower is.
        if ! is_followed "$job" && [ -f "$job/worker" ] && ! is_running "$job"; then
            echo "ended ${job##*/} $(cat "$job/code" 2>/dev/null || echo none)"
            tail -n 3 "$job/output" | sed 's/^/line /'
            discard "$job"
        fi
    done
}

earlier() {
    left=$(($1 * 2))
    shift
    running=$(tell_running "$@")
    while [ -n "$running" ] && [ "$left" -gt 0 ]; do
        left=$((left - 1))
        sleep 0.5
        running=$(tell_running "$@")
    done
    tell_ended
    [ -z "$running" ] || echo "$running"
}

"$task" "$@"
