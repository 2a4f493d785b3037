/*-------------------------------------------------------------------------
 *
 * interpolate_substring.c
 *	  ENVSUB: the expansions ${NAME:offset} and ${NAME:offset:length}.
 *
 * mfridman/interpolate cuts values by bytes, with Go's integers of 64 bits.
 * The rest of its language is in interpolate.c.
 *
 * Copyright (c) 2026, gooseplus contributors
 *
 *-------------------------------------------------------------------------
 */
#include "ground.h"

#include "common/int.h"

#include "character.h"
#include "interpolator.h"

/*
 * Reads up to one of two bytes or, as the library does, a replacement
 * character.  Returns the length; the end of the line ends it, too.
 */
static size_t
interpolate_number_text(Interpolator *ip, char stop, char other_stop)
{
	size_t		from = ip->at;

	while (ip->at < ip->length && !interpolate_at(ip, stop) &&
		   !interpolate_at(ip, other_stop))
	{
		uint32		code;
		size_t		size = character_decode(ip->line + ip->at,
											ip->length - ip->at, &code);

		if (code == CHARACTER_REPLACEMENT)
			break;
		ip->at += size;
	}
	return ip->at - from;
}

/*
 * Reads a number with white space around it, as Go's strconv.Atoi does.
 */
static bool
interpolate_number(const char *text, size_t length, int64 *number)
{
	character_trim(&text, &length);
	return character_to_int64(text, length, number);
}

/*
 * Remembers the first cut in the middle of a character, with the number that
 * made it.
 */
static void
interpolate_note_cut(Interpolator *ip, InterpolateResult result, size_t offset,
					 const char *number, size_t length)
{
	if (ip->cut != INTERPOLATE_OK)
		return;
	ip->cut = result;
	ip->cut_offset = offset;
	ip->cut_number = number;
	ip->cut_length = length;
}

/*
 * Does a character of value begin at this byte, or the value end there?
 */
static bool
interpolate_is_boundary(const char *value, int64 at)
{
	return ((unsigned char) value[at] & 0xC0) != 0x80;
}

/*
 * Reads "offset}" or "offset:length}" but for the brace and appends that part
 * of the variable's value.  The expansion begins at start.
 *
 * As in the library, any one character can stand for the second colon if it
 * stops the number before it: the replacement character alone does.
 */
InterpolateResult
interpolate_substring(Interpolator *ip, size_t start, const char *name,
					  size_t name_length, StringInfo out)
{
	const char *offset_text = ip->line + ip->at;
	size_t		offset_length = interpolate_number_text(ip, ':', '}');
	const char *length_text = NULL;
	size_t		length_length = 0;
	const char *value;
	size_t		value_length;
	int64		from;
	int64		to = 0;

	if (!interpolate_number(offset_text, offset_length, &from))
		return interpolate_fail(ip, INTERPOLATE_BAD_OFFSET, start,
								offset_text, offset_length);
	if (!interpolate_at(ip, '}'))
	{
		if (ip->at < ip->length)
		{
			uint32		code;

			ip->at += character_decode(ip->line + ip->at,
									   ip->length - ip->at, &code);
		}
		length_text = ip->line + ip->at;
		length_length = interpolate_number_text(ip, '}', '}');
		if (!interpolate_number(length_text, length_length, &to))
			return interpolate_fail(ip, INTERPOLATE_BAD_LENGTH, start,
									length_text, length_length);
	}
	if (out == NULL)
		return INTERPOLATE_OK;

	value = interpolate_value(ip, name, name_length, &value_length);
	if (from < 0)
		from += (int64) value_length;
	from = Min(Max(from, 0), (int64) value_length);

	if (length_text == NULL)
		to = (int64) value_length;
	else if (to < 0)
		to += (int64) value_length;
	else if (pg_add_s64_overflow(to, from, &to))
		return interpolate_fail(ip, INTERPOLATE_BAD_LENGTH, start,
								length_text, length_length);
	to = Min(to, (int64) value_length);

	if (from < to)
	{
		if (!interpolate_is_boundary(value, from))
			interpolate_note_cut(ip, INTERPOLATE_BAD_OFFSET, start,
								 offset_text, offset_length);
		if (!interpolate_is_boundary(value, to))
			interpolate_note_cut(ip, INTERPOLATE_BAD_LENGTH, start,
								 length_text, length_length);
		appendBinaryStringInfo(out, value + from, to - from);
	}
	return INTERPOLATE_OK;
}
