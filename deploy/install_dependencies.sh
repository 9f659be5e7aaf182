#!/usr/bin/env bash
# Installs what the build needs: Debian packages by apt, and LibTorch, google.rpc's protos and the
# Python client's packages by pip into DEPENDENCIES_DIR. What is present is not fetched again.
set -euo pipefail

usage() {
  cat <<'EOF'
Usage: deploy/install_dependencies.sh [--libtorch DIR] [DEPENDENCIES_DIR]

  --libtorch DIR     use this LibTorch 2.11 (unpacked, or the torch folder of a Python environment)
                     instead of fetching one
  DEPENDENCIES_DIR   default: build/dependencies
EOF
}

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
dependencies=$root/build/dependencies
libtorch=
while [[ $# -gt 0 ]]; do
  case $1 in
    --libtorch)
      if [[ $# -lt 2 || -z $2 ]]; then
        echo "install_dependencies.sh: --libtorch needs a folder" >&2
        exit 2
      fi
      libtorch=$2
      shift 2 ;;
    --help | -h) usage; exit 0 ;;
    -*) echo "install_dependencies.sh: unknown option '$1'" >&2; usage >&2; exit 2 ;;
    *) dependencies=$1; shift ;;
  esac
done

if [[ -n $libtorch && ! -f $libtorch/include/torch/csrc/api/include/torch/torch.h ]]; then
  echo "install_dependencies.sh: --libtorch '$libtorch': no include/torch/csrc/api/include/torch/torch.h in it" >&2
  exit 1
fi

apt_packages=(
  g++ cmake ninja-build ccache git pkg-config clang
  libgrpc++-dev libprotobuf-dev protobuf-compiler protobuf-compiler-grpc libabsl-dev libre2-dev
  libc-ares-dev libspdlog-dev libcli11-dev nlohmann-json3-dev libxxhash-dev libssl-dev zlib1g-dev
  libtcmalloc-minimal4
  libgtest-dev libgmock-dev
  python3 python3-venv ca-certificates dataset-fashion-mnist
)
missing=()
for package in "${apt_packages[@]}"; do
  dpkg-query -W -f='${db:Status-Status}' "$package" 2>/dev/null | grep -qx installed || missing+=("$package")
done
if [[ ${#missing[@]} -gt 0 ]]; then
  echo "Installing ${#missing[@]} Debian packages: ${missing[*]}"
  as_root=()
  if [[ $EUID -ne 0 ]]; then
    as_root=(sudo)
    if ! command -v sudo >/dev/null; then
      echo "install_dependencies.sh: run as root, or install these first: apt-get install ${missing[*]}" >&2
      exit 1
    fi
  fi
  "${as_root[@]}" apt-get update -q
  "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive \
    apt-get install -q -y --no-install-recommends "${missing[@]}"
else
  echo "Debian packages: all present"
fi

# Debian's own interpreter: the LibTorch wheel is built for its version.
venv=$dependencies/venv
mkdir -p "$dependencies"
python_version=$(/usr/bin/python3 -c 'import sys; print("%d.%d" % sys.version_info[:2])')
[[ -x $venv/bin/pip && -d $venv/lib/python$python_version ]] || /usr/bin/python3 -m venv --clear "$venv"

# $1: name; the rest: arguments of pip. A stamp remembers what was installed, and goes with it.
pip_once() {
  local stamp=$venv/$1.installed wanted="${*:2}"
  if [[ -f $stamp && $(<"$stamp") == "$wanted" ]]; then
    echo "$1: present"
    return
  fi
  echo "$1: fetching by pip"
  "$venv/bin/pip" install --disable-pip-version-check "${@:2}"
  echo "$wanted" >"$stamp"
}
pip_once protos-and-python-client \
  grpcio==1.85.1 grpcio-tools==1.85.1 protobuf==7.36.2 numpy==2.4.6 safetensors==0.8.0 xxhash==4.1.0 \
  googleapis-common-protos==1.76.0
if [[ -z $libtorch ]]; then
  # Without its dependencies the wheel runs on the CPU; it still loads CUDA's runtime and profiler.
  pip_once libtorch-cpu --no-deps \
    torch==2.11.0 nvidia-cuda-runtime==13.0.96 nvidia-cuda-cupti==13.0.85
fi
