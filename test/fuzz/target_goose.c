/*-------------------------------------------------------------------------
 *
 * target_goose.c
 *	  Fuzzing script.c beside goose's own parser: the input is a migration
 *	  file.
 *
 * Wherever goose accepts a file, ours are its statements, merged only where
 * the lexer has vetoed a cut.  What README tells of other differences is left
 * out: byte order marks, data of COPY, \restrict.  (Long lines are longer than
 * inputs get.)
 *
 * goose's parser is the program that GOOSEPLUS_GOOSE_PARSER names; see
 * parser/main.go for what it reads and writes.  If GOOSEPLUS_MERGED names a
 * file, statements are added to it in which a quote or the like could matter,
 * for scanner.pl to ask the server about: a line each, the value of
 * standard_conforming_strings and hexadecimal digits.
 *
 * Copyright (c) 2026, gooseplus contributors
 *
 *-------------------------------------------------------------------------
 */
#include "reading.h"

#include <unistd.h>

#include "character.h"
#include "lexer.h"
#include "line.h"

/* The most statements to write, and bits to remember those written by. */
#define MOST_WRITTEN 20000
#define SEEN_BITS (1 << 20)

/* A statement of goose's. */
typedef struct GooseStatement
{
	const char *text;
	size_t		length;
	int			cut_line;
} GooseStatement;

/* What goose says of a file in one direction. */
typedef struct GooseReading
{
	char	   *answer;			/* holds the texts */
	bool		accepted;
	bool		transactional;
	GooseStatement *statements;
	int			nstatements;
} GooseReading;

/* Both of them, and the file. */
typedef struct Comparison
{
	const char *text;
	size_t		length;
	bool		conforming;		/* standard_conforming_strings */
	GooseReading goose;
	Reading		ours;
} Comparison;

static int	to_goose;
static int	from_goose;
static FILE *merged;
static int	written = 0;
static unsigned char seen[SEEN_BITS / 8];

/*
 * Starts goose's parser, with our variables as its environment.
 */
int
LLVMFuzzerInitialize(int *argc, char ***argv)
{
	const char *program = getenv("GOOSEPLUS_GOOSE_PARSER");
	const char *file = getenv("GOOSEPLUS_MERGED");
	char	   *arguments[] = {unconstify(char *, program), NULL};
	char	  **environment = calloc(fuzz_nvariables + 1, sizeof(char *));
	int			there[2];
	int			back[2];

	(void) argc;
	(void) argv;
	fuzz_check(program != NULL);
	if (file != NULL)
		fuzz_check((merged = fopen(file, "a")) != NULL);
	for (size_t i = 0; i < fuzz_nvariables; i++)
		environment[i] = psprintf("%s=%s", fuzz_variables[i].name,
								  fuzz_variables[i].value);
	fuzz_check(pipe(there) == 0 && pipe(back) == 0);
	if (fork() == 0)
	{
		(void) dup2(there[0], STDIN_FILENO);
		(void) dup2(back[1], STDOUT_FILENO);
		close(there[0]);
		close(there[1]);
		close(back[0]);
		close(back[1]);
		execve(program, arguments, environment);
		_exit(127);
	}
	close(there[0]);
	close(back[1]);
	to_goose = there[1];
	from_goose = back[0];
	return 0;
}

/*
 * Sends or receives bytes.  libFuzzer's timer interrupts that now and then.
 */
static void
send_bytes(const void *bytes, size_t size)
{
	const char *at = bytes;

	while (size > 0)
	{
		ssize_t		count = write(to_goose, at, size);

		fuzz_check(count > 0 || (count < 0 && errno == EINTR));
		if (count > 0)
		{
			at += count;
			size -= count;
		}
	}
}

static void
receive_bytes(void *bytes, size_t size)
{
	char	   *at = bytes;

	while (size > 0)
	{
		ssize_t		count = read(from_goose, at, size);

		fuzz_check(count > 0 || (count < 0 && errno == EINTR));
		if (count > 0)
		{
			at += count;
			size -= count;
		}
	}
}

/*
 * Reads a number of four bytes.
 */
static uint32
read_number(const char **at)
{
	uint32		number;

	memcpy(&number, *at, sizeof(number));
	*at += sizeof(number);
	return number;
}

/*
 * Asks goose.
 */
static void
ask_goose(const char *text, size_t length, ScriptDirection direction,
		  GooseReading *goose)
{
	uint32		request[2] = {direction == SCRIPT_UP, length};
	uint32		size;
	const char *at;

	send_bytes(request, sizeof(request));
	send_bytes(text, length);
	receive_bytes(&size, sizeof(size));
	goose->answer = malloc(size);
	fuzz_check(goose->answer != NULL);
	receive_bytes(goose->answer, size);
	at = goose->answer;
	goose->accepted = read_number(&at) != 0;
	goose->transactional = read_number(&at) != 0;
	goose->nstatements = read_number(&at);
	goose->statements = calloc(goose->nstatements + 1, sizeof(GooseStatement));
	for (int i = 0; i < goose->nstatements; i++)
	{
		GooseStatement *statement = &goose->statements[i];

		statement->cut_line = read_number(&at);
		statement->length = read_number(&at);
		statement->text = at;
		at += statement->length;
	}
	fuzz_check(at == goose->answer + size);
}

/*
 * Writes a statement for scanner.pl, if it has what the scanner might have an
 * opinion about and is not known.
 */
static void
write_statement(const ReadingStatement *statement, bool conforming)
{
	uint64		bit = fuzz_hash(statement->text, statement->length) % SEEN_BITS;
	bool		matters = statement->vetoes > 0;

	for (size_t i = 0; i < statement->length; i++)
		if (strchr("'\"$(/", statement->text[i]) != NULL)
			matters = true;
	if (merged == NULL || written == MOST_WRITTEN || !matters ||
		(seen[bit / 8] & (1 << bit % 8)))
		return;
	seen[bit / 8] |= 1 << bit % 8;
	written++;
	fputs(conforming ? "on " : "off ", merged);
	for (size_t i = 0; i < statement->length; i++)
		fprintf(merged, "%02x", (unsigned char) statement->text[i]);
	fputc('\n', merged);
}

/*
 * Is the text nothing but lines that are empty or comments, and white space at
 * the end?
 */
static bool
is_blank(const char *text, size_t length)
{
	LineReader	lines = {text, length, 0, 0};
	Line		line;

	while (line_next(&lines, &line))
		if (line.indent < line.length &&
			(!line.comment || lines.at > length))
			return false;
	return true;
}

/*
 * Is there an annotation among these lines of the file, or a comment with a
 * variable, if those are asked for?
 */
static bool
has_line(const Comparison *both, int from, int to, bool variables)
{
	LineReader	lines;
	Line		line;

	(void) line_open(&lines, both->text, both->length);
	while (line_next(&lines, &line) && line.number <= to)
		if (line.number >= from &&
			(memmem(line.text, line.length, "+goose", strlen("+goose")) != NULL ||
			 (variables && line.comment &&
			  memchr(line.text, '$', line.length) != NULL)))
			return true;
	return false;
}

/*
 * Has a merged statement lines that are in none of goose's, and that cannot be
 * told from the others?  An annotation; or a comment between two of goose's,
 * which goose drops whole, and of which a variable has made several lines.
 */
static bool
is_incomparable(const Comparison *both, const ReadingStatement *ours)
{
	return ours->vetoes > 0 &&
		has_line(both, ours->line, ours->cut_line, true);
}

/*
 * Does the lexer say that something is open at the end of the line that this
 * byte of the statement is on?
 */
static bool
is_open(const Comparison *both, const ReadingStatement *ours, const char *at)
{
	const char *end = ours->text + ours->length;
	const char *newline = memchr(at, '\n', end - at);
	Lexer		lexer;
	size_t		start;

	lexer_init(&lexer, both->conforming);
	lexer_feed(&lexer, ours->text, 0,
			   (newline == NULL ? end : newline + 1) - ours->text);
	return lexer_inside(&lexer, &start) != LEXER_NOTHING;
}

/*
 * Checks that these statements of goose's are, in order and with nothing but
 * comments between, our statement, and that something is open between them.
 */
static void
compare_merged(const Comparison *both, const GooseStatement *goose, int count,
			   const ReadingStatement *ours)
{
	const char *at = ours->text;
	const char *end = ours->text + ours->length;

	for (int i = 0; i < count; i++)
	{
		const char *found = at;

		while ((size_t) (end - found) < goose[i].length ||
			   memcmp(found, goose[i].text, goose[i].length) != 0 ||
			   !is_blank(at, found - at))
		{
			fuzz_check(found < end);
			found++;
		}
		at = found + goose[i].length;
		fuzz_check(is_open(both, ours, at) == (i < count - 1));
	}
	fuzz_check(at == end);
}

/*
 * Compares the statements of a file that both accept, or of its beginning.
 */
static void
compare_statements(const Comparison *both)
{
	int			next = 0;
	int			previous = 0;

	for (int i = 0; i < both->ours.nstatements; i++)
	{
		const ReadingStatement *ours = &both->ours.statements[i];
		const GooseStatement *goose = &both->goose.statements[next];
		int			count = 0;

		while (next + count < both->goose.nstatements &&
			   goose[count].cut_line <= ours->cut_line)
			count++;
		if (is_incomparable(both, ours))
			return;
		fuzz_check(count == ours->vetoes + 1);
		fuzz_check(goose[count - 1].cut_line == ours->cut_line);
		if (count == 1)
		{
			fuzz_check(goose->length == ours->length);
			fuzz_check(memcmp(goose->text, ours->text, ours->length) == 0);
			/* outside of blocks nothing is open where we cut */
			if (!has_line(both, previous + 1, ours->cut_line, false))
				fuzz_check(!is_open(both, ours, ours->text + ours->length));
		}
		else
			compare_merged(both, goose, count, ours);
		next += count;
		previous = ours->cut_line;
	}
	if (both->ours.end == SCRIPT_END)
		fuzz_check(next == both->goose.nstatements);
}

/*
 * May we refuse a file that goose accepts?  The end of an open quote or the
 * like can be missing, as the lexer has vetoed a cut in it, and so can the
 * semicolon after it; lines of comments are part of such a statement, and
 * their variables count.  Deeply nested expansions are ours alone to refuse.
 */
static bool
may_refuse(const Reading *ours)
{
	switch (ours->error)
	{
		case SCRIPT_UNTERMINATED_STRING:
		case SCRIPT_UNTERMINATED_IDENTIFIER:
		case SCRIPT_UNTERMINATED_DOLLAR_QUOTE:
		case SCRIPT_UNTERMINATED_COMMENT:
		case SCRIPT_UNTERMINATED_PARENTHESIS:
		case SCRIPT_UNTERMINATED_BODY:
		case SCRIPT_NO_SEMICOLON:
			return ours->vetoes > 0;
		case SCRIPT_VARIABLE:
			return ours->vetoes > 0 ||
				ours->interpolate == INTERPOLATE_TOO_DEEP;
		default:
			return false;
	}
}

/*
 * Does goose read the file otherwise on purpose?
 */
static bool
differs_on_purpose(const Comparison *both)
{
	const char *end = both->text + both->length;
	const char *at = both->text;

	if (both->ours.notes[SCRIPT_NOTE_BYTE_ORDER_MARK] > 0 ||
		both->ours.notes[SCRIPT_NOTE_COPY_DATA] > 0 ||
		both->ours.notes[SCRIPT_NOTE_RESTRICT] > 0)
		return true;
	/* data in the section that is not read */
	while ((at = memmem(at, end - at, "\n\\.", 3)) != NULL)
	{
		at += 3;
		if (at == end || *at == '\n' || *at == '\r')
			return true;
	}
	return false;
}

/*
 * Compares what both say of the file.
 */
static void
compare(const Comparison *both)
{
	const Reading *ours = &both->ours;
	bool		incomparable = false;

	if (differs_on_purpose(both))
		return;

	/*
	 * After an empty block goose drops a line.  If that block is in a merged
	 * statement, we do not, and the rest of the file differs.
	 */
	for (int i = 0; i < ours->nstatements; i++)
		incomparable = incomparable || is_incomparable(both, &ours->statements[i]);
	if (!both->goose.accepted)
	{
		fuzz_check(ours->end == SCRIPT_FAILED || incomparable);
		return;
	}
	if (ours->end == SCRIPT_FAILED)
		fuzz_check(may_refuse(ours) || incomparable);
	else
		fuzz_check(ours->transactional == both->goose.transactional);
	compare_statements(both);
}

/*
 * Makes UTF-8 of a text, as the server hands on nothing else: bytes that are
 * not become letters.
 */
static void
make_utf8(char *text, size_t length)
{
	size_t		at = 0;

	while (at < length)
	{
		uint32		code;
		size_t		size = character_decode(text + at, length - at, &code);

		if (code == CHARACTER_REPLACEMENT && size == 1)
			text[at] = 'x';
		at += size;
	}
}

/*
 * The target.
 */
int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char	   *text = fuzz_text(data, size);

	make_utf8(text, size);
	for (int how = 0; how < 4; how++)
	{
		ScriptOptions options = {(how & 1) == 0, fuzz_lookup, NULL, false, NULL, NULL};
		ScriptDirection direction = how & 2 ? SCRIPT_DOWN : SCRIPT_UP;
		Comparison	both = {.text = text,.length = size,
		.conforming = options.standard_conforming_strings};

		ask_goose(text, size, direction, &both.goose);
		reading_make(&both.ours, text, size, direction, &options);
		compare(&both);
		for (int i = 0; i < both.ours.nstatements; i++)
			write_statement(&both.ours.statements[i], (how & 1) == 0);
		free(both.goose.answer);
		free(both.goose.statements);
		reading_free(&both.ours);
	}
	if (merged != NULL)
		fflush(merged);
	free(text);
	return 0;
}
