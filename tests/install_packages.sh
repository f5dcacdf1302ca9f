#!/bin/sh
# The Debian packages the tests use. Without root or sudo nothing is installed and the tests that need them skip.
set -u
wanted=""
for pair in mosquitto:/usr/sbin/mosquitto chromium:/usr/bin/chromium fonts-noto-cjk:/usr/share/fonts/opentype/noto libzbar0:zbar postgresql:/usr/lib/postgresql; do
    package=${pair%%:*} place=${pair#*:}
    case $place in
        /*) [ -e "$place" ] || wanted="$wanted $package" ;;
        *) ldconfig -p 2>/dev/null | grep -q "lib$place" || wanted="$wanted $package" ;;
    esac
done
[ -n "$wanted" ] || exit 0
if ! command -v apt-get >/dev/null 2>&1; then
    echo "Not a Debian system: install$wanted by hand; the tests that need them skip."
    exit 0
fi
if [ "$(id -u)" = 0 ]; then
    as_root=""
elif command -v sudo >/dev/null 2>&1 && sudo -n true 2>/dev/null; then
    as_root="sudo -n"
else
    echo "Neither root nor sudo: the tests that need$wanted skip."
    exit 0
fi
export DEBIAN_FRONTEND=noninteractive
$as_root apt-get -q -o DPkg::Lock::Timeout=120 update >/dev/null || echo "apt-get update failed; trying what is known."
# shellcheck disable=SC2086  # a list of package names is meant to be split
$as_root apt-get -q -o DPkg::Lock::Timeout=120 install -y --no-install-recommends $wanted >/dev/null || {
    echo "apt-get could not install$wanted; the tests that need them skip, or fail where CI=true."
}
exit 0
