#!/usr/bin/env bash
# Runs the captures on a machine with GPUs and puts what they find into few files.
# Usage: tools/capture/device_run.sh cost|ddp|nccl|all [OPTIONS OF THE CAPTURE]     results go to $OUT, or build/captures
#   cost  what compressing costs, on one GPU (under 9 minutes): compression-GPU.json
#   ddp   steps of DDP on several GPUs (under 9 minutes): ddp.tar.gz
#   nccl  times of collectives on several GPUs (about 6 minutes): nccl.tar.gz
#   validate  what docs/validation.md needs of a host, for 2 and 4 GPUs, in less than 10 minutes: ddp.tar.gz, nccl.tar.gz
#         (all-reduces and broadcasts as NCCL chooses), parts.tar.gz (what DDP adds), compression-GPU.json (hooks alone)
#   all   ddp and nccl in less than 10 minutes together; meant for one number of GPUs, --gpus 2
# BUDGET, in seconds, takes the place of a capture's own budget.
set -uo pipefail
cd "$(dirname "$0")/../.." || exit
output=$(mkdir -p "${OUT:-build/captures}" && cd "${OUT:-build/captures}" && pwd) || exit
what=${1:?cost, ddp, nccl, validate or all}
shift
export PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1
status=0

# capture NAME SECONDS SCRIPT OPTIONS...: the script's folder as NAME.tar.gz, also when it failed half-way.
capture() {
  local name=$1 seconds=${BUDGET:-$2} script=$3 folder
  shift 3
  folder=$(mktemp -d)
  timeout "$((seconds + 40))" python3 "$script" -o "$folder" --budget-seconds "$seconds" "$@" 2>&1 | tee "$output/$name.log" || status=1
  tar -C "$folder" -czf "$output/$name.tar.gz" . || status=1
  rm -rf "$folder"
}

cost() {
  local gpu
  gpu=$(nvidia-smi --query-gpu=name --format=csv,noheader -i 0 | tr 'A-Z ' 'a-z-' | sed 's/^nvidia-//; s/-.*//')
  timeout 575 python3 tools/python/ringsim/capture/compression_cost.py -o "$output/compression-$gpu.json" \
    --budget-seconds "${BUDGET:-500}" "$@" 2>&1 | tee "$output/cost.log" || status=1
}

case $what in
  cost) cost "$@" ;;
  ddp) capture ddp 530 tools/capture/ddp_step.py --quick "$@" ;;
  nccl) capture nccl 340 tools/capture/nccl_ring.py "$@" ;;
  all)
    capture nccl 200 tools/capture/nccl_ring.py "$@"
    capture ddp 310 tools/capture/ddp_step.py --quick "$@"
    ;;
  validate)
    capture parts 110 tools/capture/ddp_parts.py --gpus 2 --traces "$@"
    capture ddp 220 tools/capture/ddp_step.py --quick --case-seconds 0.7 --gpus 2,4 --hooks none,bf16,powersgd1,powersgd4 "$@"
    capture nccl 65 tools/capture/nccl_ring.py --gpus 2,4 --algorithms free --operations all_reduce,broadcast "$@"
    BUDGET=50 cost --hooks-only
    ;;
  *)
    echo "tools/capture/device_run.sh: found $what; cost, ddp, nccl, validate or all is accepted" >&2
    exit 2
    ;;
esac
exit "$status"
