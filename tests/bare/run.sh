#!/bin/bash
# usage: run.sh DIR [TARGET...]
#
# The proof that a stranger's two commands work: makes a bare Debian 12 with nothing but git, make
# and ca-certificates in DIR (debootstrap, once), clones this repository's HEAD into a copy of it
# and runs `make demo` and `make test` there (or the TARGETs given), each timed. Needs root and
# debootstrap. DIR needs about 5 GB; it keeps the bare system and the logs, nothing else.
#
#   MIRROR=URL    Debian mirror; default: the one this machine uses
#   AS_USER=yes   work as an ordinary user with sudo, instead of as root
#   KEEP=yes      leave the used system in DIR/root, to look around in
#
# What this machine is configured with is handed on: proxies, pip's settings (PIP_*), certificates.
set -eu

if [ $# -lt 1 ] || [ "${1:0:1}" = - ]; then
    sed -n '2,/^set/s/^# \{0,1\}//p' "$0"
    exit 2
fi
if [ "$(id -u)" -ne 0 ] || ! command -v debootstrap >/dev/null; then
    echo "this needs root and the package debootstrap" >&2
    exit 2
fi
dir=$(realpath -m "$1")
shift
[ $# -gt 0 ] || set -- demo test
repository=$(git -C "$(dirname "$0")" rev-parse --show-toplevel)
base=$dir/base root=$dir/root
packages=git,make,ca-certificates
[ "${AS_USER:-no}" = no ] || { base=$dir/base-sudo packages=$packages,sudo; }

# In a namespace of its own, what is mounted and what is started ends with this script.
if [ "${BARE_INSIDE:-}" != yes ]; then
    BARE_INSIDE=yes exec unshare --mount --pid --fork --kill-child "$0" "$dir" "$@"
fi

# Every mirror of bookworm that this machine's apt knows: "URI suite" lines, the release first.
mirrors() {
    apt-get indextargets --format '$(REPO_URI) $(RELEASE)' 2>/dev/null |
        awk '$2 ~ /^bookworm/ && !seen[$0]++' | sort -k2
}

make_base() {
    local mirror=${MIRROR:-$(mirrors | awk '$2 == "bookworm" { print $1; exit }')}
    echo "making a bare Debian 12 in $base"
    rm -rf "$base"
    debootstrap --variant=minbase --include=$packages bookworm "$base.new" "$mirror" >"$dir/debootstrap.log" 2>&1 ||
        { tail "$dir/debootstrap.log"; exit 1; }
    mirrors | awk '{ print "deb " $1 " " $2 " main" }' >"$base.new/etc/apt/sources.list"
    rm -rf "$base.new"/var/cache/apt/archives/*.deb
    mv "$base.new" "$base"
}

enter_machine_settings() {
    cp /etc/resolv.conf "$root/etc/resolv.conf"
    printf '127.0.0.1 localhost\n::1 localhost ip6-localhost\n' >"$root/etc/hosts" # the installer's work
    # Certificates that the owner of this machine added.
    if compgen -G '/usr/local/share/ca-certificates/*.crt' >/dev/null; then
        cp /usr/local/share/ca-certificates/*.crt "$root/usr/local/share/ca-certificates/"
        inside update-ca-certificates >/dev/null 2>&1
    fi
}

inside() {
    chroot "$root" /usr/bin/env -i PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin \
        HOME="${in_home:-/root}" LANG=C.UTF-8 TERM="${TERM:-dumb}" "${handed_on[@]}" "$@" </dev/null
}

handed_on=()
while IFS= read -r -d '' setting; do
    case "$setting" in
    http_proxy=* | https_proxy=* | no_proxy=* | HTTP_PROXY=* | HTTPS_PROXY=* | NO_PROXY=*) handed_on+=("$setting") ;;
    PIP_FIND_LINKS=*) ;; # a folder of this machine
    PIP_*=* | SSL_CERT_FILE=* | REQUESTS_CA_BUNDLE=* | NODE_EXTRA_CA_CERTS=*) handed_on+=("$setting") ;;
    esac
done < <(env -0)

mkdir -p "$dir"
[ -d "$base" ] || make_base
rm -rf "$root"
cp -a "$base" "$root"
mount --make-rprivate /
mount --rbind /dev "$root/dev"
mount -t proc proc "$root/proc"
mount -t sysfs -o ro sysfs "$root/sys"
mount -t tmpfs -o mode=1777 tmpfs "$root/tmp"
enter_machine_settings

in_home=/root
as=()
if [ "${AS_USER:-no}" != no ]; then
    inside useradd --create-home --shell /bin/bash stranger
    echo "stranger ALL=(ALL) NOPASSWD: ALL" >"$root/etc/sudoers.d/stranger"
    in_home=/home/stranger
    as=(setpriv --reuid stranger --regid stranger --init-groups)
fi
git clone -q --no-hardlinks "$repository" "$root$in_home/muster"
git -C "$root$in_home/muster" checkout -q "$(git -C "$repository" rev-parse HEAD)"
[ "${AS_USER:-no}" = no ] || inside chown -R stranger: "$in_home/muster"

echo "bare machine: $(cat "$root/etc/debian_version"), $(inside dpkg-query -W | wc -l) packages, $(nproc) cores, commit $(git -C "$repository" rev-parse --short HEAD)"
failed=0
for target in "$@"; do
    start=$SECONDS
    log=$dir/$target.log
    if inside "${as[@]}" bash -c "cd ~/muster && make $target" >"$log" 2>&1; then
        result=ok
    else
        result=FAILED
        failed=1
        tail -n 40 "$log"
    fi
    echo "make $target: $result after $((SECONDS - start)) s (log: $log)"
done
[ "${KEEP:-no}" = yes ] || { umount -R "$root/dev" "$root/proc" "$root/sys" "$root/tmp" && rm -rf "$root"; }
exit $failed
