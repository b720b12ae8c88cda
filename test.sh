#!/usr/bin/env bash
# Builds everything and runs every test. Needs only the .NET 10 SDK; the first run fetches packages (about 600 MB of libtorch).
# Usage: ./test.sh [Debug|Release]
set -euo pipefail
cd "$(dirname "$0")"
configuration=${1:-Release}
command -v dotnet >/dev/null || { echo "test.sh: the .NET 10 SDK is not on PATH; install it from https://dotnet.microsoft.com/download" >&2; exit 2; }
export DOTNET_CLI_TELEMETRY_OPTOUT=1 DOTNET_NOLOGO=1 MSBUILDDISABLENODEREUSE=1

# Optional packages: tests that need what is missing are skipped, with the reason.
wish() { # a command that succeeds where the package is there, the package, what it is for
    ! eval "$1" && command -v apt-get >/dev/null && [ "$(id -u)" -eq 0 ] || return 0
    { apt-get install -y -q --no-install-recommends "$2" || { apt-get update -q && apt-get install -y -q --no-install-recommends "$2"; }; } >/dev/null 2>&1 || echo "test.sh: $2 ($3) could not be installed; going on without it" >&2
}
wish "ldconfig -p 2>/dev/null | grep -q libturbojpeg" libturbojpeg0 "faster JPEGs"
wish "[ -n '${CHROME_PATH:-}' ] || command -v chromium >/dev/null || command -v google-chrome >/dev/null" chromium "a browser to look at the report"
wish "command -v nats-server >/dev/null || [ -x /usr/sbin/nats-server ]" nats-server "the engine that hands out shards"
wish "[ -x /usr/sbin/slurmctld ] && [ -x /usr/sbin/slurmd ]" slurm-wlm "a scheduler that runs the samples"
wish "[ -x /usr/sbin/munged ]" munge "the scheduler's signatures"
wish "command -v mpirun >/dev/null" openmpi-bin "one training on several ranks"

dotnet build DataFreeKD.sln -c "$configuration" -v quiet -clp:NoSummary --nologo

# Each test project is a program of its own (xunit.v3). They run one after another; those that start many processes, of which most load or
# wait, run beside the others.
beside=(EndToEnd.Tests Fleet.Tests)
logs=$(mktemp -d)
lanes=()
trap 'for lane in ${lanes[@]+"${lanes[@]}"}; do kill -- "-$lane" 2>/dev/null || true; done; rm -rf "$logs"' EXIT
run() { # a project: what it prints is kept in a file, and its exit code and seconds in another
    local began=$SECONDS code=0
    "tests/$1/bin/$configuration/net10.0/DataFreeKD.$1" --progress off --no-ansi 2>&1 | tee "$logs/$1" || code=$?
    echo "$code $((SECONDS - began))" >"$logs/$1.ended"
}
passed=0 failed=0 skipped=0 broken=()
report() {
    local name=$1 code=- seconds=0 p f s
    [ ! -f "$logs/$name.ended" ] || read -r code seconds <"$logs/$name.ended"
    # The runner closes with "  failed: N", "  succeeded: N", "  skipped: N".
    count() { sed -nE "s/^  $1: ([0-9]+)$/\1/p" "$logs/$name" | tail -n 1; }
    p=$(count succeeded) f=$(count failed) s=$(count skipped)
    echo "== $name took $seconds s"
    passed=$((passed + ${p:-0})) failed=$((failed + ${f:-0})) skipped=$((skipped + ${s:-0}))
    if [ "$code" != 0 ] || [ -z "$p" ]; then
        broken+=("$name (exit $code)")
        # A program that died before its summary, or failed without a failed test, still counts.
        [ "${f:-0}" -gt 0 ] || failed=$((failed + 1))
    fi
}
set -m # process groups of their own, so that an interruption ends all of them
for name in "${beside[@]}"; do
    run "$name" >/dev/null &
    lanes+=($!)
done
set +m
for project in tests/*.Tests; do
    name=$(basename "$project")
    [[ " ${beside[*]} " != *" $name "* ]] || continue
    echo "== $name"
    run "$name"
    report "$name"
done
wait "${lanes[@]}" || true
lanes=()
for name in "${beside[@]}"; do
    echo "== $name"
    cat "$logs/$name"
    report "$name"
done

[ ${#broken[@]} -eq 0 ] || echo "failing: ${broken[*]}"
echo "$passed passed, $failed failed, $skipped skipped"
[ "$failed" -eq 0 ]
