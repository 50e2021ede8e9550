#!/bin/bash
# usage: make-deb.sh BUILD VERSION
# Makes BUILD/muster_VERSION_ARCH.deb from `make install` and dpkg-deb alone: for machines of one's
# own, not for an archive. The libraries it depends on are read back from the programs.
set -eu
build=$1 version=$2
stage=$build/deb
arch=$(dpkg --print-architecture)

rm -rf "$stage"
"${MAKE:-make}" --no-print-directory -s BUILD="$build" DESTDIR="$stage" PREFIX=/usr install
find "$stage/usr/share/man" -type f -exec gzip -9n {} + 2>/dev/null || true
strip --strip-unneeded "$stage"/usr/bin/*
install -D -m 644 LICENSE "$stage/usr/share/doc/muster/copyright"

# "libuv1 (>= 1.44.2)": for each library that a program names, the package that brings it, at least as
# new as here.
libraries() {
    for program in "$stage"/usr/bin/*; do
        readelf -dW "$program" | sed -n 's/.*(NEEDED).*\[\(.*\)\]/\1/p'
    done | sort -u
}
depends=$(libraries | while read -r library; do
    dpkg -S "*/$(gcc -print-multiarch)/$library" | head -n 1 | cut -d: -f1
done | sort -u | while read -r package; do
    dpkg-query -W -f '${Package} (>= ${Version})\n' "$package" | sed 's/-[^-]*)$/)/'
done | paste -sd, | sed 's/,/, /g')

mkdir -p "$stage/DEBIAN"
cat >"$stage/DEBIAN/control" <<CONTROL
Package: muster
Version: $version
Architecture: $arch
Maintainer: the muster maintainers <muster@localhost>
Installed-Size: $(du -sk "$stage/usr" | cut -f1)
Depends: $depends, ca-certificates, tzdata
Section: admin
Priority: optional
Description: autoscaling controller for worker machines
 muster watches the queues where work waits, decides how many worker machines
 that work needs, and starts or returns those machines, as cheaply as the
 promised waiting time allows.
CONTROL
dpkg-deb --root-owner-group --build "$stage" "$build/muster_${version}_$arch.deb"
