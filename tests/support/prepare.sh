# What daemon/demo and tests/run share: installs what is missing, builds. Sourced by both, with `root` set.

packages=(ca-certificates curl g++ cmake ninja-build pkg-config ccache git python3
  libboost1.81-dev libssl-dev libcpp-httplib-dev nlohmann-json3-dev libspdlog-dev libfmt-dev libtomlplusplus-dev
  libcli11-dev prometheus-cpp-dev libexpected-dev libeigen3-dev libxsimd-dev libsqlite3-dev libcrypto++-dev libsecp256k1-dev zlib1g-dev
  libgtest-dev librapidcheck-dev libbenchmark-dev)

say() { printf '\033[1m== %s\033[0m\n' "$*" >&2; }
die() { printf 'error: %s\n' "$*" >&2; exit 1; }

as_root() {
  if [ "$(id -u)" = 0 ]; then "$@"
  elif command -v sudo >/dev/null; then sudo "$@"
  else die "installing packages needs root or sudo: $*"; fi
}

install_packages() {
  local missing=() name
  for name in "${packages[@]}"; do
    case "$(dpkg-query -W -f '${Status}' "$name" 2>/dev/null)" in *' installed') ;; *) missing+=("$name") ;; esac
  done
  # Any Node from 18 on will do, also one that did not come from a package.
  command -v node >/dev/null || missing+=(nodejs)
  command -v npm >/dev/null || missing+=(npm)
  [ ${#missing[@]} -eq 0 ] && return
  say "installing ${#missing[@]} Debian packages: ${missing[*]}"
  as_root apt-get -qq update
  as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends -o Dpkg::Use-Pty=0 "${missing[@]}" |
    awk '/^Setting up/ {n++; if (n % 25 == 0) print "   " n " packages set up" > "/dev/stderr"}'
  [ "${PIPESTATUS[0]}" -eq 0 ] || die "apt-get could not install: ${missing[*]}"
}

prepare_chain() { node "$root/tests/chain/setup.mjs" >&2; }

# build PRESET [TARGET...]: Ninja shows its progress itself.
build() {
  local preset=$1
  shift
  export CCACHE_BASEDIR=$root CCACHE_NOHASHDIR=1
  say "building ($preset)"
  (cd "$root" && cmake --preset "$preset" -DCMAKE_MESSAGE_LOG_LEVEL=WARNING >&2 && cmake --build --preset "$preset" ${1:+--target "$@"} >&2)
}
