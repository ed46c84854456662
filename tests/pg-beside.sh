#!/bin/bash
# tests/pg-beside.sh DIRECTORY [SUITE [MAJOR]]
#
# PostgreSQL of another Debian suite (forky, 18), beside the system's: its packages are unpacked into
# DIRECTORY with their own C library and loader, and nothing is installed. The programs are then in
# DIRECTORY/usr/lib/postgresql/MAJOR/bin; they work only there, because the loader's path is absolute.
# Needs apt's lists, dpkg-deb, and patchelf before 0.18, which makes programs that crash. Takes 10 s,
# 90 MB. No root.
set -euo pipefail

[ $# -ge 1 ] || {
	sed -n '2,8s/^# \{0,1\}//p' "$0" >&2
	exit 2
}
suite=${2:-forky} major=${3:-18}
mkdir -p "$(dirname "$1")"
dir=$(cd "$(dirname "$1")" && pwd)/$(basename "$1")
[ ! -e "$dir" ] || {
	echo "pg-beside: $dir: it exists already" >&2
	exit 1
}
work=$(mktemp -d)
trap 'rm -rf "$work" "$dir.new"' EXIT

mkdir "$work/all" "$work/lib"
# shellcheck source-path=SCRIPTDIR source=apt-suite.sh
. "$(dirname "$0")/apt-suite.sh"
apt_suite "$suite" "$work"
"${apt[@]}" -y -d --no-install-recommends install "postgresql-$major" "postgresql-client-$major" \
	libc6 >/dev/null

mkdir -p "$dir.new"
for package in "$work"/cache/archives/*.deb; do
	case $(basename "$package") in
	"postgresql-$major"_* | "postgresql-client-$major"_*) dpkg-deb -x "$package" "$dir.new" ;;
	lib* | zlib1g_*) dpkg-deb -x "$package" "$work/all" ;;
	esac
done
find "$work/all" -name '*.so*' \( -type f -o -type l \) -path '*-linux-gnu*' \
	! -path '*/gconv/*' ! -path '*perl*' -exec cp -L -n -t "$work/lib" {} + 2>/dev/null || true
loader=$(cd "$work/lib" && echo ld-linux*.so.*)

# Only the libraries that the programs need.
mkdir "$dir.new/lib"
install -m 755 "$work/lib/$loader" "$dir.new/lib/$loader"
programs=("$dir.new/usr/lib/postgresql/$major"/bin/*)
for object in "${programs[@]}" "$dir.new/usr/lib/postgresql/$major"/lib/*.so; do
	"$work/lib/$loader" --library-path "$work/lib" --list "$object" 2>/dev/null || true
done | sed -n 's/.*=> \(.*\) (0x.*/\1/p' | sort -u | xargs cp -t "$dir.new/lib"

for program in "${programs[@]}"; do
	patchelf --set-interpreter "$dir/lib/$loader" --set-rpath "$dir/lib" --force-rpath "$program"
done
rm -rf "$dir.new/usr/share/doc" "$dir.new/usr/share/locale" "$dir.new/usr/share/man"
mv "$dir.new" "$dir"
"$dir/usr/lib/postgresql/$major/bin/initdb" --version >/dev/null || {
	echo "pg-beside: its programs do not run (patchelf $(patchelf --version))" >&2
	rm -rf "$dir"
	exit 1
}
