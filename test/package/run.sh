#!/bin/bash
# test/package/run.sh BUILD [JUNIT.xml]   Installs BUILD into a temporary prefix, builds the example against that prefix
# alone, and runs it: find_package(quantc), the pipeline as a library, and the model library from C all work.
set -euo pipefail
build=$(cd "${1:?usage: run.sh BUILD [JUNIT.xml]}" && pwd)
junit=${2:-}
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
python=$root/.venv/bin/python
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

steps() {
  cmake --install "$build" --prefix "$work/prefix" >"$work/log" 2>&1 &&
    cmake -S "$here" -B "$work/build" -G Ninja -DCMAKE_BUILD_TYPE=Release -DCMAKE_PREFIX_PATH="$work/prefix" \
      -DCMAKE_C_COMPILER=clang-22 -DCMAKE_CXX_COMPILER=clang++-22 -DCMAKE_EXE_LINKER_FLAGS=-fuse-ld=lld >"$work/log" 2>&1 &&
    cmake --build "$work/build" >"$work/log" 2>&1 &&
    "$python" "$root/test/robustness/make_malformed_data.py" "$work/data" >"$work/log" &&
    "$work/build/example" "$work/data/model.onnx" "$work/data/good.npz" "$work/model.so" &&
    cc -std=c99 -Wall -Wextra -Werror -I "$work" "$here/UseModel.c" "$work/model.so" -Wl,-rpath,"$work" -o "$work/use" &&
    "$work/use" &&
    "$work/prefix/bin/quant-run" "$work/model.so" --inputs "$work/data/good.npz" --outputs "$work/out.npz" &&
    [ -s "$work/out.npz" ] &&
    "$work/prefix/bin/quantc" "$work/data/model.onnx" --calibrate "$work/data/good.npz" --report "$work/report.json" --explain 1 --allow-float --quiet &&
    "$python" -c 'import json, jsonschema, sys; jsonschema.validate(*(json.load(open(path)) for path in sys.argv[1:]))' \
      "$work/report.json" "$(find "$work/prefix" -name report.schema.json)"
}

outcome='' code=0
steps || { code=1; outcome='<failure message="see the log of test/package/run.sh"/>'; tail -30 "$work/log"; }
[ -z "$junit" ] || printf '<testsuite name="package"><testcase classname="package" name="example">%s</testcase></testsuite>\n' "$outcome" >"$junit"
[ $code -eq 0 ] && echo "PASS: package example" || echo "FAIL: package example"
exit $code
