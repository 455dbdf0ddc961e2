# SPDX-License-Identifier: Apache-2.0
# Sourced by deploy/quickstart, tests/run and .ci/run: which Debian packages a job needs, and installing those that
# are missing. Nothing is asked of the network when all are there.
# shellcheck shell=bash

# shellcheck disable=SC2034  # read by the scripts that source this file
{
  # What compiling the gateway, its plugins and its tests takes.
  BUILD_PACKAGES=(g++ cmake ninja-build ccache pkg-config libevent-dev libnghttp2-dev libcurl4-openssl-dev libre2-dev
    libssl-dev libyaml-cpp-dev nlohmann-json3-dev libsqlite3-dev libargon2-dev libcrypt-dev libhiredis-dev libpq-dev
    libldap-dev libpam0g-dev libseccomp-dev libcli11-dev libspdlog-dev libfmt-dev libgtest-dev libgmock-dev libhttp-parser-dev
    libbenchmark-dev)
  # What the end-to-end tests drive: real clients and real upstreams.
  TEST_PACKAGES=(ca-certificates curl nghttp2-client nghttp2-server openssl apache2-utils sqlite3 procps util-linux radicale
    gunicorn nginx-light caddy haproxy redis-server slapd ldap-utils postgresql libpam-pwdfile php-cli chromium
    fonts-dejavu-core jose python3 python3-httpbin python3-cryptography python3-pytest python3-pytest-xdist python3-jwt
    python3-jwcrypto python3-h2 python3-grpcio python3-websockets python3-httpx python3-aiosmtpd
    python3-prometheus-client python3-yaml python3-jsonschema iproute2 prometheus testssl.sh golang-go golang-github-golang-jwt-jwt-dev dpkg-dev systemd buildah debootstrap)
  # npm installs what drives Chromium; Debian's own is left out where another node is there already.
  if ! command -v npm >/dev/null; then TEST_PACKAGES+=(nodejs npm); fi
  DEMO_PACKAGES=(ca-certificates curl openssl procps gunicorn python3 python3-httpbin)
  # The proxies beside which tests/bench/run measures, and what asks them.
  BENCH_PACKAGES=(g++ libssl-dev wrk nghttp2-client haproxy nginx-light libnginx-mod-http-js caddy apache2 libapache2-mod-auth-openidc
    python3 python3-cryptography python3-jwt)
  CLANG_PACKAGES=(clang-14 libclang-rt-14-dev)
  STYLE_PACKAGES=(clang-format-14 shellcheck)
}

# Compiled files are found again from any folder that the tree is cloned to.
export CCACHE_BASEDIR=$PWD CCACHE_NOHASHDIR=1 CCACHE_SLOPPINESS=pch_defines,time_macros

is_installed() {
  [[ $(dpkg-query -W -f '${db:Status-Status}' "$1" 2>/dev/null) == installed ]]
}

as_root() {
  if ((EUID == 0)); then
    "$@"
  elif command -v sudo >/dev/null; then
    sudo "$@"
  else
    echo "error: packages are missing, and installing them takes root: run this as root, or install sudo" >&2
    return 1
  fi
}

# need_packages NAME...: returns when all of them are installed; otherwise says which could not be had, and why.
need_packages() {
  local package missing=() unknown=()
  if ! command -v dpkg-query >/dev/null || ! command -v apt-get >/dev/null; then
    echo "error: this script installs packages with apt-get: it needs Debian 12 (or a container of it)" >&2
    return 1
  fi
  for package in "$@"; do
    is_installed "$package" || missing+=("$package")
  done
  ((${#missing[@]})) || return 0

  echo "installing ${#missing[@]} Debian packages: ${missing[*]}"
  local apt=(env DEBIAN_FRONTEND=noninteractive apt-get -q -o DPkg::Lock::Timeout=300 -o Acquire::Retries=3)
  as_root "${apt[@]}" update || echo "warning: 'apt-get update' failed; trying with the package lists that are there" >&2
  as_root "${apt[@]}" install -y --no-install-recommends "${missing[@]}" && return 0
  echo "warning: that did not work; once more in 10 s" >&2
  sleep 10
  as_root "${apt[@]}" update || true
  as_root "${apt[@]}" install -y --no-install-recommends "${missing[@]}" && return 0

  for package in "${missing[@]}"; do
    apt-cache show "$package" >/dev/null 2>&1 || unknown+=("$package")
  done
  {
    echo
    if ((${#unknown[@]})); then
      echo "error: these packages cannot be had here: ${unknown[*]}"
      echo "  They are all in Debian 12 (bookworm), section main; this is: $(. /etc/os-release && echo "$PRETTY_NAME")."
      echo "  Look at /etc/apt/sources.list (and sources.list.d), run 'apt-get update', then start this again."
    else
      echo "error: apt-get could not install: ${missing[*]}"
      echo "  What it said stands above. With a network error: run 'apt-get update' and start this again;"
      echo "  with broken packages: 'apt-get --fix-broken install'. What is installed already is kept."
    fi
  } >&2
  return 1
}
