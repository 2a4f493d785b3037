/*-------------------------------------------------------------------------
 *
 * character.c
 *	  UTF-8 characters as goose's Go sees them: white space, letters, digits.
 *
 * goose trims, splits and names things by the rules of Go's unicode, strings
 * and strconv packages, which are not those of the C library and do not
 * depend on a locale.  Those rules live here, and nothing that knows what a
 * migration is.  Any bytes are safe to pass in: a broken sequence counts as
 * one replacement character of one byte, as it does in Go.
 *
 * Copyright (c) 2026, gooseplus contributors
 *
 *-------------------------------------------------------------------------
 */
#include "ground.h"

#include "common/int.h"

#include "character.h"
#include "unicode_table.h"

/* Longest text that an error message quotes, in characters. */
#define EXCERPT_CHARACTERS 60
#define EXCERPT_ELLIPSIS "..."

/*
 * Decodes the character that text begins with into *code; length is at least
 * 1.  Returns the number of its bytes.  A sequence that is not UTF-8 gives
 * CHARACTER_REPLACEMENT and 1 (Go's utf8.DecodeRune).
 */
size_t
character_decode(const char *text, size_t length, uint32 *code)
{
	static const uint32 smallest[] = {0, 0, 0x80, 0x800, 0x10000};
	unsigned char first = (unsigned char) text[0];
	uint32		value;
	size_t		size;
	size_t		i;

	*code = first;
	if (first < 0x80)
		return 1;

	*code = CHARACTER_REPLACEMENT;
	if ((first & 0xE0) == 0xC0)
	{
		size = 2;
		value = first & 0x1F;
	}
	else if ((first & 0xF0) == 0xE0)
	{
		size = 3;
		value = first & 0x0F;
	}
	else if ((first & 0xF8) == 0xF0)
	{
		size = 4;
		value = first & 0x07;
	}
	else
		return 1;

	if (size > length)
		return 1;
	for (i = 1; i < size; i++)
	{
		unsigned char next = (unsigned char) text[i];

		if ((next & 0xC0) != 0x80)
			return 1;
		value = (value << 6) | (next & 0x3F);
	}
	if (value < smallest[size] || value > 0x10FFFF ||
		(value >= 0xD800 && value <= 0xDFFF))
		return 1;

	*code = value;
	return size;
}

/*
 * Is this white space?  Go's unicode.IsSpace, and bufio.ScanWords, which
 * agree: the ASCII ones, NEL, NBSP and the spaces of Unicode.
 */
bool
character_is_space(uint32 code)
{
	if (code < 0x80)
		return code == ' ' || (code >= '\t' && code <= '\r');

	switch (code)
	{
		case 0x0085:
		case 0x00A0:
		case 0x1680:
		case 0x2028:
		case 0x2029:
		case 0x202F:
		case 0x205F:
		case 0x3000:
			return true;
		default:
			return code >= 0x2000 && code <= 0x200A;
	}
}

/*
 * Is code inside one of the ascending ranges?
 */
static bool
character_in_ranges(uint32 code, const UnicodeRange *ranges, size_t count)
{
	size_t		low = 0;
	size_t		high = count;

	while (low < high)
	{
		size_t		middle = low + (high - low) / 2;

		if (code < ranges[middle].first)
			high = middle;
		else if (code > ranges[middle].last)
			low = middle + 1;
		else
			return true;
	}
	return false;
}

/*
 * Is this a letter (Unicode's category L)?
 */
bool
character_is_letter(uint32 code)
{
	return character_in_ranges(code, unicode_letters,
							   lengthof(unicode_letters));
}

/*
 * Is this a number (Unicode's category N, wider than the decimal digits)?
 */
bool
character_is_number(uint32 code)
{
	return character_in_ranges(code, unicode_numbers,
							   lengthof(unicode_numbers));
}

/*
 * Returns the number of bytes of white space that text begins with.
 */
size_t
character_space_length(const char *text, size_t length)
{
	size_t		at = 0;

	while (at < length)
	{
		uint32		code = (unsigned char) text[at];
		size_t		size = 1;

		/* most text is ASCII */
		if (code >= 0x80)
			size = character_decode(text + at, length - at, &code);
		if ((code > ' ' && code < 0x80) || !character_is_space(code))
			break;
		at += size;
	}
	return at;
}

/*
 * Returns the number of bytes before the first white space of text.
 */
size_t
character_word_length(const char *text, size_t length)
{
	size_t		at = 0;

	while (at < length)
	{
		uint32		code = (unsigned char) text[at];
		size_t		size = 1;

		if (code >= 0x80)
			size = character_decode(text + at, length - at, &code);
		if ((code <= ' ' || code >= 0x80) && character_is_space(code))
			break;
		at += size;
	}
	return at;
}

/*
 * Narrows *text and *length to what is left without the white space at both
 * ends (Go's strings.TrimSpace).
 */
void
character_trim(const char **text, size_t *length)
{
	size_t		indent = character_space_length(*text, *length);
	const char *begin = *text + indent;
	size_t		left = *length - indent;

	while (left > 0)
	{
		size_t		last = left - 1;
		uint32		code = (unsigned char) begin[last];

		/* Back to the first byte of the last character; most are ASCII. */
		while (code >= 0x80 && last > 0 && left - last < 4 &&
			   ((unsigned char) begin[last] & 0xC0) == 0x80)
			last--;
		if (code >= 0x80 &&
			last + character_decode(begin + last, left - last, &code) != left)
			break;
		if (!character_is_space(code))
			break;
		left = last;
	}
	*text = begin;
	*length = left;
}

/*
 * Returns the number of characters in text: its bytes that do not continue
 * one.
 */
int
character_count(const char *text, size_t length)
{
	int			count = 0;
	size_t		i;

	for (i = 0; i < length; i++)
		if (((unsigned char) text[i] & 0xC0) != 0x80)
			count++;
	return count;
}

/*
 * Returns a palloc'd copy of the first line of text for an error message, of
 * at most EXCERPT_CHARACTERS characters; dots show where it was cut.
 */
char *
character_excerpt(const char *text, size_t length)
{
	size_t		at = 0;
	size_t		room = 0;
	int			count = 0;
	bool		cut = false;
	char	   *excerpt;

	while (at < length && text[at] != '\n' && text[at] != '\r')
	{
		uint32		code;

		if (count == EXCERPT_CHARACTERS)
		{
			cut = true;
			break;
		}
		at += character_decode(text + at, length - at, &code);
		count++;
		if (count == EXCERPT_CHARACTERS - (int) strlen(EXCERPT_ELLIPSIS))
			room = at;
	}

	excerpt = palloc(at + sizeof(EXCERPT_ELLIPSIS));
	memcpy(excerpt, text, at);
	strcpy(excerpt + (cut ? room : at), cut ? EXCERPT_ELLIPSIS : "");
	return excerpt;
}

/*
 * Reads a decimal number with an optional sign (Go's strconv.ParseInt with
 * base 10).  Returns false, and leaves *value alone, when text is anything
 * else or the number does not fit.
 */
bool
character_to_int64(const char *text, size_t length, int64 *value)
{
	bool		negative = false;
	size_t		at = 0;
	int64		number = 0;

	if (length > 0 && (text[0] == '-' || text[0] == '+'))
	{
		negative = text[0] == '-';
		at = 1;
	}
	if (at == length)
		return false;

	/* Downwards, because the lowest int64 has no positive counterpart. */
	for (; at < length; at++)
	{
		if (text[at] < '0' || text[at] > '9' ||
			pg_mul_s64_overflow(number, 10, &number) ||
			pg_sub_s64_overflow(number, text[at] - '0', &number))
			return false;
	}
	if (!negative)
	{
		if (number == PG_INT64_MIN)
			return false;
		number = -number;
	}
	*value = number;
	return true;
}
