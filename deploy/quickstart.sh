#!/usr/bin/env bash
# Sets everything up and runs the main job on real images: Fashion-MNIST, long-tailed, on the CPU.
set -euo pipefail

usage() {
  cat <<'EOF'
Usage: deploy/quickstart.sh [OPTION...]

Installs what is missing, builds the product and runs the main job on Fashion-MNIST, made
long-tailed: encode -> diffuse -> publish -> serve -> stream -> retrain at a remote trainer -> report.
What an earlier run finished is reused.

  --build-only       install and build, run nothing
  --jobs N           parallel compile jobs and training runs; default: the number of processors
  --work-dir DIR     where data, models and the report go; default: build/quickstart
  --fresh            throw away what earlier runs left in the work folder
  --libtorch DIR     use this LibTorch 2.11 (unpacked, or the torch folder of a Python environment)
                     instead of fetching one
  --help             this text

Ends with a table and the path of the report: DIR/report.html, with DIR/report.json beside it.
EOF
}

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
build_only=false
fresh=false
jobs=$(nproc)
work=$root/build/quickstart
libtorch=
while [[ $# -gt 0 ]]; do
  case $1 in
    --build-only) build_only=true; shift ;;
    --jobs) jobs=${2:?--jobs needs a number}; shift 2 ;;
    --work-dir) work=$(realpath -m "${2:?--work-dir needs a folder}"); shift 2 ;;
    --fresh) fresh=true; shift ;;
    --libtorch) libtorch=$(realpath "${2:?--libtorch needs a folder}"); shift 2 ;;
    --help | -h) usage; exit 0 ;;
    *) echo "quickstart.sh: unknown option '$1'" >&2; usage >&2; exit 2 ;;
  esac
done
if ! [[ $jobs =~ ^[1-9][0-9]*$ ]]; then
  echo "quickstart.sh: --jobs '$jobs': expected a whole number from 1" >&2
  exit 2
fi

data=/usr/share/datasets/fashion-mnist
seeds=(0 1 2)
bundle=fashion-mnist-lt
# From the most frequent class to the rarest: the hard ones in the tail.
class_order=9,8,7,5,1,3,0,2,4,6

say() { echo "[$(date +%H:%M:%S)] $*"; }

seconds_since() { awk -v a="$1" -v b="$EPOCHREALTIME" 'BEGIN { printf "%.1f", b - a }'; }

# step NAME OUTPUT COMMAND...: runs the command unless OUTPUT is there from the same command.
step() {
  local name=$1 output=$2
  shift 2
  local stamp=$state/$name.command wanted="$*"
  if [[ -e $output && -f $stamp && $(<"$stamp") == "$wanted" ]]; then
    say "$name: reused ${output#"$work"/}"
    return
  fi
  rm -f "$stamp"
  say "$name: ${wanted//"$root/"/}"
  local start=$EPOCHREALTIME
  if ! "$@" >"$state/$name.out" 2> >(sed -u "s/^/    $name: /" >&2); then
    say "$name: failed"
    return 1
  fi
  seconds_since "$start" >"$state/$name.seconds"
  echo "$wanted" >"$stamp"
  say "$name: done in $(<"$state/$name.seconds") s"
}

# parallel FUNCTION ARGUMENT...: FUNCTION for each argument, at most $jobs at once; fails if one fails.
parallel() {
  local function=$1 argument finished failed=0
  local -A running=()
  shift
  for argument in "$@"; do
    if [[ ${#running[@]} -ge $jobs ]]; then
      wait -n -p finished "${!running[@]}" || failed=1
      unset "running[$finished]"
    fi
    "$function" "$argument" &
    running[$!]=$argument
  done
  while [[ ${#running[@]} -gt 0 ]]; do
    wait -n -p finished "${!running[@]}" || failed=1
    unset "running[$finished]"
  done
  return "$failed"
}

build_product() {
  say "install what is missing"
  "$root/deploy/install_dependencies.sh" ${libtorch:+--libtorch "$libtorch"}
  say "build"
  local start=$EPOCHREALTIME
  (cd "$root" && cmake --preset default -DTAILCAST_LIBTORCH_DIR="$libtorch" >"$root/build/configure.log") ||
    { cat "$root/build/configure.log" >&2; return 1; }
  cmake --build "$root/build" --parallel "$jobs" --target tailcast tailcastd client_python_stubs
  build_seconds=$(seconds_since "$start")
  say "build: done in $build_seconds s"
}

train_encoder() {
  local folder=$work/publisher/seed-$1
  mkdir -p "$folder"
  step "encoder-seed-$1" "$folder/encoder.safetensors" \
    "$tailcast" train encoder --data "$data" --split "$work/split.json" --seed "$1" --threads 1 \
    --output "$folder/encoder.safetensors"
  local part
  for part in train validation; do
    step "encode-$part-seed-$1" "$folder/$part.safetensors" \
      "$tailcast" encode --encoder "$folder/encoder.safetensors" --data "$data" \
      --split "$work/split.json" --part "$part" --output "$folder/$part.safetensors"
  done
}

# $1: SEED-OBJECTIVE
train_generator() {
  local seed=${1%%-*} objective=${1#*-}
  local folder=$work/publisher/seed-$seed
  step "generator-$objective-seed-$seed" "$folder/generator-$objective.safetensors" \
    "$tailcast" train generator --features "$folder/train.safetensors" \
    --validation "$folder/validation.safetensors" --objective "$objective" --seed "$seed" \
    --output "$folder/generator-$objective.safetensors"
}

# $1: SEED-OBJECTIVE, $2: bundle, $3: version it must get
publish() {
  local seed=${1%%-*} objective=${1#*-}
  local folder=$work/publisher/seed-$seed
  step "publish-$objective-seed-$seed" "$work/repository/$2/$3/manifest.json" \
    "$tailcast" publish --repository "$work/repository" --name "$2" \
    --generator "$folder/generator-$objective.safetensors" --encoder "$folder/encoder.safetensors"
  if [[ ! -f $work/repository/$2/$3/manifest.json ]]; then
    echo "quickstart.sh: $2 did not become version $3: the repository holds another run; use --fresh" >&2
    return 1
  fi
}

# The trainer's own encoder and features, in its own folder.
equip_trainer() {
  local folder=$work/trainer/seed-$1 file
  mkdir -p "$folder"
  for file in encoder train validation; do
    cmp -s "$work/publisher/seed-$1/$file.safetensors" "$folder/$file.safetensors" ||
      cp "$work/publisher/seed-$1/$file.safetensors" "$folder/$file.safetensors"
  done
  step "encode-test-seed-$1" "$folder/test.safetensors" \
    "$tailcast" encode --encoder "$folder/encoder.safetensors" --data "$data" --part test \
    --output "$folder/test.safetensors"
}

# The server gets a view of the file system in which the trainer's folder is empty, where the system
# lets us make one.
start_server() {
  local hide=()
  if unshare --mount true 2>/dev/null; then
    hide=(unshare --mount)
  elif unshare --user --map-root-user --mount true 2>/dev/null; then
    hide=(unshare --user --map-root-user --mount)
  fi
  local serve=("$root/build/bin/tailcastd" --repository "$work/repository" --listen 127.0.0.1:0)
  : >"$state/server.out"
  if [[ ${#hide[@]} -gt 0 ]]; then
    # shellcheck disable=SC2016 # the inner shell expands these
    "${hide[@]}" sh -c 'mount -t tmpfs none "$1" && shift && exec "$@"' sh "$work/trainer" "${serve[@]}" \
      >"$state/server.out" 2>"$work/server.log" &
  else
    "${serve[@]}" >"$state/server.out" 2>"$work/server.log" &
  fi
  server_pid=$!
  local deadline=$((SECONDS + 60))
  until server=$(sed -n 's/^listening on //p' "$state/server.out") && [[ -n $server ]]; do
    if ! kill -0 "$server_pid" 2>/dev/null || [[ $SECONDS -ge $deadline ]]; then
      echo "quickstart.sh: the server did not start; its log:" >&2
      cat "$work/server.log" >&2
      return 1
    fi
    sleep 0.1
  done
  say "serve: tailcastd listens on $server (log: $work/server.log)"
  if [[ ${#hide[@]} -gt 0 && -z $(ls -A "/proc/$server_pid/root$work/trainer" 2>/dev/null) ]]; then
    say "serve: to the server the trainer's folder is empty"
  else
    say "serve: this system gives no private mounts; trainer and server have folders of their own only"
  fi
}

stop_server() {
  [[ -n ${server_pid:-} ]] || return 0
  kill -TERM "$server_pid" 2>/dev/null || true
  wait "$server_pid" 2>/dev/null || true
  server_pid=
}

# $1: SEED-OBJECTIVE
retrain() {
  local seed=${1%%-*} objective=${1#*-}
  local folder=$work/trainer/seed-$seed reference=$bundle@$((seed + 1))
  [[ $objective == denoising ]] || reference=$bundle-$objective@1
  step "retrain-$objective-seed-$seed" "$folder/$objective/figures.json" \
    retrain_at_server "$reference" "$folder" "$objective" "$seed"
}

# The server's port changes from run to run: it is no part of what step() compares.
retrain_at_server() {
  "$tailcast" retrain --server "$server" --bundle "$1" --features "$2/train.safetensors" \
    --validation "$2/validation.safetensors" --test "$2/test.safetensors" \
    --encoder "$2/encoder.safetensors" --seed "$4" --output "$2/$3"
}

write_seconds() {
  {
    echo "{"
    [[ -z ${build_seconds:-} ]] || echo "  \"build\": $build_seconds,"
    local file first=true
    for file in "$state"/*.seconds; do
      $first || echo ","
      first=false
      printf '  "%s": %s' "$(basename "$file" .seconds)" "$(<"$file")"
    done
    printf '\n}\n'
  } >"$work/seconds.json"
}

main_job() {
  step split "$work/split.json" \
    "$tailcast" split --data "$data" --class-order "$class_order" --imbalance-factor 100 \
    --validation-per-class 100 --seed 0 --output "$work/split.json"
  parallel train_encoder "${seeds[@]}"
  parallel train_generator 0-cbdm 0-diffrop "${seeds[@]/%/-denoising}"

  mkdir -p "$work/repository"
  local seed
  for seed in "${seeds[@]}"; do publish "$seed-denoising" "$bundle" $((seed + 1)); done
  publish 0-cbdm "$bundle-cbdm" 1
  publish 0-diffrop "$bundle-diffrop" 1

  parallel equip_trainer "${seeds[@]}"
  trap stop_server EXIT
  start_server
  parallel retrain "${seeds[@]/%/-denoising}" 0-cbdm 0-diffrop
  stop_server

  write_seconds
  local inputs=()
  for seed in "${seeds[@]}"; do inputs+=("$work/trainer/seed-$seed/denoising"); done
  "$tailcast" report --dataset "Fashion-MNIST-LT" --inputs "${inputs[@]}" \
    --ablation "ldmlr_cbdm=$work/trainer/seed-0/cbdm" \
    --ablation "ldmlr_diffrop=$work/trainer/seed-0/diffrop" \
    --seconds "$work/seconds.json" --output "$work/report.html"
  say "report: $work/report.html"
}

started=$SECONDS
build_product
$build_only && exit 0

tailcast=$root/build/bin/tailcast
$fresh && rm -rf "$work"
state=$work/steps
mkdir -p "$state"
main_job
say "done in $((SECONDS - started)) s"
