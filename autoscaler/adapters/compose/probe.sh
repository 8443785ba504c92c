# The health probe of a clone: it fails during a drain, and else has the result of the service's own test.
# $1 timeout of the own test in seconds, $2 its interval once it was good, $3 its retries; the rest is the own test, if
# there is one. Only builtins and sleep: the image need have nothing else. Names have a prefix, so that no variable of
# the container is hidden from the own test.
ta_limit=$1 ta_every=$2 ta_retries=$3 ta_dir=/run/traefik-autoscaler
shift 3

# Connections to ports that are listened on: hex port < hex address, as the kernel shows them.
if [ -e "$ta_dir/drain" ]; then
    ta_count=0 ta_ports=' ' ta_open=
    [ -r /proc/net/tcp ] || { echo 'draining: ? open connections'; exit 1; }
    for ta_file in /proc/net/tcp /proc/net/tcp6; do
        [ -r "$ta_file" ] || continue
        while read -r ta_ ta_here ta_there ta_state ta_; do
            case $ta_state$ta_ports in
            0A*) ta_ports="$ta_ports${ta_here##*:} " ;;
            01*" ${ta_here##*:} "*)
                case $ta_there in
                ??????7F:* | 0000000000000000FFFF0000??????7F:* | 00000000000000000000000001000000:*) ;;
                *)
                    ta_count=$((ta_count + 1))
                    [ $ta_count -gt 20 ] || ta_open="$ta_open ${ta_here##*:}<$ta_there"
                    ;;
                esac
                ;;
            esac
        done <"$ta_file"
    done
    echo "draining: $ta_count open connections$ta_open"
    exit 1
fi

[ $# -gt 0 ] || exit 0
[ -w "$ta_dir" ] || exec "$@"

# Like the engine, kill what takes too long. No zombie is left behind: the guard ends with its sleep, not by a signal, which
# the shell may miss. The shell's message about that must not get into the health log.
ta_test() {
    : >"$ta_dir/guard"
    { exec "$@"; } &
    ta_own=$!
    {
        sleep "$ta_limit" &
        echo $! >"$ta_dir/guard"
        wait $! && kill -9 $ta_own
    } >/dev/null 2>&1 &
    ta_guard=$!
    { wait $ta_own; } 2>/dev/null
    ta_code=$?
    ta_tries=0
    until read -r ta_sleep <"$ta_dir/guard" || [ $((ta_tries += 1)) -gt 20000 ]; do :; done
    { kill "${ta_sleep:-$ta_guard}"; wait $ta_guard; } 2>/dev/null
    [ $ta_code -ne 137 ] || echo "killed; it may take $ta_limit s"
    return $ta_code
}

read -r ta_now ta_ </proc/uptime
ta_now=${ta_now%%.*}

# Until it was good once, every probe asks it.
if ! read -r ta_failures ta_at 2>/dev/null <"$ta_dir/state"; then
    ta_test "$@" || exit 1
    echo "0 $ta_now" 2>/dev/null >"$ta_dir/state"
    exit 0
fi

if [ $((ta_now - ta_at)) -ge "$ta_every" ]; then
    ta_at=$ta_now
    if ta_test "$@"; then ta_failures=0; else ta_failures=$((ta_failures + 1)); fi
    echo "$ta_failures $ta_at" >"$ta_dir/state"
fi
[ "$ta_failures" -eq 0 ] || echo "the service's own test has failed $ta_failures times in a row, last $((ta_now - ta_at)) s ago; $ta_retries make it bad"
[ "$ta_failures" -lt "$ta_retries" ]
