#!/bin/bash
# Push the toolbox image for all platforms under one tag, VERSION, and pin its digest in nix/toolbox-image.json.
#
#	nix run .#push-toolbox-image -- [OPTION...] [ARCHIVE...]
#
# ARCHIVE is a built image, such as CI has of both platforms: nix build .#packages.aarch64-linux.toolbox-image.
# Without, all are built here, which needs a builder for each. Log in first: skopeo login ghcr.io.
#
#	--dry-run    push nothing, write nothing; print what would be pinned
#	--check      is the pin this VERSION's, and what the registry has? Nothing is changed
#	--insecure   the registry speaks plain HTTP, as one for tests does
#
# A tag that is there is not moved: the same image is pinned again, another one refused.
# Exit code: 0 good, 1 the pin is stale or the tag taken, 2 usage, 3 it could not be done or told.
set -euo pipefail

PIN=nix/toolbox-image.json
PLATFORMS=(linux/amd64 linux/arm64)
INDEX=application/vnd.oci.image.index.v1+json

say() { printf 'push-toolbox-image: %s\n' "$*" >&2; }

# fail CODE MESSAGE...
fail() {
	local code=$1
	shift
	say "$*"
	exit "$code"
}

usage() {
	sed -n '2,/^set/{/^set/d;s/^# \{0,1\}//p;}' "${BASH_SOURCE[0]}"
	exit "$1"
}

sha256_of() { printf 'sha256:%s' "$(sha256sum "$1" | cut -d ' ' -f 1)"; }

blob() { printf '%s/blobs/sha256/%s' "$layout" "${1#sha256:}"; }

# The registry's manifest of a tag or digest into a file; false when it has none.
fetch_manifest() {
	local reference=$1 file=$2
	skopeo inspect --raw "${inspect_tls[@]}" "docker://$reference" >"$file" 2>"$work/error" && return
	grep -qiE 'manifest unknown|name unknown|not found|status code 404' "$work/error" ||
		fail 3 "cannot ask the registry for $reference: $(tail -n 1 "$work/error")"
	return 1
}

# What a pin of this index says.
pin_of() {
	jq --arg name "$name" --arg tag "$version" --arg digest "$(sha256_of "$1")" '{
		$name, $tag, $digest,
		platforms: [.manifests[] | {key: "\(.platform.os)/\(.platform.architecture)", value: .digest}] | from_entries
	}' "$1"
}

check_pin() {
	local tag
	tag=$(jq -r .tag "$PIN")
	[ "$tag" = "$version" ] || fail 1 "$PIN is of $tag, this is $version: push it"
	! grep -q 'sha256:0\{64\}' "$PIN" || fail 1 "$PIN has placeholders: $name:$version was never pushed"
	fetch_manifest "$name:$version" "$work/index" || fail 1 "the registry has no $name:$version"
	pin_of "$work/index" >"$work/pin"
	diff -u --label "$PIN" --label "$name:$version" <(jq -S . "$PIN") <(jq -S . "$work/pin") ||
		fail 1 "$PIN is not what the registry has"
}

build_archives() {
	local platform system
	for platform in "${PLATFORMS[@]}"; do
		case $platform in
		linux/amd64) system=x86_64-linux ;;
		linux/arm64) system=aarch64-linux ;;
		esac
		nix build --out-link "$work/${platform#*/}" ".#packages.$system.toolbox-image" || fail 3 "cannot build for $system"
		archives+=("$work/${platform#*/}")
	done
}

# Into the layout, under the name of the platform that the image itself tells.
add_archive() {
	local platform
	skopeo --insecure-policy copy --quiet "docker-archive:$1" "oci:$work/one:image" ||
		fail 3 "$1 is no archive of an image"
	platform=$(skopeo inspect --config "oci:$work/one:image" | jq -r '"\(.os)/\(.architecture)"')
	[[ " ${PLATFORMS[*]} " == *" $platform "* ]] || fail 2 "$1 is for $platform: expected ${PLATFORMS[*]}"
	[ ! -e "$work/${platform/\//-}" ] || fail 2 "two images for $platform"
	skopeo --insecure-policy copy --quiet "oci:$work/one:image" "oci:$layout:$platform" || fail 3 "cannot copy $1"
	rm -r "$work/one"
	: >"$work/${platform/\//-}"
}

# One index of all images in the layout. Sets digest.
make_index() {
	jq -c --arg type $INDEX '{schemaVersion: 2, mediaType: $type, manifests: [.manifests[] |
		(.annotations["org.opencontainers.image.ref.name"] / "/") as [$os, $architecture] |
		{mediaType, digest, size, platform: {$architecture, $os}}] | sort_by(.platform.architecture)}' \
		"$layout/index.json" >"$work/index"
	digest=$(sha256_of "$work/index")
	cp "$work/index" "$(blob "$digest")"
	jq -n --arg type $INDEX --arg digest "$digest" --arg tag "$version" --argjson size "$(stat -c %s "$work/index")" '{
		schemaVersion: 2, manifests: [{mediaType: $type, $digest, $size,
		annotations: {"org.opencontainers.image.ref.name": $tag}}]}' >"$layout/index.json"
}

# Images first, each by its digest; then the index that names them, by its tag.
push_index() {
	if fetch_manifest "$name:$version" "$work/there"; then
		[ "$(sha256_of "$work/there")" = "$digest" ] ||
			fail 1 "$name:$version is there, and is another image: raise VERSION, or pin what is there"
		say "$name:$version is there already"
		return
	fi
	skopeo --insecure-policy copy --all --preserve-digests "${copy_tls[@]}" \
		"oci:$layout:$version" "docker://$name:$version" >&2 || fail 3 "cannot push $name:$version"
	fetch_manifest "$name@$digest" "$work/there" || fail 3 "the registry does not have what was pushed"
	cmp -s "$work/index" "$work/there" || fail 3 "the registry has something else than what was pushed"
}

main() {
	local mode=push archives=() copy_tls=() inspect_tls=() version name digest archive work layout
	while [ $# -gt 0 ]; do
		case $1 in
		--dry-run) mode=dry-run ;;
		--check) mode=check ;;
		--insecure) copy_tls=(--dest-tls-verify=false) inspect_tls=(--tls-verify=false) ;;
		-h | --help) usage 0 ;;
		-*) fail 2 "$1: no such option" ;;
		*) archives+=("$1") ;;
		esac
		shift
	done
	[ -e "$PIN" ] || fail 2 "no $PIN here: run it in the root of the repository"
	version=$(<VERSION)
	name=$(jq -r .name "$PIN")
	work=$(mktemp -d)
	# shellcheck disable=SC2064 # of this function
	trap "rm -rf '$work'" EXIT
	layout=$work/layout

	if [ $mode = check ]; then
		check_pin
		say "$name:$version is what $PIN says"
		return
	fi
	[ ${#archives[@]} -gt 0 ] || build_archives
	for archive in "${archives[@]}"; do
		add_archive "$archive"
	done
	[ ${#archives[@]} = ${#PLATFORMS[@]} ] || fail 2 "${#archives[@]} images: expected one for each of ${PLATFORMS[*]}"
	make_index
	pin_of "$work/index" >"$work/pin"
	if [ $mode = push ]; then
		push_index
		cp "$work/pin" "$PIN.new"
		mv "$PIN.new" "$PIN"
		say "$PIN is written: $name:$version@$digest"
	fi
	cat "$work/pin"
}

main "$@"
