# package.sh - building the Debian packages in a fresh Debian.  Sourced after
# chroot.sh.

PACKAGE_TREE=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd -P)

# lintian: warnings and worse are errors.  Two things it misses are not for
# here: the number of a bug in Debian's own tracker by which the first upload
# to Debian was announced, and a place to watch for newer releases.
PACKAGE_SUPPRESS=initial-upload-closes-no-bugs,debian-watch-file-is-missing

# The version without Debian's part.
package_version()
{
	sed -n '1s/^gooseplus (\(.*\)-[^-]*) .*/\1/p' "$PACKAGE_TREE/debian/changelog"
}

# package_tree FOLDER: a copy of the source, without what was built in it
package_tree()
{
	setup_copy_tree "$PACKAGE_TREE"
	mv "$SETUP_PRIVATE/tree" "$1"
	rmdir "$SETUP_PRIVATE/tmp"
}

# package_step LOG TITLE COMMAND ...: run a command, tell how long it took, and
# show the end of its output if it fails.
package_step()
{
	local log=$1 title=$2 start=$SECONDS

	shift 2
	if "$@" >"$log" 2>&1; then
		say "$title ($((SECONDS - start)) s)"
		return 0
	fi
	tail -n 60 "$log"
	say "$title: failed"
	return 1
}

# package_build ROOT: build in a new copy of the fresh Debian.  What comes of it
# is in $CHROOT_WORK/debian.
package_build()
{
	local root=$1 version

	version=$(package_version)
	chroot_copy "${root##*/}"
	mkdir -p "$root/etc/postgresql-common/createcluster.d" "$root/build"
	# the tests make clusters of their own
	say 'create_main_cluster = false' \
		>"$root/etc/postgresql-common/createcluster.d/none.conf"
	package_tree "$root/build/gooseplus-$version"
	tar -C "$root/build" --exclude="gooseplus-$version/debian" \
		-czf "$root/build/gooseplus_$version.orig.tar.gz" "gooseplus-$version"

	package_step "$CHROOT_WORK/tools.log" "what the build needs" \
		chroot_run "$root" sh -ec "
			cd /build/gooseplus-$version
			apt-get -q -y --no-install-recommends build-dep .
			apt-get -q -y --no-install-recommends install lintian
			useradd -m builder
			chown -R builder: /build" || return
	package_step "$CHROOT_WORK/build.log" "the packages, built and tested" \
		chroot_run "$root" su builder -c "
			cd /build/gooseplus-$version &&
			pg_buildext updatecontrol &&
			dpkg-buildpackage -us -uc" || return
	package_step "$CHROOT_WORK/lintian.log" "lintian has nothing to say" \
		chroot_run "$root" su builder -c "
			cd /build && lintian --display-info --fail-on error,warning,info \
				--suppress-tags $PACKAGE_SUPPRESS *.changes" || return
	package_step "$CHROOT_WORK/installed.log" "debian/tests, on the installed package" \
		chroot_run "$root" sh -ec "
			cd /build/gooseplus-$version
			apt-get -q -y --no-install-recommends install \
				\$(ls ../postgresql-*-gooseplus_*.deb)
			su builder -c 'sh -e debian/tests/installcheck'" || return
	mkdir "$CHROOT_WORK/debian"
	mv "$root"/build/gooseplus_* "$root"/build/*.deb "$CHROOT_WORK/debian"
	rm -rf "$root"
}
