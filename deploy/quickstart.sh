#!/usr/bin/env bash
# Sets everything up and runs the main job on real images: Fashion-MNIST, long-tailed, on the CPU.
set -euo pipefail
# Times are written with a point, whatever the user's language.
export LC_ALL=C.UTF-8

usage() {
  cat <<'EOF'
Usage: deploy/quickstart.sh [OPTION...]

Installs what is missing, builds the product and runs the main job on Fashion-MNIST, made
long-tailed: encode -> diffuse -> publish -> serve -> stream -> retrain at a remote trainer -> report.
What an earlier run finished is reused.

  --build-only       install and build, run nothing
  --jobs N           parallel compile jobs and training runs; default: the number of processors
  --work-dir DIR     where data, models and the report go; default: build/quickstart, of a trial
                     build/quickstart-trial
  --fresh            throw away what earlier runs of this script left in the work folder
  --trial            one epoch, few images, few rows: everything runs, the figures mean nothing
  --no-build         use build/bin as it is, install and build nothing
  --libtorch DIR     use this LibTorch 2.11 (unpacked, or the torch folder of a Python environment)
                     instead of fetching one
  --help             this text

Ends with a table and the path of the report: DIR/report.html, with DIR/report.json beside it.
EOF
}

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
build_only=false
build=true
fresh=false
trial=false
jobs=$(nproc)
work=
libtorch=
while [[ $# -gt 0 ]]; do
  case $1 in
    --jobs | --work-dir | --libtorch)
      if [[ $# -lt 2 || -z $2 ]]; then
        echo "quickstart.sh: $1 needs a value" >&2
        exit 2
      fi ;;&
    --build-only) build_only=true; shift ;;
    --no-build) build=false; shift ;;
    --jobs) jobs=$2; shift 2 ;;
    --work-dir) work=$(realpath -m "$2"); shift 2 ;;
    --fresh) fresh=true; shift ;;
    --trial) trial=true; shift ;;
    --libtorch) libtorch=$(realpath -m "$2"); shift 2 ;;
    --help | -h) usage; exit 0 ;;
    *) echo "quickstart.sh: unknown option '$1'" >&2; usage >&2; exit 2 ;;
  esac
done
if ! [[ $jobs =~ ^[1-9][0-9]*$ ]]; then
  echo "quickstart.sh: --jobs '$jobs': expected a whole number from 1" >&2
  exit 2
fi
if $build_only && ! $build; then
  echo "quickstart.sh: --build-only and --no-build exclude each other" >&2
  exit 2
fi

data=/usr/share/datasets/fashion-mnist
seeds=(0 1 2)
bundle=fashion-mnist-lt
# From the most frequent class to the rarest: the hard ones in the tail.
class_order=9,8,7,5,1,3,0,2,4,6
split_flags=() encoder_flags=() generator_flags=() retrain_flags=()
if $trial; then
  work=${work:-$root/build/quickstart-trial}
  split_flags=(--max-per-class 400)
  encoder_flags=(--epochs 1)
  generator_flags=(--steps 60)
  retrain_flags=(--plan each=20 --data-free-rows 40)
fi
work=${work:-$root/build/quickstart}

say() { echo "[$(date +%H:%M:%S)] $*"; }

seconds_since() { awk -v a="$1" -v b="$EPOCHREALTIME" 'BEGIN { printf "%.1f", b - a }'; }

# A command as one pastes it into a shell. The server's port changes from run to run and does not count.
command_text() {
  local text
  printf -v text '%q ' "$@"
  text=${text% }
  echo "${text/"${server:-no server yet}"/127.0.0.1:PORT}"
}

# What a step was made by and from: the build, the command and the files it names.
stamp_of() {
  local argument inputs=()
  echo "$version"
  command_text "$@"
  for argument in "$@" "${also_from[@]}"; do
    if [[ $argument == "$work"/* && -f $argument && $argument != "$output" ]]; then inputs+=("$argument"); fi
  done
  if [[ ${#inputs[@]} -gt 0 ]]; then sha256sum "${inputs[@]}"; fi
}

# is_current NAME OUTPUT COMMAND...: OUTPUT is there from the same stamp, which is left in `wanted`. The
# files in `also_from` count as inputs beside those that the command names.
is_current() {
  local stamp=$state/$1.stamp output=$2
  wanted=$(stamp_of "${@:3}")
  [[ -e $output && -f $stamp && $(<"$stamp") == "$wanted" ]]
}

# step NAME OUTPUT COMMAND...: runs the command unless OUTPUT is current.
step() {
  local name=$1 output=$2 wanted
  if is_current "$@"; then
    say "$name: reused ${output#"$work"/}"
    return
  fi
  shift 2
  local stamp=$state/$name.stamp command
  rm -f "$stamp"
  command=$(command_text "$@")
  say "$name: ${command//"$root/"/}"
  local start=$EPOCHREALTIME
  if ! "$@" >"$state/$name.out" 2> >(sed -u "s/^/    $name: /" >&2); then
    say "$name: failed"
    return 1
  fi
  if [[ ! -e $output ]]; then
    say "$name: made no ${output#"$work"/}"
    return 1
  fi
  seconds_since "$start" >"$state/$name.seconds"
  echo "$wanted" >"$stamp"
  say "$name: done in $(<"$state/$name.seconds") s"
}

# Process groups of parallel().
declare -A running=()

# parallel FUNCTION ARGUMENT...: FUNCTION for each argument, at most $jobs at once; fails if one fails.
# Each has a process group of its own, so that stop_all() reaches whatever it started.
parallel() {
  local function=$1 argument finished failed=0
  shift
  for argument in "$@"; do
    if [[ ${#running[@]} -ge $jobs ]]; then
      wait -n -p finished "${!running[@]}" || failed=1
      unset "running[$finished]"
    fi
    set -m
    { set +m; "$function" "$argument"; } &
    set +m
    running[$!]=$argument
  done
  while [[ ${#running[@]} -gt 0 ]]; do
    wait -n -p finished "${!running[@]}" || failed=1
    unset "running[$finished]"
  done
  return "$failed"
}

# In a process group of its own, so that nothing goes on compiling when the script is stopped.
compile() {
  cmake --build "$root/build" --parallel "$jobs" --target tailcast tailcastd client_python_stubs
}

build_product() {
  say "install what is missing"
  "$root/deploy/install_dependencies.sh" ${libtorch:+--libtorch "$libtorch"}
  say "build"
  local start=$EPOCHREALTIME
  (cd "$root" && cmake --preset default -DTAILCAST_LIBTORCH_DIR="$libtorch" >"$root/build/configure.log") ||
    { cat "$root/build/configure.log" >&2; return 1; }
  parallel compile product
  say "build: done in $(seconds_since "$start") s"
}

train_encoder() {
  local folder=$work/publisher/seed-$1
  mkdir -p "$folder"
  step "encoder-seed-$1" "$folder/encoder.safetensors" \
    "$tailcast" train encoder --data "$data" --split "$work/split.json" --seed "$1" --threads 1 \
    "${encoder_flags[@]}" --output "$folder/encoder.safetensors"
  local part
  for part in train validation; do
    step "encode-$part-seed-$1" "$folder/$part.safetensors" \
      "$tailcast" encode --encoder "$folder/encoder.safetensors" --data "$data" --threads 1 \
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
    "${generator_flags[@]}" --output "$folder/generator-$objective.safetensors"
}

# Encoder and generators of one seed; what only seed 0 has comes first in its own run.
train_seed() {
  train_encoder "$1"
  if [[ $1 == 0 ]]; then
    train_generator 0-cbdm
    train_generator 0-diffrop
  fi
  train_generator "$1-denoising"
}

# $1: SEED-OBJECTIVE, $2: bundle, $3: version; $4: a function that gets the step
with_publish_step() {
  local seed=${1%%-*} objective=${1#*-}
  local folder=$work/publisher/seed-$seed
  "$4" "publish-$objective-seed-$seed" "$work/repository/$2/$3/manifest.json" \
    "$tailcast" publish --repository "$work/repository" --name "$2" \
    --generator "$folder/generator-$objective.safetensors" --encoder "$folder/encoder.safetensors"
}

# Seed S becomes version S + 1. Versions never change, so where one was published from something else
# the bundles of this script are made anew, all of them.
publish_all() {
  local wanted published=("0-denoising $bundle 1" "1-denoising $bundle 2" "2-denoising $bundle 3"
    "0-cbdm $bundle-cbdm 1" "0-diffrop $bundle-diffrop 1") item current=true there
  mkdir -p "$work/repository"
  # shellcheck disable=SC2086 # three words each
  for item in "${published[@]}"; do with_publish_step $item is_current || current=false; done
  there=$(ls -d "$work/repository/$bundle"{,-cbdm,-diffrop} 2>/dev/null || true)
  if ! $current && [[ -n $there ]]; then
    say "publish: the bundles of an earlier run, of other inputs or not finished, are made anew"
    rm -rf "$work/repository/$bundle" "$work/repository/$bundle"-{cbdm,diffrop}
  fi
  # shellcheck disable=SC2086
  for item in "${published[@]}"; do with_publish_step $item step; done
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
    "$tailcast" encode --encoder "$folder/encoder.safetensors" --data "$data" --threads 1 --part test \
    --output "$folder/test.safetensors"
}

# The server must not be able to read the trainer's folder. Sets `hide`, a command that runs another
# one so: with a private mount in which the folder is empty, or as a user who may not open it. Each is
# tried on a file of the trainer before it is trusted.
choose_isolation() {
  # shellcheck disable=SC2016 # the inner shell expands these
  local hiding=(sh -c 'mount -t tmpfs none "$1" && shift && exec "$@"' sh "$work/trainer")
  local hidden=(test ! -e "$work/trainer/seed-0/train.safetensors")
  local nobody=(setpriv --reuid 65534 --regid 65534 --clear-groups)
  if unshare --mount "${hiding[@]}" "${hidden[@]}" 2>/dev/null; then
    hide=(unshare --mount "${hiding[@]}")
  elif unshare --user --map-root-user --mount "${hiding[@]}" "${hidden[@]}" 2>/dev/null; then
    hide=(unshare --user --map-root-user --mount "${hiding[@]}")
  elif chmod 700 "$work/trainer" && "${nobody[@]}" test -r "$work/repository" 2>/dev/null &&
    "${nobody[@]}" "${hidden[@]}" && "${nobody[@]}" "$tailcastd" --version >/dev/null 2>&1; then
    hide=("${nobody[@]}")
  else
    say "serve: this system gives no private mounts: server and trainer have folders of their own, but one user"
    return
  fi
  say "serve: the server cannot read the trainer's folder"
}

start_server() {
  local hide=()
  choose_isolation
  : >"$state/server.out"
  serve=("$tailcastd" --repository "$work/repository" --listen 127.0.0.1:0)
  server_start=$EPOCHREALTIME
  "${hide[@]}" "${serve[@]}" >"$state/server.out" 2>"$work/server.log" &
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
}

stop_server() {
  [[ -n ${server_pid:-} ]] || return 0
  kill -TERM "$server_pid" 2>/dev/null || true
  wait "$server_pid" 2>/dev/null || true
  server_pid=
}

# Leaves nothing running, however the script ends. Who trains writes a checkpoint first.
stop_all() {
  local group deadline=$((SECONDS + 30))
  for group in "${!running[@]}"; do kill -TERM -- "-$group" 2>/dev/null || true; done
  for group in "${!running[@]}"; do
    while kill -0 -- "-$group" 2>/dev/null; do
      if [[ $SECONDS -ge $deadline ]]; then kill -KILL -- "-$group" 2>/dev/null || true; fi
      sleep 0.1
    done
  done
  stop_server
}

# $1: SEED-OBJECTIVE
retrain() {
  local seed=${1%%-*} objective=${1#*-}
  local folder=$work/trainer/seed-$seed reference=$bundle@$((seed + 1))
  [[ $objective == denoising ]] || reference=$bundle-$objective@1
  local also_from=("$work/repository/${reference/@//}/manifest.json")
  step "retrain-$objective-seed-$seed" "$folder/$objective/figures.json" \
    "$tailcast" retrain --server "$server" --bundle "$reference" --features "$folder/train.safetensors" \
    --validation "$folder/validation.safetensors" --test "$folder/test.safetensors" \
    --encoder "$folder/encoder.safetensors" --seed "$seed" "${retrain_flags[@]}" --output "$folder/$objective"
}

json_text() {
  local text=${1//\\/\\\\}
  printf '"%s"' "${text//\"/\\\"}"
}

# step_line NAME SECONDS COMMAND: a JSON object for the report; SECONDS empty: not known yet.
step_line() {
  printf '{"step": "%s", %s"command": %s}\n' "$1" "${2:+"\"seconds\": $2, "}" "$(json_text "${3//"$root/"/}")"
}

# What ran, in the order in which it ended.
write_steps() {
  local stamp name
  while read -r stamp; do
    name=$(basename "$stamp" .stamp)
    step_line "$name" "$(<"$state/$name.seconds")" "$(sed -n 2p "$stamp")"
  done < <(ls -tr "$state"/*.stamp)
  step_line serve "$(seconds_since "$server_start")" "$(command_text "${serve[@]}")"
  step_line report "" "$(command_text "$@")"
}

main_job() {
  step split "$work/split.json" \
    "$tailcast" split --data "$data" --class-order "$class_order" --imbalance-factor 100 \
    --validation-per-class 100 --seed 0 "${split_flags[@]}" --output "$work/split.json"
  parallel train_seed "${seeds[@]}"

  publish_all
  parallel equip_trainer "${seeds[@]}"
  start_server
  parallel retrain "${seeds[@]/%/-denoising}" 0-cbdm 0-diffrop
  stop_server

  local inputs=() seed
  for seed in "${seeds[@]}"; do inputs+=("$work/trainer/seed-$seed/denoising"); done
  local dataset=Fashion-MNIST-LT
  if $trial; then dataset="Fashion-MNIST-LT, a trial whose figures mean nothing"; fi
  local report=("$tailcast" report --dataset "$dataset" --inputs "${inputs[@]}"
    --ablation "ldmlr_cbdm=$work/trainer/seed-0/cbdm" --ablation "ldmlr_diffrop=$work/trainer/seed-0/diffrop"
    --steps "$work/steps.jsonl" --output "$work/report.html")
  write_steps "${report[@]}" >"$work/steps.jsonl"
  "${report[@]}"
  say "report: $work/report.html"
}

# Nothing but what this script made: the folder may hold more.
clear_work() {
  if [[ -d $work && ! -f $state/made-by-quickstart && -n $(ls -A "$work") ]]; then
    echo "quickstart.sh: --fresh: '$work' holds no earlier run of this script; nothing was removed" >&2
    return 1
  fi
  rm -rf "$work"/{split.json,publisher,trainer,repository,steps.jsonl,report.html,report.json,server.log} "$state"
}

# Two runs in one folder would write the same files.
lock_work() {
  exec {lock}<"$work"
  if ! flock --nonblock "$lock"; then
    echo "quickstart.sh: another run, or what is left of one, works in '$work'; wait for it or stop it" >&2
    return 1
  fi
}

started=$SECONDS
tailcast=$root/build/bin/tailcast
tailcastd=$root/build/bin/tailcastd
state=$work/steps
also_from=()
trap stop_all EXIT
trap 'say "interrupted: the same command goes on from here"; exit 130' INT
trap 'say "terminated: the same command goes on from here"; exit 143' TERM
if $build; then build_product; fi
if $build_only; then exit 0; fi
for program in "$tailcast" "$tailcastd"; do
  if [[ ! -x $program ]]; then
    echo "quickstart.sh: $program is not there; run without --no-build" >&2
    exit 1
  fi
done

build_done=$SECONDS
mkdir -p "$work"
lock_work
if $fresh; then clear_work; fi
version="$("$tailcast" --version) $(sha256sum "$tailcast" "$tailcastd" | cut -d ' ' -f 1 | paste -s -d ' ')"
mkdir -p "$state"
touch "$state/made-by-quickstart"
main_job
say "done: the main job took $((SECONDS - build_done)) s, all of it $((SECONDS - started)) s"
