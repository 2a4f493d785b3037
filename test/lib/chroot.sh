# chroot.sh - a fresh Debian in a folder: the release that this machine runs,
# from where its apt gets it.  Sourced, after setup.sh, by root's scripts that
# build or try a package where nothing else is installed.
#
# Programs run there in namespaces of their own, so that what they mount, and
# whatever they leave running, ends with them.

# Begin: check that it can be done, and make the folder $CHROOT_WORK, which is
# removed at the end (KEEP=1 leaves it).
chroot_begin()
{
	[ "$(id -u)" = 0 ] || die "$1 makes a fresh Debian in a folder, and needs root for that"
	command -v apt-get >/dev/null || die "$1 needs a Debian that has apt-get"
	SETUP_USER=
	SETUP_PRIVATE=$(mktemp -d "${TMPDIR:-/tmp}/gooseplus.XXXXXX") || exit 1
	CHROOT_WORK=$SETUP_PRIVATE
	trap chroot_end EXIT
	trap 'exit 130' INT
	trap 'exit 143' TERM HUP
	chmod 755 "$CHROOT_WORK"
	! setup_no_lists || setup_apt_get update >"$CHROOT_WORK/apt.log" 2>&1 ||
		die "apt-get update failed"
	command -v debootstrap >/dev/null || setup_install debootstrap
}

chroot_end()
{
	local status=$?

	trap '' INT TERM HUP
	if [ "${KEEP:-}" = 1 ]; then
		say "kept: $CHROOT_WORK" >&2
	else
		rm -rf "$CHROOT_WORK"
	fi
	exit $status
}

# The lines of sources.list that this machine's apt has for its own release.
chroot_sources()
{
	apt-get indextargets --format 'deb $(REPO_URI) $(RELEASE) $(COMPONENT)' \
		'Created-By: Packages' "Origin: Debian" |
		awk -v name="$1" '$3 == name || index($3, name "-") == 1' | sort -u
}

# chroot_make: the fresh Debian, in $CHROOT_WORK/base.
chroot_make()
{
	local root=$CHROOT_WORK/base name mirror

	name=$(. /etc/os-release && say "${VERSION_CODENAME:-}")
	mirror=$(chroot_sources "$name" | awk -v name="$name" '$3 == name { print $2; exit }')
	[ -n "$mirror" ] || die "apt has no source for \"$name\", the release of this machine"
	debootstrap --variant=minbase --include=ca-certificates "$name" "$root" "$mirror" \
		>"$CHROOT_WORK/debootstrap.log" 2>&1 ||
		{ tail -n 30 "$CHROOT_WORK/debootstrap.log" >&2; die "debootstrap failed"; }
	chroot_sources "$name" >"$root/etc/apt/sources.list"
	# it lives for minutes: no need to wait for the disk
	say force-unsafe-io >"$root/etc/dpkg/dpkg.cfg.d/unsafe-io"
	# what tells apt the way there
	apt-config dump | grep -E '^Acquire::(http|https)::' >"$root/etc/apt/apt.conf.d/99way"
	cp /etc/resolv.conf "$root/etc/resolv.conf"
	chroot_run "$root" apt-get -q update >"$CHROOT_WORK/update.log" 2>&1 ||
		{ tail -n 30 "$CHROOT_WORK/update.log" >&2; die "apt-get update failed in the folder"; }
}

# chroot_copy NAME: another one like it.
chroot_copy()
{
	cp -a "$CHROOT_WORK/base" "$CHROOT_WORK/$1"
}

# chroot_run ROOT COMMAND ...: run there, as root, with an environment that has
# what CHROOT_ENV says beside the usual.
chroot_run()
{
	local root=$1

	shift
	# shellcheck disable=SC2086
	env -i PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin \
		HOME=/root LC_ALL=C.UTF-8 TZ=UTC TERM=dumb DEBIAN_FRONTEND=noninteractive \
		${CHROOT_ENV:-} \
		unshare --mount --pid --fork --kill-child --mount-proc="$root/proc" \
		chroot "$root" "$@" </dev/null
}
