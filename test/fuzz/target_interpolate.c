/*-------------------------------------------------------------------------
 *
 * target_interpolate.c
 *	  Fuzzing interpolate.c: the input is one line.
 *
 * Copyright (c) 2026, gooseplus contributors
 *
 *-------------------------------------------------------------------------
 */
#include "fuzz.h"

#include "character.h"
#include "interpolate.h"

/* What stands in the output before the line is expanded. */
#define BEFORE "before"

/* What a lookup knows about the line. */
typedef struct Place
{
	const char *line;
	size_t		length;
	bool		none;			/* no variable is set */
} Place;

/*
 * An InterpolateLookup that checks the name it is asked for.
 */
static const char *
lookup(void *arg, const char *name, size_t length)
{
	const Place *place = arg;
	uint32		code;

	fuzz_check(name > place->line);
	fuzz_check(length > 0);
	fuzz_check(name + length <= place->line + place->length);
	(void) character_decode(name, length, &code);
	fuzz_check(character_is_letter(code));
	if (place->none)
		return NULL;
	/* characters of two and three bytes, to be cut */
	if (length == 4 && memcmp(name, "BIRD", 4) == 0)
		return "a\xC3\xA9\xE2\x82\xAC";
	return fuzz_lookup(NULL, name, length);
}

/*
 * Expands a line; *out, to be freed, has the result even of a failure.
 */
static InterpolateResult
expand(const char *line, size_t length, InterpolateLookup find, bool none,
	   StringInfo out)
{
	char	   *copy = fuzz_bytes(line, length);
	Place		place = {copy, length, none};
	InterpolateProblem problem;
	InterpolateResult result;

	initStringInfo(out);
	appendStringInfoString(out, BEFORE);
	result = interpolate_line(copy, length, find, &place, out, &problem);
	fuzz_check(memcmp(out->data, BEFORE, strlen(BEFORE)) == 0);
	if (result != INTERPOLATE_OK)
	{
		fuzz_check(problem.offset < length);
		fuzz_check(copy[problem.offset] == '$');
		fuzz_check(problem.argument != NULL);
		fuzz_check((problem.message != NULL) ==
				   (result == INTERPOLATE_REQUIRED));
		if (problem.message != NULL)
		{
			fuzz_check(problem.message[0] != '\0');
			pfree(problem.message);
		}
		pfree(problem.argument);
	}
	free(copy);
	return result;
}

/*
 * The target.
 */
int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char	   *line = fuzz_text(data, size);
	bool		plain = size == 0 || memchr(line, '$', size) == NULL;
	StringInfoData out;
	StringInfoData other;
	InterpolateResult result = expand(line, size, lookup, false, &out);
	InterpolateResult without;

	if (plain)
	{
		fuzz_check(result == INTERPOLATE_OK);
		fuzz_check((size_t) out.len == strlen(BEFORE) + size);
		fuzz_check(size == 0 ||
				   memcmp(out.data + strlen(BEFORE), line, size) == 0);
	}

	/* No lookup is as good as one that knows nothing. */
	pfree(out.data);
	result = expand(line, size, lookup, true, &out);
	without = expand(line, size, NULL, true, &other);
	fuzz_check(result == without);
	fuzz_check(out.len == other.len);
	fuzz_check(memcmp(out.data, other.data, out.len) == 0);

	/* A line whose dollar signs are doubled is that line. */
	pfree(other.data);
	initStringInfo(&other);
	for (size_t i = 0; i < size; i++)
	{
		if (line[i] == '$')
			appendStringInfoChar(&other, '$');
		appendStringInfoChar(&other, line[i]);
	}
	if (size > 0 && memchr(line, '\\', size) == NULL)
	{
		pfree(out.data);
		result = expand(other.data, other.len, lookup, false, &out);
		fuzz_check(result == INTERPOLATE_OK);
		fuzz_check((size_t) out.len == strlen(BEFORE) + size);
		fuzz_check(memcmp(out.data + strlen(BEFORE), line, size) == 0);
	}
	pfree(out.data);
	pfree(other.data);
	free(line);
	return 0;
}
