# The faulty web of the crawl benchmarks; sourced after common.sh, with $work set.
PORT=${PORT:-18080}
server=

# Builds the web, unless CRAWL_WEB names its assembly.
build_web() {
    [ -z "${CRAWL_WEB:-}" ] || return 0
    CRAWL_WEB=$root/bench/CrawlWeb/bin/Release/net10.0/DataFreeKD.CrawlWeb.dll
    dotnet build "$root/bench/CrawlWeb" -c Release -v q --nologo >"$work/web-build.log" 2>&1 || { cat "$work/web-build.log"; return 1; }
}

# serve FOLDER MIX URLS HOSTS: writes FOLDER/urls.txt and FOLDER/expected.csv and serves them; $server is the process.
serve() {
    mkdir -p "$1"
    dotnet "$CRAWL_WEB" "$1" "$2" "$3" "$4" "$PORT" "${SEED:-0}" >"$1/server.log" 2>&1 &
    server=$!
    while [ ! -e "$1/ready" ]; do
        kill -0 "$server" 2>/dev/null || { cat "$1/server.log"; return 1; }
        sleep 0.1
    done
}

stop_serving() { [ -z "$server" ] || { kill "$server" 2>/dev/null; wait "$server" 2>/dev/null || true; server=; }; }

# cpu_seconds PID: user and system time so far.
cpu_seconds() { awk -v hz="$(getconf CLK_TCK)" '{ sub(/.*\) /, ""); printf "%.2f", ($12 + $13) / hz }' "/proc/$1/stat"; }

# crawl SOURCE STORE [OPTION...]: manners for hosts that are our own.
crawl() {
    local source=$1 store=$2; shift 2
    "$DFKD" crawl "$source" -o "$store" --allow-network 127.0.0.0/8 --min-side 8 --quiet "$@"
}
