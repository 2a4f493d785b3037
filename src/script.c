/*-------------------------------------------------------------------------
 *
 * script.c
 *	  goose's file format: reads the statements of one direction, one by one.
 *
 * This is goose's parser (ParseSQLMigration of its internal/sqlparser), line
 * by line and with its quirks, because the same files must mean the same to
 * the goose command and to us.  What it does, in short: annotations move a
 * small state machine; other lines of the wanted direction gather in a
 * buffer; the buffer becomes a statement at a line that ends in a semicolon
 * or, inside StatementBegin, at StatementEnd.
 *
 * Where we differ, on purpose:
 * - a byte order mark at the start is skipped;
 * - lines may have any length;
 * - a line end inside a string, quoted identifier, dollar quote, comment,
 *	 parenthesis or BEGIN ATOMIC body does not end a statement (lexer.c).
 * Each is reported as a note, as the goose command would read such a file
 * otherwise.
 *
 * One buffer serves all statements, so that memory does not depend on their
 * number.  Words for errors are problem.c's.
 *
 * Copyright (c) 2026, gooseplus contributors
 *
 *-------------------------------------------------------------------------
 */
#include "ground.h"

#include "annotation.h"
#include "character.h"
#include "lexer.h"
#include "linemap.h"
#include "script.h"

#define BYTE_ORDER_MARK "\xEF\xBB\xBF"

/*
 * goose reads with Go's bufio.Scanner and a buffer of this size, which must
 * have room for the line and its end, or for the end of the file.
 */
#define GOOSE_LINE_BUFFER (4 * 1024 * 1024)

typedef enum ScriptSection
{
	SECTION_NONE,				/* no annotation Up yet */
	SECTION_UP,
	SECTION_DOWN
} ScriptSection;

typedef enum ScriptBlock
{
	BLOCK_NONE,
	BLOCK_OPEN,					/* after StatementBegin */
	BLOCK_ENDED					/* after StatementEnd, until the next line that
								 * is not skipped */
} ScriptBlock;

/* What a line, or an annotation, leads to. */
typedef enum ScriptStep
{
	STEP_NEXT_LINE,
	STEP_GO_ON,					/* the annotation's line itself counts, too */
	STEP_STATEMENT,				/* the buffer is a statement */
	STEP_FAILED
} ScriptStep;

typedef struct ScriptLine
{
	const char *text;			/* without its end */
	size_t		length;
	size_t		indent;			/* bytes of white space in front */
	bool		comment;		/* "--" comes first */
} ScriptLine;

struct ScriptReader
{
	const char *text;			/* the file */
	size_t		length;
	size_t		at;				/* where the next line begins */
	int			line;			/* number of the line read last */
	ScriptDirection direction;
	ScriptOptions options;
	ScriptNote	note;
	void	   *note_arg;

	ScriptSection section;
	ScriptBlock block;
	int			block_line;		/* of the last StatementBegin */
	bool		envsub;
	bool		transactional;

	StringInfoData buffer;		/* lines of the statement so far */
	LineMap		map;			/* where they came from */
	Lexer		lexer;			/* has read the buffer outside of blocks */
	bool		delivered;		/* the buffer is the caller's statement */
	size_t		begin;			/* of its trimmed text in the buffer */
	size_t		end;
	int			ordinal;

	ScriptProblem problem;
};

/*
 * Begins to read the statements of one direction of a file.  The text (UTF-8,
 * no NUL) must stay as long as the reader, which belongs to the current memory
 * context; the options are copied.  Cannot fail: problems come from
 * script_next().
 */
ScriptReader *
script_open(const char *text, size_t length, ScriptDirection direction,
			const ScriptOptions *options)
{
	ScriptReader *reader = palloc0(sizeof(ScriptReader));

	reader->text = text;
	reader->length = length;
	reader->direction = direction;
	reader->options = *options;
	reader->transactional = true;
	initStringInfo(&reader->buffer);
	linemap_init(&reader->map);
	lexer_init(&reader->lexer, options->standard_conforming_strings);
	return reader;
}

/*
 * Has note called wherever the goose command reads the file otherwise.
 */
void
script_set_note(ScriptReader *reader, ScriptNote note, void *arg)
{
	reader->note = note;
	reader->note_arg = arg;
}

/*
 * Calls the note, if there is one, for the current line.
 */
static void
script_take_note(const ScriptReader *reader, ScriptNoteKind kind)
{
	if (reader->note != NULL)
		reader->note(reader->note_arg, kind, reader->line);
}

/*
 * Records a problem on the current line, after this many of its bytes, about
 * the argument (palloc'd, or NULL).
 */
static ScriptStep
script_fail(ScriptReader *reader, ScriptError error, const ScriptLine *line,
			size_t offset, char *argument)
{
	reader->problem.error = error;
	reader->problem.line = reader->line;
	reader->problem.column = 1 + character_count(line->text, offset);
	reader->problem.argument = argument;
	return STEP_FAILED;
}

/*
 * Finds the trimmed text of the buffer.  Returns false if nothing is left.
 */
static bool
script_trim(ScriptReader *reader)
{
	const char *text = reader->buffer.data;
	size_t		length = reader->buffer.len;

	character_trim(&text, &length);
	reader->begin = text - reader->buffer.data;
	reader->end = reader->begin + length;
	return length > 0;
}

/*
 * Records that the text of the buffer is not a finished statement: because
 * something inside is still open, or else for want of a semicolon.
 */
static ScriptStep
script_fail_unfinished(ScriptReader *reader)
{
	ScriptProblem *problem = &reader->problem;
	size_t		start = reader->begin;

	problem->error = SCRIPT_NO_SEMICOLON;
	switch (lexer_inside(&reader->lexer, &start))
	{
		case LEXER_NOTHING:
			break;
		case LEXER_STRING:
			problem->error = SCRIPT_UNTERMINATED_STRING;
			break;
		case LEXER_IDENTIFIER:
			problem->error = SCRIPT_UNTERMINATED_IDENTIFIER;
			break;
		case LEXER_DOLLAR_QUOTE:
			problem->error = SCRIPT_UNTERMINATED_DOLLAR_QUOTE;
			break;
		case LEXER_COMMENT:
			problem->error = SCRIPT_UNTERMINATED_COMMENT;
			break;
		case LEXER_PARENTHESIS:
			problem->error = SCRIPT_UNTERMINATED_PARENTHESIS;
			break;
		case LEXER_BODY:
			problem->error = SCRIPT_UNTERMINATED_BODY;
			break;
	}
	linemap_locate(&reader->map, reader->buffer.data, (int) start,
				   &problem->line, &problem->column);
	problem->argument = character_excerpt(reader->buffer.data + start,
										  reader->end - start);
	return STEP_FAILED;
}

/*
 * Reads the next line, as Go's bufio.ScanLines does: up to a line feed, which
 * may be missing at the end of the file, and without one carriage return
 * before it.  Returns false at the end.
 */
static bool
script_read_line(ScriptReader *reader, ScriptLine *line)
{
	size_t		rest;
	const char *newline;

	if (reader->at == 0 && reader->length >= strlen(BYTE_ORDER_MARK) &&
		memcmp(reader->text, BYTE_ORDER_MARK, strlen(BYTE_ORDER_MARK)) == 0)
	{
		reader->at = strlen(BYTE_ORDER_MARK);
		reader->line = 1;
		script_take_note(reader, SCRIPT_NOTE_BYTE_ORDER_MARK);
		reader->line = 0;
	}
	if (reader->at >= reader->length)
		return false;

	rest = reader->length - reader->at;
	line->text = reader->text + reader->at;
	newline = memchr(line->text, '\n', rest);
	line->length = newline == NULL ? rest : (size_t) (newline - line->text);
	reader->at += line->length + 1;
	reader->line++;

	if (line->length >= GOOSE_LINE_BUFFER)
		script_take_note(reader, SCRIPT_NOTE_LONG_LINE);
	if (line->length > 0 && line->text[line->length - 1] == '\r')
		line->length--;
	line->indent = character_space_length(line->text, line->length);
	line->comment = line->length - line->indent >= 2 &&
		memcmp(line->text + line->indent, "--", 2) == 0;
	return true;
}

/*
 * Is the section at hand in the wanted direction?
 */
static bool
script_is_wanted(const ScriptReader *reader)
{
	return reader->section ==
		(reader->direction == SCRIPT_UP ? SECTION_UP : SECTION_DOWN);
}

/*
 * Forgets the lines gathered.
 */
static void
script_clear(ScriptReader *reader)
{
	if (reader->buffer.len == 0)
		return;
	resetStringInfo(&reader->buffer);
	linemap_reset(&reader->map);
	lexer_reset(&reader->lexer);
}

/*
 * Obeys an annotation, or fails where goose refuses it.
 */
static ScriptStep
script_obey(ScriptReader *reader, Annotation annotation,
			const ScriptLine *line, char *argument)
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
				if (script_trim(reader))
					return script_fail_unfinished(reader);
				reader->section = SECTION_DOWN;
				reader->block = BLOCK_NONE;
				return STEP_NEXT_LINE;
			}
			error = SCRIPT_DOWN_NOT_AFTER_UP;
			break;
		case ANNOTATION_STATEMENT_BEGIN:
			if (reader->section != SECTION_NONE && reader->block != BLOCK_OPEN)
			{
				reader->block = BLOCK_OPEN;
				reader->block_line = reader->line;
				return STEP_NEXT_LINE;
			}
			error = SCRIPT_BEGIN_MISPLACED;
			break;
		case ANNOTATION_STATEMENT_END:
			if (reader->block == BLOCK_OPEN)
			{
				reader->block = BLOCK_ENDED;
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
		case ANNOTATION_UNKNOWN:
		default:
			error = SCRIPT_ANNOTATION_UNKNOWN;
			break;
	}
	return script_fail(reader, error, line, line->indent, argument);
}

/*
 * Appends a line, with its variables expanded where that is on, and a line
 * feed to the buffer.  Returns STEP_GO_ON, or STEP_FAILED for a wrong
 * expansion.
 */
static ScriptStep
script_append(ScriptReader *reader, const ScriptLine *line)
{
	StringInfo	buffer = &reader->buffer;
	int			from = buffer->len;
	bool		expanded = false;

	if (!reader->envsub)
		appendBinaryStringInfo(buffer, line->text, line->length);
	else
	{
		InterpolateProblem problem;
		InterpolateResult result;

		result = interpolate_line(line->text, line->length,
								  reader->options.lookup,
								  reader->options.lookup_arg,
								  buffer, &problem);
		if (result != INTERPOLATE_OK)
		{
			reader->problem.interpolate = result;
			reader->problem.message = problem.message;
			return script_fail(reader, SCRIPT_VARIABLE, line, problem.offset,
							   problem.argument);
		}
		expanded = memchr(buffer->data + from, '\n',
						  buffer->len - from) != NULL;
	}
	appendStringInfoChar(buffer, '\n');
	linemap_add(&reader->map, from, reader->line, expanded);
	return STEP_GO_ON;
}

/*
 * Does goose end a statement at the end of this line?  Its rule: the last
 * word, of those before the first that begins with "--", ends in a semicolon.
 */
static bool
script_ends_statement(const char *text, size_t length)
{
	bool		semicolon = false;
	size_t		at = 0;

	if (memchr(text, ';', length) == NULL)
		return false;
	for (;;)
	{
		size_t		word;

		at += character_space_length(text + at, length - at);
		word = character_word_length(text + at, length - at);
		if (word == 0 || (word >= 2 && memcmp(text + at, "--", 2) == 0))
			return semicolon;
		at += word;
		semicolon = text[at - 1] == ';';
	}
}

/*
 * Decides what follows from the line that was appended at this place of the
 * buffer, in the wanted direction.
 */
static ScriptStep
script_end_line(ScriptReader *reader, int from)
{
	StringInfo	buffer = &reader->buffer;
	size_t		start;

	switch (reader->block)
	{
		case BLOCK_OPEN:
			return STEP_NEXT_LINE;
		case BLOCK_ENDED:
			reader->block = BLOCK_NONE;
			return STEP_STATEMENT;
		case BLOCK_NONE:
			break;
	}

	lexer_feed(&reader->lexer, buffer->data, from, buffer->len);
	if (!script_ends_statement(buffer->data + from, buffer->len - from - 1))
		return STEP_NEXT_LINE;
	if (lexer_inside(&reader->lexer, &start) != LEXER_NOTHING)
	{
		script_take_note(reader, SCRIPT_NOTE_CUT_VETOED);
		return STEP_NEXT_LINE;
	}
	return STEP_STATEMENT;
}

/*
 * Takes one line of the file.
 */
static ScriptStep
script_take_line(ScriptReader *reader, const ScriptLine *line)
{
	StringInfo	buffer = &reader->buffer;
	int			from;
	bool		wanted;

	if (reader->section == SECTION_NONE && line->indent == line->length)
		return STEP_NEXT_LINE;
	if (line->comment)
	{
		char	   *argument;
		Annotation	annotation = annotation_read(line->text, line->length,
												 &argument);
		ScriptStep	step = script_obey(reader, annotation, line, argument);

		if (step != STEP_GO_ON)
			return step;
	}

	/* Comments and empty lines count only within a statement. */
	if (buffer->len == 0 && (line->comment || line->length == 0))
		return STEP_NEXT_LINE;

	/*
	 * The line after an empty block is dropped, and a statement without text
	 * results.
	 */
	wanted = script_is_wanted(reader);
	from = buffer->len;
	if (reader->block == BLOCK_ENDED)
	{
		if (wanted && from == 0)
		{
			linemap_add(&reader->map, 0, reader->block_line, false);
			if (line->indent < line->length)
				script_take_note(reader, SCRIPT_NOTE_LINE_DROPPED);
		}
	}
	else if ((wanted || reader->envsub) &&
			 script_append(reader, line) == STEP_FAILED)
		return STEP_FAILED;

	if (reader->section == SECTION_NONE)
		return script_fail(reader, SCRIPT_TEXT_BEFORE_UP, line, line->indent,
						   character_excerpt(line->text + line->indent,
											 line->length - line->indent));
	if (!wanted)
	{
		script_clear(reader);
		return STEP_NEXT_LINE;
	}
	return script_end_line(reader, from);
}

/*
 * Hands the buffer out as the next statement.
 */
static ScriptNext
script_deliver(ScriptReader *reader, ScriptStatement *statement)
{
	(void) script_trim(reader);
	reader->buffer.data[reader->end] = '\0';
	reader->delivered = true;

	statement->text = reader->buffer.data + reader->begin;
	statement->length = reader->end - reader->begin;
	statement->ordinal = ++reader->ordinal;
	script_locate(reader, 0, &statement->line, &statement->column);
	return SCRIPT_STATEMENT;
}

/*
 * Judges the end of the file.
 */
static ScriptNext
script_finish(ScriptReader *reader)
{
	ScriptProblem *problem = &reader->problem;

	problem->line = 1;
	problem->column = 1;
	if (reader->section == SECTION_NONE)
		problem->error = SCRIPT_NO_UP;
	else if (reader->block == BLOCK_OPEN)
	{
		problem->error = SCRIPT_NO_STATEMENT_END;
		problem->line = reader->block_line;
	}
	else if (script_trim(reader))
		(void) script_fail_unfinished(reader);
	else
		return SCRIPT_END;
	return SCRIPT_FAILED;
}

/*
 * Reads the next statement.  Its text belongs to the reader.  After
 * SCRIPT_FAILED, script_problem() tells why; after that and SCRIPT_END the
 * result stays the same.
 */
ScriptNext
script_next(ScriptReader *reader, ScriptStatement *statement)
{
	ScriptLine	line;

	if (reader->problem.error != SCRIPT_NO_ERROR)
		return SCRIPT_FAILED;
	if (reader->delivered)
	{
		/* Also when the statement was empty, and the buffer is. */
		resetStringInfo(&reader->buffer);
		linemap_reset(&reader->map);
		lexer_reset(&reader->lexer);
		reader->delivered = false;
	}

	while (script_read_line(reader, &line))
	{
		switch (script_take_line(reader, &line))
		{
			case STEP_STATEMENT:
				return script_deliver(reader, statement);
			case STEP_FAILED:
				return SCRIPT_FAILED;
			case STEP_NEXT_LINE:
			case STEP_GO_ON:
				break;
		}
	}
	return script_finish(reader);
}

/*
 * What was wrong; its error is SCRIPT_NO_ERROR as long as nothing was.  It
 * belongs to the reader, but its texts to the context that was current when
 * the reader failed.
 */
const ScriptProblem *
script_problem(const ScriptReader *reader)
{
	return &reader->problem;
}

/*
 * False if the annotation NO TRANSACTION was seen, in either section.  To be
 * asked after SCRIPT_END.
 */
bool
script_transactional(const ScriptReader *reader)
{
	return reader->transactional;
}

/*
 * Gives the line and the column (in characters) of the file, both from 1, of
 * a byte of the statement delivered last; an offset beyond its end means its
 * end.  The time it takes grows with the text before that byte.
 */
void
script_locate(const ScriptReader *reader, size_t offset,
			  int *line, int *column)
{
	offset = Min(offset, reader->end - reader->begin);
	linemap_locate(&reader->map, reader->buffer.data,
				   (int) (reader->begin + offset), line, column);
}

/*
 * Frees the reader, and with it the last statement's text.
 */
void
script_close(ScriptReader *reader)
{
	linemap_free(&reader->map);
	pfree(reader->buffer.data);
	pfree(reader);
}
