#!/bin/bash
# Unpacks a peer of the tests with its own libraries into a folder; needs no root and changes nothing else here.
#
#   bash tests/peers/fetch.sh asterisk|sipp|baresip [FOLDER]        (default: .cache/PEER of the project)
#
# The packages come from wherever this machine's apt gets its own, but of a suite that has them: Debian's stable
# releases carry no Asterisk. An empty list of installed packages makes apt fetch every library down to the C library,
# so that the result starts on any release. A folder that is complete is left as it is.
set -euo pipefail
cd "$(dirname "$0")/../.."
PEER=${1:-}
ONLY=""
case "$PEER" in
  asterisk) SUITES="sid bullseye" PACKAGES="asterisk asterisk-core-sounds-en-wav asterisk-moh-opsound-wav" ;;
  sipp) SUITES="bookworm trixie sid" PACKAGES="sip-tester" ;;
  # Of its modules only those without libraries of their own are used: no pictures, no sound cards, no codecs.
  baresip) SUITES="bookworm" PACKAGES="baresip-core" ONLY="libc6 libre0 librem0" ;;
  *) echo "bash tests/peers/fetch.sh asterisk|sipp|baresip [FOLDER]" >&2; exit 2 ;;
esac
FOLDER=$(realpath -m "${2:-.cache/$PEER}")

fail() { printf '%s\n%s\n' "$1" "$2" >&2; exit 3; }

[ -e "$FOLDER/complete" ] && exit 0
for tool in apt-get dpkg-deb flock; do
  command -v "$tool" >/dev/null || fail "這台機器沒有 $tool：$PEER 的取得方式需要 Debian 或 Ubuntu。" \
    "No $tool on this machine: the way to get $PEER needs Debian or Ubuntu."
done
mkdir -p "$FOLDER"
exec 9>"$FOLDER/lock"
flock 9
[ -e "$FOLDER/complete" ] && exit 0

MIRROR=$(apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' 'Component: main' | head -n 1)
[ -n "$MIRROR" ] || fail "這台機器的 apt 沒有設定套件來源。" "This machine's apt has no source of packages."
KEYS=/usr/share/keyrings/debian-archive-keyring.gpg
SIGNED=""
[ -r "$KEYS" ] && SIGNED="[signed-by=$KEYS]"

# The machine's own settings of apt stay in force, but for where it keeps its state.
private_apt() {
  rm -rf "$FOLDER/apt"
  mkdir -p "$FOLDER"/apt/{lists/partial,archives/partial,preferences.d}
  : >"$FOLDER/apt/status"
  echo "deb $SIGNED $MIRROR $1 main" >"$FOLDER/apt/sources.list"
  cat >"$FOLDER/apt/apt.conf" <<CONF
Dir::State "$FOLDER/apt";
Dir::State::status "$FOLDER/apt/status";
Dir::Cache "$FOLDER/apt";
Dir::Etc::sourcelist "$FOLDER/apt/sources.list";
Dir::Etc::sourceparts "-";
Dir::Etc::preferencesparts "$FOLDER/apt/preferences.d";
Acquire::Check-Valid-Until "false";
Acquire::Languages "none";
Acquire::Retries "2";
APT::Sandbox::User "";
APT::Install-Recommends "false";
Debug::NoLocking "true";
CONF
}

# Tells apt that whatever the packages depend on is there already, but for what is named.
pretend() {
  local wanted=" $* " name
  # shellcheck disable=SC2086
  for name in $(apt-cache depends $PACKAGES | sed -n 's/^ *|\?Depends: \([^<]*\)$/\1/p' | sort -u); do
    [[ "$wanted" == *" $name "* ]] && continue
    printf 'Package: %s\nStatus: install ok installed\nMaintainer: none\nArchitecture: %s\nVersion: 99:0\n\n' \
      "$name" "$(dpkg --print-architecture)" >>"$FOLDER/apt/status"
  done
}

download() {
  private_apt "$1"
  export APT_CONFIG="$FOLDER/apt/apt.conf"
  apt-get -qq update || return
  # shellcheck disable=SC2086
  [ -z "$ONLY" ] || pretend $ONLY
  # shellcheck disable=SC2086
  apt-get -qq -y -o Dpkg::Use-Pty=0 install --download-only $PACKAGES
}

got=""
for suite in $SUITES; do
  if download "$suite" >"$FOLDER/fetch.log" 2>&1 </dev/null; then got=$suite; break; fi
done
[ -n "$got" ] || { tail -n 5 "$FOLDER/fetch.log" >&2; fail \
  "apt 取不到 $PEER（試過：$SUITES），詳見 $FOLDER/fetch.log。" \
  "apt could not get $PEER (tried: $SUITES); see $FOLDER/fetch.log."; }

rm -rf "$FOLDER/root"
mkdir "$FOLDER/root"
for package in "$FOLDER"/apt/archives/*.deb; do
  dpkg-deb --fsys-tarfile "$package" | tar -x -C "$FOLDER/root" --no-same-owner --exclude='./usr/share/doc' \
    --exclude='./usr/share/man' --exclude='./usr/share/locale' --keep-directory-symlink
done
rm -rf "$FOLDER/apt"
echo "$got" >"$FOLDER/complete"
