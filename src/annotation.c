/*-------------------------------------------------------------------------
 *
 * annotation.c
 *	  goose's annotations: comment lines such as "-- +goose Up".
 *
 * One line in, its meaning out, by the rules of extractAnnotation in goose's
 * internal/sqlparser.  Where an annotation may stand is script.c's business.
 *
 * Copyright (c) 2026, gooseplus contributors
 *
 *-------------------------------------------------------------------------
 */
#include "ground.h"

#include "annotation.h"
#include "character.h"

#define ANNOTATION_MARK "+goose"
#define ANNOTATION_MARK_LENGTH (sizeof(ANNOTATION_MARK) - 1)

typedef struct AnnotationName
{
	const char *name;
	Annotation	annotation;
} AnnotationName;

static const AnnotationName annotation_names[] = {
	{"Up", ANNOTATION_UP},
	{"Down", ANNOTATION_DOWN},
	{"StatementBegin", ANNOTATION_STATEMENT_BEGIN},
	{"StatementEnd", ANNOTATION_STATEMENT_END},
	{"NO TRANSACTION", ANNOTATION_NO_TRANSACTION},
	{"ENVSUB ON", ANNOTATION_ENVSUB_ON},
	{"ENVSUB OFF", ANNOTATION_ENVSUB_OFF},
};

/*
 * Returns the first "+goose" of text, or NULL.
 */
static const char *
annotation_find_mark(const char *text, size_t length)
{
	const char *end = text + length;
	const char *at = text;

	while ((at = memchr(at, ANNOTATION_MARK[0], end - at)) != NULL)
	{
		if ((size_t) (end - at) < ANNOTATION_MARK_LENGTH)
			return NULL;
		if (memcmp(at, ANNOTATION_MARK, ANNOTATION_MARK_LENGTH) == 0)
			return at;
		at++;
	}
	return NULL;
}

/*
 * Is text this name, but for case?  Go's strings.EqualFold also takes U+017F,
 * the long s, for an s; the other letters of our names have no such kin.
 */
static bool
annotation_is_name(const char *text, size_t length, const char *name)
{
	size_t		at = 0;

	for (; *name != '\0'; name++)
	{
		char		lower = pg_ascii_tolower((unsigned char) *name);

		if (at == length)
			return false;
		if (pg_ascii_tolower((unsigned char) text[at]) == lower)
			at++;
		else if (lower == 's' && length - at >= 2 &&
				 memcmp(text + at, "\xC5\xBF", 2) == 0)
			at += 2;
		else
			return false;
	}
	return at == length;
}

/*
 * Copies line to copy without any "--", from left to right as Go's
 * strings.ReplaceAll does.  Returns the number of bytes written, at most
 * length.
 */
static size_t
annotation_drop_dashes(const char *line, size_t length, char *copy)
{
	size_t		from = 0;
	size_t		to = 0;

	while (from < length)
	{
		if (length - from >= 2 && line[from] == '-' && line[from + 1] == '-')
			from += 2;
		else
			copy[to++] = line[from++];
	}
	return to;
}

/*
 * Reads a line (without its end) that begins, after white space, with "--".
 * For ANNOTATION_UNKNOWN, *argument is a palloc'd excerpt of what was asked
 * for; else it is NULL.
 *
 * Only blanks and tabs count as indentation: goose lets other white space
 * pass.
 */
Annotation
annotation_read(const char *line, size_t length, char **argument)
{
	Annotation	annotation = ANNOTATION_UNKNOWN;
	const char *name;
	size_t		name_length;
	char	   *copy;
	char	   *mark;
	size_t		i;

	*argument = NULL;
	if (annotation_find_mark(line, length) == NULL)
		return ANNOTATION_NONE;
	if (line[0] == ' ' || line[0] == '\t')
		return ANNOTATION_INDENTED;

	copy = palloc(length);
	name_length = annotation_drop_dashes(line, length, copy);
	name = copy;

	/* The mark has no dashes, so it is still there. */
	mark = unconstify(char *, annotation_find_mark(copy, name_length));
	name_length -= ANNOTATION_MARK_LENGTH;
	memmove(mark, mark + ANNOTATION_MARK_LENGTH, copy + name_length - mark);

	if (annotation_find_mark(copy, name_length) != NULL)
		annotation = ANNOTATION_REPEATED;
	character_trim(&name, &name_length);
	if (name_length == 0)
		annotation = ANNOTATION_EMPTY;

	for (i = 0; i < lengthof(annotation_names); i++)
	{
		if (annotation_is_name(name, name_length, annotation_names[i].name))
			annotation = annotation_names[i].annotation;
	}
	if (annotation == ANNOTATION_UNKNOWN)
		*argument = character_excerpt(name, name_length);

	pfree(copy);
	return annotation;
}
