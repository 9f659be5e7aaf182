#!/usr/bin/env bash
# Builds everything and runs every test. Options of ctest pass through.
set -euo pipefail

usage() {
  cat <<'EOF'
Usage: deploy/test.sh [--preset NAME] [--only LABEL] [--jobs N] [--libtorch DIR] [CTEST OPTION...]

  --preset NAME    default, debug, asan or tsan (see CMakePresets.json); default: default
  --only LABEL     build and run only the test programs with this label: unit or fuzz
  --jobs N         parallel compile jobs and tests; default: the number of processors
  --libtorch DIR   use this LibTorch 2.11 instead of fetching one

Every other option goes to ctest, for example:
  deploy/test.sh -L unit            only the tests with this label (unit, end_to_end, fuzz, layering)
  deploy/test.sh -R Plan -V         only tests whose name matches, with their output
EOF
}

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
preset=default
only=
jobs=$(nproc)
libtorch=
ctest_options=()
while [[ $# -gt 0 ]]; do
  case $1 in
    --preset | --only | --jobs | --libtorch)
      if [[ $# -lt 2 || -z $2 ]]; then
        echo "test.sh: $1 needs a value" >&2
        exit 2
      fi ;;&
    --preset) preset=$2; shift 2 ;;
    --only) only=$2; ctest_options+=(-L "^$2\$"); shift 2 ;;
    --jobs) jobs=$2; shift 2 ;;
    --libtorch) libtorch=$(realpath -m "$2"); shift 2 ;;
    --help | -h) usage; exit 0 ;;
    *) ctest_options+=("$1"); shift ;;
  esac
done

cd "$root"
case $preset in
  default) build=build ;;
  debug | asan | tsan) build=build-$preset ;;
  *) echo "test.sh: unknown preset '$preset'; expected default, debug, asan or tsan" >&2; exit 2 ;;
esac

"$root/deploy/install_dependencies.sh" ${libtorch:+--libtorch "$libtorch"}
cmake --preset "$preset" -DTAILCAST_LIBTORCH_DIR="$libtorch" -DTAILCAST_BUILD_TESTS=ON
cmake --build "$build" --parallel "$jobs" ${only:+--target "tests_$only"}

# shellcheck source=deploy/sanitizers/environment.sh
source "$root/deploy/sanitizers/environment.sh" "$preset"
exec ctest --test-dir "$build" --output-on-failure --parallel "$jobs" "${ctest_options[@]}"
