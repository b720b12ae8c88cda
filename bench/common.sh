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
