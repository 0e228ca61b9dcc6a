#!/usr/bin/env bash
# Both commands from a clean clone in a fresh Debian 12 root with git and nothing else. Needs root and debootstrap.
# FRESH_ROOT keeps the bare root between runs; otherwise it is made and removed.
set -euo pipefail
source=$(cd "$(dirname "$0")/../.." && pwd)
work=$(mktemp -d)
bare=${FRESH_ROOT:-$work/bare}
root=$work/root

finish() {
  umount -R "$root/dev" "$root/proc" 2>/dev/null || true
  rm -rf --one-file-system "$work"
}
trap finish EXIT

[ -d "$bare" ] || debootstrap --variant=minbase bookworm "$bare" >"$work/debootstrap.log"
cp -a "$bare" "$root"
mount -t proc proc "$root/proc"
mount --rbind /dev "$root/dev"
mount --make-rslave "$root/dev"
cp /etc/resolv.conf "$root/etc/resolv.conf"
# Where this machine trusts further authorities (a registry's mirror), the new root has to as well.
install -D /etc/ssl/certs/ca-certificates.crt "$root/usr/local/share/machine-ca.crt"
chroot "$root" apt-get -qq update
chroot "$root" apt-get -qq install -y --no-install-recommends git >/dev/null 2>&1
git clone -q --bare "$source" "$root/srv/margind.git"

inside() {
  chroot "$root" env -i HOME=/root PATH=/usr/sbin:/usr/bin:/sbin:/bin LANG=C.UTF-8 NODE_EXTRA_CA_CERTS=/usr/local/share/machine-ca.crt \
    npm_config_cafile=/usr/local/share/machine-ca.crt bash -c "cd /root/margind && $1"
}
chroot "$root" env HOME=/root git clone -q /srv/margind.git /root/margind
echo "fresh: gcc: $(chroot "$root" sh -c 'command -v g++ || echo none'), node: $(chroot "$root" sh -c 'command -v node || echo none')"
SECONDS=0
inside 'daemon/demo --once'
echo "fresh: daemon/demo --once ended well after $SECONDS s; node $(chroot "$root" node --version)"
SECONDS=0
inside 'daemon/demo --once' >/dev/null 2>&1
echo "fresh: daemon/demo --once again after $SECONDS s"
SECONDS=0
inside 'tests/run'
echo "fresh: tests/run ended well after $SECONDS s"
SECONDS=0
inside 'tests/run' | tail -n 1
echo "fresh: tests/run again after $SECONDS s"
