#!/bin/sh
# Installs the Debian packages of the parts that the tests run against, where that can be done: on
# Debian, as root. Elsewhere the tests of a missing part skip and say what to install.
set -eu

packages="busybox-static chromium conmon containerd debian-archive-keyring debootstrap dnsmasq-base
docker-compose docker.io e2fsprogs influxdb iproute2 iptables openssl podman prometheus qemu-system-x86 runc strace util-linux
victoria-metrics"

if ! command -v apt-get >/dev/null || [ "$(id -u)" != 0 ]; then
    echo "not root on Debian: tests of parts that are not installed will be skipped" >&2
    exit 0
fi
missing=""
for package in $packages; do
    case "$(dpkg-query --show --showformat '${db:Status-Status}' "$package" 2>/dev/null)" in
        installed) ;;
        *) missing="$missing $package" ;;
    esac
done
[ -z "$missing" ] && exit 0

export DEBIAN_FRONTEND=noninteractive
# shellcheck disable=SC2086 # a list
apt-get install --yes --quiet --no-install-recommends $missing || {
    apt-get update --quiet
    apt-get install --yes --quiet --no-install-recommends $missing
}
