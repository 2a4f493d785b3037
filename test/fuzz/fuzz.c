/*-------------------------------------------------------------------------
 *
 * fuzz.c
 *	  What the fuzzing targets of the ground floor share.
 *
 * Inputs are handed on as blocks of exactly their size on the heap, so that
 * AddressSanitizer sees a read of one byte too many.
 *
 * Copyright (c) 2026, gooseplus contributors
 *
 *-------------------------------------------------------------------------
 */
#include "fuzz.h"

/* Some values that change what a line means, and names beyond ASCII. */
const FuzzVariable fuzz_variables[] = {
	{"A", "one"},
	{"EMPTY", ""},
	{"LINES", "one\ntwo;"},
	{"SEMICOLON", ";"},
	{"QUOTE", "'"},
	{"COMMENT", "--"},
	{"DOLLAR", "$A"},
	{"BLANK", " "},
	{"N\xC2\xBD", "half"},
};
const size_t fuzz_nvariables = lengthof(fuzz_variables);

/*
 * Tells what does not hold, and ends as libFuzzer expects.
 */
void
fuzz_failed(const char *file, int line, const char *condition)
{
	fprintf(stderr, "%s:%d: does not hold: %s\n", file, line, condition);
	abort();
}

/*
 * Returns a copy of the bytes in memory of exactly that size, to be freed.
 */
char *
fuzz_bytes(const void *data, size_t size)
{
	char	   *copy = malloc(size);

	if (copy == NULL && size > 0)
		fuzz_failed(__FILE__, __LINE__, "out of memory");
	if (size > 0)
		memcpy(copy, data, size);
	return copy;
}

/*
 * The same for a text: a file never has null bytes when it gets to the ground
 * floor, so they become line ends.
 */
char *
fuzz_text(const uint8_t *data, size_t size)
{
	char	   *copy = fuzz_bytes(data, size);

	for (size_t i = 0; i < size; i++)
		if (copy[i] == '\0')
			copy[i] = '\n';
	return copy;
}

/*
 * The same for a string: it ends with a null byte.
 */
char *
fuzz_string(const uint8_t *data, size_t size)
{
	char	   *text = fuzz_text(data, size);
	char	   *string = realloc(text, size + 1);

	if (string == NULL)
		fuzz_failed(__FILE__, __LINE__, "out of memory");
	string[size] = '\0';
	return string;
}

/*
 * An InterpolateLookup of fuzz_variables; arg is not used.
 */
const char *
fuzz_lookup(void *arg, const char *name, size_t length)
{
	(void) arg;
	for (size_t i = 0; i < fuzz_nvariables; i++)
		if (strlen(fuzz_variables[i].name) == length &&
			memcmp(fuzz_variables[i].name, name, length) == 0)
			return fuzz_variables[i].value;
	return NULL;
}

/*
 * Returns a number that depends on all of the bytes (FNV-1a).
 */
uint64
fuzz_hash(const void *data, size_t size)
{
	const unsigned char *bytes = data;
	uint64		hash = UINT64CONST(0xcbf29ce484222325);

	for (size_t i = 0; i < size; i++)
		hash = (hash ^ bytes[i]) * UINT64CONST(0x100000001b3);
	return hash;
}
