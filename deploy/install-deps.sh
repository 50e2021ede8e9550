#!/bin/sh
# usage: install-deps.sh [--check] build|lint|test
#
# Installs the Debian packages that are missing, and only those:
#   build   what it takes to compile and run muster and its demo
#   lint    build, and what `make lint` runs
#   test    all of the above, and what `make test` runs
#
# It prints what it is going to install before it does, never removes or replaces a package, and
# starts no service. --check prints what is missing and exits 1 if anything is.
set -eu

# package, and how to see that what it brings is here already by other means:
#   pc:NAME  pkg-config knows it    cmd:NAME  the program is on the PATH    -  ask dpkg alone
build_packages="
gcc                     cmd:gcc
libc6-dev               -
pkg-config              cmd:pkg-config
libuv1-dev              pc:libuv
libcurl4-openssl-dev    pc:libcurl
libssl-dev              pc:openssl
libcjson-dev            pc:libcjson
libexpat1-dev           pc:expat
libmicrohttpd-dev       pc:libmicrohttpd
libfyaml-dev            pc:libfyaml
libsqlite3-dev          pc:sqlite3
libhiredis-dev          pc:hiredis
ca-certificates         -
tzdata                  -
xz-utils                cmd:xz
"
lint_packages="
clang-format            cmd:clang-format
cppcheck                cmd:cppcheck
binutils                cmd:readelf
python3                 cmd:python3
"
test_packages="
libcmocka-dev           pc:cmocka
python3-venv            -
redis-server            cmd:redis-server
redis-tools             cmd:redis-cli
prometheus              cmd:promtool
valgrind                cmd:valgrind
clang                   cmd:clang
libclang-rt-14-dev      -
llvm                    cmd:llvm-symbolizer
wrk                     cmd:wrk
procps                  cmd:ps
psmisc                  cmd:fuser
curl                    cmd:curl
openssl                 cmd:openssl
jq                      cmd:jq
ruby-sidekiq            cmd:sidekiq
"

usage() {
    sed -n '2,/^set/s/^# \{0,1\}//p' "$0"
    exit 2
}

check_only=no
[ "${1:-}" != --check ] || { check_only=yes; shift; }
case "${1:-build}" in
build) wanted=$build_packages ;;
lint) wanted="$build_packages $lint_packages" ;;
test) wanted="$build_packages $lint_packages $test_packages" ;;
*) usage ;;
esac

have_package() {
    [ "$(dpkg-query -W -f '${db:Status-Status}' "$1" 2>/dev/null)" = installed ]
}

have_probe() {
    case "$1" in
    pc:*) command -v pkg-config >/dev/null && pkg-config --exists "${1#pc:}" ;;
    cmd:*) command -v "${1#cmd:}" >/dev/null ;;
    *) ! command -v dpkg-query >/dev/null ;; # no dpkg to ask, and no probe: assume it is there
    esac
}

missing=
set -- $wanted
while [ $# -gt 0 ]; do
    have_package "$1" || have_probe "$2" || missing="$missing $1"
    shift 2
done
[ -n "$missing" ] || exit 0

if [ "$check_only" = yes ]; then
    echo "missing:$missing"
    exit 1
fi
if ! command -v apt-get >/dev/null; then
    echo "muster needs these packages, and there is no apt-get here to install them:$missing" >&2
    echo "(names as in Debian 12)" >&2
    exit 1
fi
as_root=
if [ "$(id -u)" -ne 0 ]; then
    if ! command -v sudo >/dev/null; then
        echo "muster needs these Debian packages:$missing" >&2
        echo "Neither root nor sudo is available; as root: apt-get install$missing" >&2
        exit 1
    fi
    as_root="sudo"
fi

echo "installing Debian packages:$missing"

# Debian starts a server as soon as its package is installed (redis-server, prometheus). The tests
# start their own, so for the time of this installation the system is told not to, unless its
# owner has a policy of their own.
policy=/usr/sbin/policy-rc.d
if [ ! -e $policy ]; then
    restore() {
        $as_root rm -f $policy
    }
    trap restore EXIT
    trap 'exit 130' INT
    trap 'exit 143' TERM
    printf '#!/bin/sh\nexit 101\n' | $as_root tee $policy >/dev/null
    $as_root chmod 755 $policy
fi

# What apt has to say matters only when it fails.
log=$(mktemp)
apt() {
    $as_root env DEBIAN_FRONTEND=noninteractive apt-get -qq -o Dpkg::Use-Pty=0 "$@" >"$log" 2>&1 && return
    cat "$log" >&2
    echo "apt-get $1 failed; its words are above, all of them in $log" >&2
    exit 1
}
apt update
# shellcheck disable=SC2086  # a list of words
apt install -y --no-install-recommends --no-remove $missing

# Nor are they to start with the next boot, where it was not there before.
if [ -d /run/systemd/system ]; then
    for service in redis-server prometheus; do
        case " $missing " in
        *" $service "*) $as_root systemctl --quiet disable $service 2>/dev/null || true ;;
        esac
    done
fi
rm -f "$log"
echo "installed"
