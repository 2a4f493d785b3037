/*-------------------------------------------------------------------------
 *
 * target_annotation.c
 *	  Fuzzing annotation.c: one line of the input after the other.
 *
 * Copyright (c) 2026, gooseplus contributors
 *
 *-------------------------------------------------------------------------
 */
#include "fuzz.h"

#include "annotation.h"
#include "line.h"

/*
 * Reads a line that is in memory of exactly its size.
 */
static Annotation
read_exact(const char *line, size_t length, char **argument)
{
	char	   *copy = fuzz_bytes(line, length);
	Annotation	annotation = annotation_read(copy, length, argument);

	free(copy);
	return annotation;
}

/*
 * Returns the annotation alone of a line with something in front and behind.
 */
static Annotation
read_with(const char *before, const char *line, size_t length,
		  const char *after)
{
	StringInfoData text;
	Annotation	annotation;
	char	   *argument;

	initStringInfo(&text);
	appendStringInfoString(&text, before);
	appendBinaryStringInfo(&text, line, length);
	appendStringInfoString(&text, after);
	annotation = read_exact(text.data, text.len, &argument);
	if (argument != NULL)
		pfree(argument);
	pfree(text.data);
	return annotation;
}

/*
 * Is the mark anywhere in the line?
 */
static bool
has_mark(const char *line, size_t length)
{
	return memmem(line, length, "+goose", strlen("+goose")) != NULL;
}

/*
 * Checks a line that begins, after white space, with two dashes.
 */
static void
check_comment(const char *line, size_t length)
{
	char	   *argument;
	Annotation	annotation = read_exact(line, length, &argument);
	bool		indented = line[0] == ' ' || line[0] == '\t';

	fuzz_check((annotation == ANNOTATION_NONE) == !has_mark(line, length));
	fuzz_check((argument != NULL) == (annotation == ANNOTATION_UNKNOWN));
	if (annotation != ANNOTATION_NONE)
		fuzz_check((annotation == ANNOTATION_INDENTED) == indented);

	/* White space behind means nothing, and blanks in front all. */
	fuzz_check(read_with("", line, length, " \t\xC2\xA0") == annotation);
	if (annotation != ANNOTATION_NONE)
		fuzz_check(read_with("\t", line, length, "") == ANNOTATION_INDENTED);
	/* nor do dashes */
	fuzz_check(read_with("", line, length, "--") == annotation ||
			   line[length - 1] == '-');

	/* A second mark makes it wrong. */
	if (annotation != ANNOTATION_NONE && annotation != ANNOTATION_INDENTED)
		fuzz_check(read_with("", line, length, "+goose up") ==
				   ANNOTATION_REPEATED);
	if (argument != NULL)
	{
		fuzz_check(strpbrk(argument, "\r\n") == NULL);
		pfree(argument);
	}
}

/*
 * The target.
 */
int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char	   *text = fuzz_text(data, size);
	size_t		at;
	LineReader	lines;
	Line		line;

	(void) line_open(&lines, text, size);
	at = lines.at;
	while (line_next(&lines, &line))
	{
		fuzz_check(line.text >= text + at);
		fuzz_check(line.text + line.length <= text + size);
		fuzz_check(memchr(line.text, '\n', line.length) == NULL);
		fuzz_check(line.indent <= line.length);
		at = line.text + line.length - text;
		if (line.comment)
			check_comment(line.text, line.length);
	}
	fuzz_check(size - at <= 2);
	free(text);
	return 0;
}
