#!/usr/bin/env bash
# Selection at any size: seconds, CPU seconds and peak memory of `dfkd select`'s engine over a drawn table, and the same answer from DuckDB.
#   ROWS=100000000  FORMATS="parquet csv"  BUDGETS="1000 1000000"  QUOTAS="none equal"  FOLDER=/tmp/dfkd-select  KEEP=0
# 100 million rows take about 13 GB of disk as Parquet and 20 GB as CSV; each table is removed before the next is drawn unless KEEP=1.
# Fails where DuckDB finds other rows or another order.
set -euo pipefail
root=$(cd "$(dirname "$0")/.." && pwd)
ROWS=${ROWS:-100000000} FORMATS=${FORMATS:-"parquet csv"} BUDGETS=${BUDGETS:-"1000 1000000"} QUOTAS=${QUOTAS:-"none equal"}
FOLDER=${FOLDER:-${TMPDIR:-/tmp}/dfkd-select} KEEP=${KEEP:-0}
dotnet build "$root/bench/SelectRows" -c Release -v q --nologo -clp:NoSummary
bench=$root/bench/SelectRows/bin/Release/net10.0/DataFreeKD.SelectRows
mkdir -p "$FOLDER"
for format in $FORMATS; do
    table=$FOLDER/scores-$ROWS.$format
    [ -f "$table" ] || "$bench" draw "$table" "$ROWS"
    for budget in $BUDGETS; do
        for quota in $QUOTAS; do
            "$bench" select "$table" "$FOLDER/selected.csv" entropy "$budget" "$quota"
            "$bench" judge "$table" "$FOLDER/selected.csv" "$budget" "$quota"
        done
        # The default reads more columns and fits them to the pool first; DuckDB would need the tool's own sample to judge it.
        "$bench" select "$table" "$FOLDER/selected.csv" attention-probe "$budget" equal
    done
    [ "$KEEP" = 1 ] || rm -f "$table"
done
rm -f "$FOLDER/selected.csv" "$FOLDER/selected.json"
