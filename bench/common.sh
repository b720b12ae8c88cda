# What the scripts of this folder share; sourced, with $root set.
DATA=${DATA:-${DFKD_SHARED:-$root/../shared}/data}
DFKD=${DFKD:-$root/src/Cli/bin/Release/net10.0/dfkd}

# Builds the command, unless DFKD names one.
build_dfkd() {
    [ "$DFKD" = "$root/src/Cli/bin/Release/net10.0/dfkd" ] || return 0
    dotnet build "$root/src/Cli" -c Release -v q --nologo >/tmp/dfkd-build.$$ 2>&1 || { cat /tmp/dfkd-build.$$; rm -f /tmp/dfkd-build.$$; return 1; }
    rm -f /tmp/dfkd-build.$$
}

# rss PID: resident memory in MiB, 0 when gone.
rss() { awk '/^VmRSS/ { printf "%d", $2 / 1024; found = 1 } END { if (!found) printf 0 }' "/proc/$1/status" 2>/dev/null || echo 0; }

# watch NAME TOTAL PROGRESS COMMAND...: samples memory ten times a second; the last sample before the end counts as 100 %.
# PROGRESS prints how many of TOTAL are done. Fails where memory grows by more than GROWTH, or the command fails. Needs $work.
watch() {
    local name=$1 total=$2 progress=$3; shift 3
    "$@" >"$work/$name.log" 2>&1 &
    local pid=$! now tenth=0 last=0 peak=0 code=0
    while kill -0 "$pid" 2>/dev/null; do
        now=$(rss "$pid")
        # 0 is a process that has just ended.
        if [ "$now" -gt 0 ]; then
            last=$now
            [ "$now" -le "$peak" ] || peak=$now
            [ "$tenth" -gt 0 ] || [ "$($progress)" -lt $((total / 10)) ] || tenth=$now
        fi
        sleep 0.1
    done
    wait "$pid" || code=$?
    [ "$code" -eq 0 ] || { cat "$work/$name.log"; echo "$name: exit code $code"; exit 1; }
    [ "$tenth" -gt 0 ] || { echo "$name: it ended before memory at 10 % was seen; give it more to do"; exit 1; }
    echo "| $name | $total | $tenth | $last | $peak |"
    awk -v a="$tenth" -v b="$last" -v g="$GROWTH" 'BEGIN { exit !(b <= a * g) }' || { echo "$name: memory grew from $tenth to $last MiB"; exit 1; }
}
