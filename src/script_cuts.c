/*-------------------------------------------------------------------------
 *
 * script_cuts.c
 *	  Where the statements of a file stand, so that they are found once only.
 *
 * A migration is read for its format, for its checksum, for its grammar, and
 * when it runs.  Most of the work is to follow the lexical structure, and it
 * comes to the same each time.  So the first reader notes which lines of the
 * file are a statement, and a later one that comes to the first of them takes
 * them all.
 *
 * Only statements are noted that stand in the file byte by byte as they are
 * handed out.  The others are read again.  Where the goose command reads a
 * statement otherwise (ScriptNote) is told by the first reader only.
 *
 * Copyright (c) 2026, gooseplus contributors
 *
 *-------------------------------------------------------------------------
 */
#include "ground.h"

#include "script_reader.h"

/* More of them are not worth the memory: the rest is read again. */
#define SCRIPT_CUTS_MAX (16 * 1024 * 1024)

/*
 * Makes an empty list, in the current memory context.  The setting is the one
 * that the file is going to be read with.
 */
void
script_cuts_init(ScriptCuts *cuts, bool standard_conforming_strings)
{
	memset(cuts, 0, sizeof(*cuts));
	cuts->space = 8;
	cuts->items = palloc(cuts->space * sizeof(ScriptCut));
	cuts->standard_conforming_strings = standard_conforming_strings;
}

/*
 * Adds a statement behind those that have been noted.
 */
static void
script_cuts_add(ScriptCuts *cuts, size_t begin, size_t end)
{
	if (end > PG_UINT32_MAX || cuts->nitems == SCRIPT_CUTS_MAX)
		return;
	if (cuts->nitems == cuts->space)
	{
		cuts->space *= 2;
		cuts->items = repalloc(cuts->items, cuts->space * sizeof(ScriptCut));
	}
	cuts->items[cuts->nitems].begin = (uint32) begin;
	cuts->items[cuts->nitems].end = (uint32) end;
	cuts->nitems++;
}

/*
 * The file has been read: from now on the list is used.  What it does not need
 * of its memory is given back.
 */
void
script_cuts_complete(ScriptCuts *cuts)
{
	cuts->space = Max(cuts->nitems, 1);
	cuts->items = repalloc(cuts->items, cuts->space * sizeof(ScriptCut));
	cuts->complete = true;
}

/*
 * Notes which lines the statement in the buffer is, for later readers, if they
 * end here and are in the file as they are in the buffer: no annotation among
 * them (there is none in a buffer), no carriage return, no variable, no data.
 */
void
script_note_cut(ScriptReader *reader)
{
	const LineReader *lines = &reader->lines;
	const StringInfoData *text = &reader->buffer.lines;
	size_t		length = text->len;

	if (reader->options.cuts == NULL || reader->options.cuts->complete ||
		reader->envsub || length == 0 || length >= lines->at ||
		lines->at > lines->length ||
		lines->text[lines->at - length - 1] != '\n' ||
		memcmp(lines->text + lines->at - length, text->data, length) != 0)
		return;
	script_cuts_add(reader->options.cuts, lines->at - length, lines->at);
}

/*
 * Returns the statement that begins with the next line, if an earlier reader
 * has noted it and one can begin here for this reader, too: with variables left
 * as they are, the lines before can come to something else.  Else NULL.
 */
static const ScriptCut *
script_find_cut(ScriptReader *reader)
{
	const ScriptCuts *cuts = reader->options.cuts;
	size_t		at = reader->lines.at;
	const ScriptCut *cut;

	if (cuts == NULL || !cuts->complete || reader->envsub ||
		reader->block != BLOCK_NONE || reader->buffer.lines.len > 0 ||
		!script_is_wanted(reader))
		return NULL;
	while (reader->next_cut < cuts->nitems &&
		   cuts->items[reader->next_cut].begin < at)
		reader->next_cut++;
	cut = &cuts->items[reader->next_cut];
	return reader->next_cut < cuts->nitems && cut->begin == at &&
		cut->end <= reader->lines.length ? cut : NULL;
}

/*
 * Takes the lines of the statement that comes next into the buffer, and returns
 * true, if it has been noted.
 */
bool
script_take_cut(ScriptReader *reader)
{
	LineReader *lines = &reader->lines;
	const ScriptCut *cut = script_find_cut(reader);

	if (cut == NULL)
		return false;
	script_buffer_add_lines(&reader->buffer, lines->text + cut->begin,
							cut->end - cut->begin, lines->number + 1);
	line_skip(lines, cut->end);
	return true;
}

/*
 * Passes over the lines of the statement that comes next, and returns true, if
 * it has been noted.
 */
bool
script_skip_cut(ScriptReader *reader)
{
	const ScriptCut *cut = script_find_cut(reader);

	if (cut != NULL)
		line_skip(&reader->lines, cut->end);
	return cut != NULL;
}
