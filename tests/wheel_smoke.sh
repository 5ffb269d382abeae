#!/usr/bin/env bash
# Build the wheel, install it where nothing else is, and use it outside the checkout. Usage: wheel_smoke.sh PYTHON
set -euo pipefail
python=$(cd "$(dirname "$1")" && pwd)/$(basename "$1")
here=$(cd "$(dirname "$0")/.." && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"$python" -m build --wheel --outdir "$work/dist" "$here" > "$work/build.log" 2>&1 || { cat "$work/build.log"; exit 1; }
"$python" -m venv "$work/venv"
"$work/venv/bin/python" -m pip install --quiet --disable-pip-version-check "$work"/dist/*.whl
cp "$here/fixtures/derby/tracks.parquet" "$here/fixtures/derby/gt.parquet" "$work"
cd "$work"
venv/bin/reid-solve --version
venv/bin/reid-solve tracks.parquet
venv/bin/reid-solve evaluate tracks.identities.parquet --gt gt.parquet --json | venv/bin/python -c '
import json, sys
scores = json.load(sys.stdin)
print("HOTA of the wheel", round(scores["HOTA"], 2))
assert scores["HOTA"] > 60, scores["HOTA"]'
venv/bin/python -c '
import reid_solve as rs
result = rs.solve(rs.read("tracks.parquet"))
assert rs.evaluate(result, "gt.parquet").to_dict()["IDF1"] > 60'
echo "wheel smoke: fine"
