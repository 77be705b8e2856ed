#!/usr/bin/env bash
# On a machine with a GPU: builds the prune library alone (no SimGrid, no test library), tests it against the scalar
# engine, compares 1e9 elements bit for bit, and measures it beside its rivals.
# Usage: tools/bench/cuda/run.sh [OUTPUT]     results go to OUTPUT, or $OUT, or build/cuda-results
# Needs nvcc, cmake, a C++20 compiler, and for the benchmark python3 with PyTorch. SECTIONS picks parts:
# "build test sass sanitize verify bench" (sanitize and sass are left out where their tools are missing).
# shellcheck disable=SC2317  # the functions are called by bash -c
set -uo pipefail
cd "$(dirname "$0")/../../.." || exit
output=${1:-${OUT:-build/cuda-results}}
build=${BUILD:-build/prune}
sections=${SECTIONS:-build test sass verify bench sanitize}
mkdir -p "$output"
export PATH="$PATH:/usr/local/cuda/bin" PYTHONUNBUFFERED=1
failed=0

# section NAME SECONDS COMMAND...: runs the command if NAME is wanted; its output goes to OUTPUT/NAME.txt, too.
section() {
  local name=$1 limit=$2
  shift 2
  [[ " $sections " == *" $name "* ]] || return 0
  printf '\n== %s (at %s s)\n' "$name" "$SECONDS"
  timeout "$limit" "$@" 2>&1 | tee "$output/$name.txt" | tail -n "${TAIL:-70}"
  local status=${PIPESTATUS[0]}
  if [[ $status -ne 0 ]]; then
    printf '== %s FAILED with status %s\n' "$name" "$status"
    failed=1
  fi
  return "$status"
}

build() {
  nvidia-smi --query-gpu=name,driver_version,memory.total,clocks.sm,clocks.mem --format=csv
  nvcc --version | tail -2
  cmake -S models/prune -B "$build" -DCMAKE_BUILD_TYPE=Release -DRINGSIM_CUDA=ON \
    -DCMAKE_CUDA_ARCHITECTURES="${ARCHITECTURES:-90}" && cmake --build "$build" -j "$(nproc)"
}

tests() {
  ctest --test-dir "$build" -R '^test_cuda:' -j 4 --output-on-failure &&
    python3 tests/models/prune/ringsim_prune_test.py "$build/libringsim_prune.so"
}

# Per kernel: instructions, loads and stores by width, spills to local memory; then the code of the main kernel.
sass() {
  command -v cuobjdump >/dev/null || { echo "cuobjdump is missing"; return 0; }
  local dump
  dump=$(mktemp)
  cuobjdump -sass "$build/libringsim_prune.so" >"$dump"
  awk '
    /Function :/ { if (name) print_row(); name = $3; split("", n); next }
    /^ +\/\*[0-9a-f]+\*\// { n["all"]++
      if (/LDG/) n[/\.128/ ? "LDG.128" : "LDG"]++
      if (/STG/) n[/\.128/ ? "STG.128" : "STG"]++
      if (/LDL/) n["LDL"]++
      if (/STL/) n["STL"]++
      if (/FFMA/) n["FFMA"]++
      if (/DADD/) n["DADD"]++ }
    function print_row() {
      printf "%5d instructions, LDG.128 %d, LDG %d, STG.128 %d, STG %d, LDL %d, STL %d, FFMA %d, DADD %d: %s\n",
        n["all"], n["LDG.128"], n["LDG"], n["STG.128"], n["STG"], n["LDL"], n["STL"], n["FFMA"], n["DADD"], name }
    END { if (name) print_row() }' "$dump" | c++filt
  awk '/Function :/ { wanted = /select_kernelILj512ELNS1_5InputE1E/ } wanted && /^ +\/\*[0-9a-f]+\*\//' "$dump" |
    cut -c1-100 | sed 's/^ */  /'
  rm -f "$dump"
}

sanitize() {
  command -v compute-sanitizer >/dev/null || { echo "compute-sanitizer is missing"; return 0; }
  local test=$build/tests/test_cuda
  compute-sanitizer --tool memcheck --error-exitcode 9 "$test" kernels many_layers &&
    compute-sanitizer --tool memcheck --error-exitcode 9 "$test" kernels masks &&
    compute-sanitizer --tool racecheck --error-exitcode 9 "$test" kernels gaps &&
    compute-sanitizer --tool initcheck --error-exitcode 9 "$test" kernels repeated
}

bench() {
  # shellcheck disable=SC2086  # BENCH_OPTIONS are several words
  python3 tools/bench/cuda/bench_engine.py --output "$output" --library "$build/libringsim_prune.so" \
    --cub "$build/bench/libringsim_cub_rival.so" ${BENCH_OPTIONS:-}
}

export -f build tests sass sanitize bench
export build output
section build 200 bash -c build || exit 1
section test 90 bash -c tests
TAIL=24 section sass 60 bash -c sass
section verify 100 "$build/bench/verify_masks"
TAIL=200 section bench 240 bash -c bench
section sanitize 90 bash -c sanitize
printf '\n== %s (at %s s)\n' "$([[ $failed -eq 0 ]] && echo 'all passed' || echo 'SOMETHING FAILED')" "$SECONDS"
exit "$failed"
