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

# unpack ARCHIVE FOLDER: a folder that is there is whole.
unpack() { [ -d "$2" ] || { rm -rf "$2.part"; mkdir "$2.part"; tar xzf "$1" -C "$2.part"; mv "$2.part" "$2"; }; }

# wild_images COUNT: the first COUNT images of the wild pool, in $work/images.
wild_images() {
    mkdir "$work/images"
    tar tzf "$DATA/wild/pool.tar.gz" >"$work/names"
    grep -E '\.(jpg|jpeg|png)$' "$work/names" | sed -n "1,${1}p" >"$work/wanted"
    tar xzf "$DATA/wild/pool.tar.gz" -C "$work/images" -T "$work/wanted"
}

# same_settings TEXT: figures of other settings in OUT must not be taken for those asked for.
same_settings() {
    if [ -f "$OUT/settings.txt" ] && [ "$(cat "$OUT/settings.txt")" != "$1" ]; then
        echo "$OUT holds what was made with $(cat "$OUT/settings.txt"); give another OUT or the same settings" >&2
        return 2
    fi
    echo "$1" >"$OUT/settings.txt"
}

# classes FOLDER: the folder below it with a sub-folder a class.
classes() { local at=$1; while [ "$(find "$at" -mindepth 1 -maxdepth 1 -type d | wc -l)" -eq 1 ]; do at=$(find "$at" -mindepth 1 -maxdepth 1 -type d); done; echo "$at"; }

# compare_by JOBS RECIPES FOLDER: dfkd compare by processes of one thread each, which share the runs: in two thirds of the time of one process with two threads.
compare_by() {
    local jobs=() job
    for ((job = 1; job <= $1; job++)); do
        "$DFKD" compare "$2" -o "$3" --threads 1 --quiet &
        jobs+=($!)
    done
    for job in "${jobs[@]}"; do wait "$job"; done
    "$DFKD" compare "$2" -o "$3" --threads 1
}

# watch NAME TOTAL PROGRESS COMMAND...: a row with the memory of COMMAND at 10 % of TOTAL, which the function PROGRESS counts towards, and at its end; fails where it grew by more than GROWTH. Sampled ten times a second; the last sample before the end counts as 100 %. Its output goes to $work.
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
