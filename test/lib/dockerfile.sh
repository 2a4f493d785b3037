# dockerfile.sh - build what a Dockerfile says, without Docker: each stage is a
# copy of the folder $CHROOT_WORK/image, which stands in for the official image
# "postgres", or an empty one.  Knows the instructions that our recipes have:
# FROM, RUN and COPY.  Sourced after chroot.sh.

# The environment that the official image has.
dockerfile_environment()
{
	local bin

	bin=$(cd "$CHROOT_WORK/image" && ls -d usr/lib/postgresql/*/bin)
	say "PG_MAJOR=$(basename "$(dirname "$bin")")" \
		"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin:/$bin"
}

# dockerfile_from NAME IMAGE: begin a stage
dockerfile_from()
{
	say "stage $1, from $2"
	case $2 in
		scratch) mkdir "$CHROOT_WORK/$1" ;;
		postgres:*) cp -a "$CHROOT_WORK/image" "$CHROOT_WORK/$1" ;;
		*) say "no stand-in for the image $2"; return 1 ;;
	esac
}

# dockerfile_copy CONTEXT STAGE [--from=STAGE] SOURCE TARGET: what SOURCE has
# goes into the folder TARGET.  The context is what .dockerignore leaves of it.
dockerfile_copy()
{
	local from=$1 stage=$2

	shift 2
	case $1 in
		--from=*) from=$CHROOT_WORK/stage-${1#--from=}; shift ;;
	esac
	mkdir -p "$CHROOT_WORK/$stage$2"
	tar -C "$from/$1" -cf - . |
		tar -C "$CHROOT_WORK/$stage$2" --no-same-owner --keep-directory-symlink -xf -
}

# dockerfile_build TEXT CONTEXT NAME: the last stage comes to $CHROOT_WORK/NAME
dockerfile_build()
{
	local context=$2 name=$3 stages=0 stage='' line word rest last status=0
	local CHROOT_ENV

	CHROOT_ENV=$(dockerfile_environment)
	[ -n "$1" ] || { say "there is no Dockerfile"; return 1; }
	last=$(grep -c '^FROM ' <<<"$1")
	while [ $status = 0 ] && read -r word rest; do
		say "$word $rest"
		case $word in
			FROM)
				stages=$((stages + 1))
				stage=stage-$(sed -n 's/.* AS //p' <<<"$rest")
				[ $stages != "$last" ] || stage=$name
				dockerfile_from "$stage" "${rest%% *}"
				;;
			RUN) chroot_run "$CHROOT_WORK/$stage" sh -c "$rest" ;;
			# shellcheck disable=SC2086
			COPY) dockerfile_copy "$context" "$stage" $rest ;;
			'') ;;
			*) say "unknown instruction"; false ;;
		esac || status=1
	done < <(sed -e ':a' -e '/\\$/N; s/\\\n//; ta' <<<"$1")
	rm -rf "$CHROOT_WORK"/stage-*
	return $status
}
