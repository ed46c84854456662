# shellcheck shell=bash
# apt_suite SUITE DIRECTORY
#
# Sets apt=(apt-get ...) to one that knows this Debian suite alone, from where the system's own packages
# come, and keeps what it needs in DIRECTORY: download, source --download-only, install -d. No root.
apt_suite() {
	local archive kind key=/usr/share/keyrings/debian-archive-keyring.gpg
	# shellcheck disable=SC2016
	archive=$(apt-get indextargets --format '$(ORIGIN) $(CODENAME) $(REPO_URI)' |
		awk '$1 == "Debian" && $2 !~ /-/ { print $3; exit }')
	[ -n "$archive" ] || {
		echo "$(basename "$0"): apt knows no Debian archive: apt-get update first" >&2
		return 1
	}
	mkdir -p "$2"/{lists/partial,cache/archives/partial}
	: >"$2/status"
	for kind in deb deb-src; do
		echo "$kind [signed-by=$key] $archive $1 main"
	done >"$2/sources.list"
	apt=(apt-get -qq -o Dir::Etc::SourceList="$2/sources.list" -o Dir::Etc::SourceParts=/dev/null
		-o Dir::State::Lists="$2/lists" -o Dir::State::status="$2/status"
		-o Dir::Cache="$2/cache" -o Debug::NoLocking=1)
	[ "$(id -u)" != 0 ] || apt+=(-o APT::Sandbox::User=root)
	"${apt[@]}" update
}
