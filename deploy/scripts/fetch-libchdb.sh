#!/bin/sh
# Fetches the pinned ClickHouse library of the embedded server into the cache and prints its path.
#
# The npm package is only the wrapping: what is taken out of it is libchdb.so, the real ClickHouse server as a
# shared library. Its bytes are verified against the hash below before anything is unpacked. Run again, it answers
# from the cache. The package comes from wherever npm is configured to look.
#
# On a machine without a registry, bring the package file along:
#   IOC_LIBCHDB_PACKAGE=chdb-lib-linux-x64-gnu-26.7.3-stable.1.tgz deploy/scripts/fetch-libchdb.sh
set -eu

# Keep in step with LIBRARY_VERSION in storage/src/embedded/library.rs. Other versions were not tried.
version=26.7.3-stable.1

fail() {
    echo "fetch-libchdb: $*" >&2
    exit 1
}

# The hashes are npm's own `dist.integrity` (sha512) in hexadecimal.
case "$(uname -s)-$(uname -m)" in
Linux-x86_64)
    package=@chdb/lib-linux-x64-gnu
    sha512=5cff7b98caa7739b59a4a432c11f0dedc2d3b073624e61ebdf4a42e66ce8de35a6ba48ca9f62016bad1cd81fe059435cb858ce3235a8a2b408082a81563e70a7
    ;;
*)
    fail "no verified ClickHouse library for $(uname -s) $(uname -m): run a ClickHouse server and set IOC_CLICKHOUSE_URL, or set IOC_LIBCHDB to a libchdb.so of version $version"
    ;;
esac

cache="${XDG_CACHE_HOME:-$HOME/.cache}/ioc/libchdb-$version"
library="$cache/libchdb.so"
if [ -s "$library" ]; then
    echo "$library"
    exit 0
fi

mkdir -p "$cache"
# Inside the cache folder, so that the last step is a rename on one file system.
work=$(mktemp -d "$cache/fetch.XXXXXX")
trap 'rm -rf "$work"' EXIT
trap 'exit 1' HUP INT TERM

if [ -n "${IOC_LIBCHDB_PACKAGE:-}" ]; then
    archive=$IOC_LIBCHDB_PACKAGE
    [ -s "$archive" ] || fail "IOC_LIBCHDB_PACKAGE=$archive is not a file"
else
    command -v npm >/dev/null || fail "npm is needed to fetch $package@$version (or set IOC_LIBCHDB_PACKAGE to its file)"
    echo "fetch-libchdb: fetching $package@$version (178 MB)" >&2
    name=$(cd "$work" && npm pack --silent --ignore-scripts "$package@$version") || fail "npm could not fetch $package@$version"
    archive="$work/$(echo "$name" | tail -n 1)"
fi

echo "$sha512  $archive" | sha512sum --check --status || fail "$archive is not the pinned package: its sha512 differs"

echo "fetch-libchdb: unpacking" >&2
tar -xzf "$archive" -C "$work" package/libchdb.so
sync "$work/package/libchdb.so" 2>/dev/null || sync
mv "$work/package/libchdb.so" "$library"
echo "$library"
