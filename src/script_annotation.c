/*-------------------------------------------------------------------------
 *
 * script_annotation.c
 *	  What an annotation does to the reader of goose's file format.
 *
 * Annotations move a small state machine: the section, the block, and the
 * switches for variables and transactions.  Which line is an annotation, and
 * which one, is annotation.c's business; what the other lines mean,
 * script.c's.
 *
 * Copyright (c) 2026, gooseplus contributors
 *
 *-------------------------------------------------------------------------
 */
#include "ground.h"

#include "character.h"
#include "script_reader.h"

/*
 * Calls the note, if there is one, for a line.
 */
void
script_take_note(const ScriptReader *reader, ScriptNoteKind kind, int line)
{
	if (reader->note != NULL)
		reader->note(reader->note_arg, kind, line);
}

/*
 * Records a problem with a line, after this many of its bytes, about the
 * argument (palloc'd, or NULL).
 */
ScriptStep
script_fail(ScriptReader *reader, ScriptError error, const Line *line,
			size_t offset, char *argument)
{
	reader->problem.error = error;
	reader->problem.line = line->number;
	reader->problem.column = 1 + character_count(line->text, offset);
	reader->problem.argument = argument;
	return STEP_FAILED;
}

/*
 * Is the section at hand in the wanted direction?
 */
bool
script_is_wanted(const ScriptReader *reader)
{
	return reader->section ==
		(reader->direction == SCRIPT_UP ? SECTION_UP : SECTION_DOWN);
}

/*
 * Notes where the Down part begins.
 */
static void
note_down(ScriptReader *reader, const Line *line)
{
	const char *begin = line->text;

	reader->down.at = begin - reader->lines.text;
	reader->down.line = line->number;
	reader->down.variables = reader->envsub;
	reader->down.transactional = reader->transactional;
}

/*
 * Obeys an annotation, or fails where goose refuses it.
 */
ScriptStep
script_obey(ScriptReader *reader, Annotation annotation,
			const Line *line, char *argument)
{
	ScriptError error;

	switch (annotation)
	{
		case ANNOTATION_NONE:
			return STEP_GO_ON;
		case ANNOTATION_UP:
			if (reader->section == SECTION_NONE)
			{
				reader->section = SECTION_UP;
				return STEP_NEXT_LINE;
			}
			error = SCRIPT_DUPLICATE_UP;
			break;
		case ANNOTATION_DOWN:
			if (reader->section == SECTION_UP && reader->block != BLOCK_OPEN)
			{
				if (script_buffer_unfinished(&reader->buffer,
											 &reader->problem))
					return STEP_FAILED;
				reader->section = SECTION_DOWN;
				note_down(reader, line);
				reader->block = BLOCK_NONE;
				script_skipper_clear(&reader->skipper);
				return STEP_NEXT_LINE;
			}
			error = SCRIPT_DOWN_NOT_AFTER_UP;
			break;
		case ANNOTATION_STATEMENT_BEGIN:
			if (reader->section != SECTION_NONE && reader->block != BLOCK_OPEN)
			{
				reader->block = BLOCK_OPEN;
				reader->block_line = line->number;
				return STEP_NEXT_LINE;
			}
			error = SCRIPT_BEGIN_MISPLACED;
			break;
		case ANNOTATION_STATEMENT_END:
			if (reader->block == BLOCK_OPEN)
			{
				reader->block = BLOCK_ENDED;
				script_skipper_clear(&reader->skipper);
				return STEP_GO_ON;
			}
			error = SCRIPT_END_MISPLACED;
			break;
		case ANNOTATION_NO_TRANSACTION:
			reader->transactional = false;
			return STEP_NEXT_LINE;
		case ANNOTATION_ENVSUB_ON:
		case ANNOTATION_ENVSUB_OFF:
			reader->envsub = annotation == ANNOTATION_ENVSUB_ON;
			return STEP_NEXT_LINE;
		case ANNOTATION_INDENTED:
			error = SCRIPT_ANNOTATION_INDENTED;
			break;
		case ANNOTATION_EMPTY:
			error = SCRIPT_ANNOTATION_EMPTY;
			break;
		case ANNOTATION_REPEATED:
			error = SCRIPT_ANNOTATION_REPEATED;
			break;
		default:
			error = SCRIPT_ANNOTATION_UNKNOWN;
			break;
	}
	return script_fail(reader, error, line, line->indent, argument);
}
