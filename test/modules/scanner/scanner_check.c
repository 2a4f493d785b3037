/*-------------------------------------------------------------------------
 *
 * scanner_check.c
 *	  Holds our lexer against PostgreSQL's own scanner and grammar.
 *
 * For tests only.  The SQL function scanner_check(text) looks at each line
 * end of a script: what does our lexer say of the text before it, and what
 * does the server say?
 *
 * The scripts are made, and the answers compared, by test/t/009_scanner.pl.
 *
 * Copyright (c) 2026, gooseplus contributors
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <ctype.h>

#include "access/xact.h"
#include "fmgr.h"
#include "lib/stringinfo.h"
#include "parser/parser.h"
#include "parser/scanner.h"
#include "utils/builtins.h"
#include "utils/memutils.h"
#include "utils/resowner.h"

#include "lexer.h"

PG_MODULE_MAGIC;

/* What is said of a piece of text. */
typedef enum Verdict
{
	VERDICT_OUTSIDE = '-',		/* a cut may be here */
	VERDICT_INSIDE = 'i',
	VERDICT_ERROR = 'e',		/* an error that says nothing about that */
	VERDICT_NONE = '.'			/* not asked */
} Verdict;

/* Asks the server about a text; raises an error or returns a verdict. */
typedef Verdict (*Judge) (char *text);

PG_FUNCTION_INFO_V1(scanner_check);

/*
 * Judge: do the tokens of the text leave a parenthesis open?  The scanner
 * raises an error if a quote or comment is.
 */
static Verdict
judge_tokens(char *text)
{
	core_yy_extra_type extra;
	core_yyscan_t scanner = scanner_init(text, &extra, &ScanKeywords,
										 ScanKeywordTokens);
	core_YYSTYPE value;
	YYLTYPE		location;
	int			depth = 0;
	int			token;

	while ((token = core_yylex(&value, &location, scanner)) != 0)
	{
		if (token == '(')
			depth++;
		else if (token == ')' && depth > 0)
			depth--;
	}
	scanner_finish(scanner);
	return depth > 0 ? VERDICT_INSIDE : VERDICT_OUTSIDE;
}

/*
 * Judge: is the text, which ends in a semicolon or a comment after one, a list
 * of whole commands?
 */
static Verdict
judge_grammar(char *text)
{
	(void) raw_parser(text, RAW_PARSE_DEFAULT);
	return VERDICT_OUTSIDE;
}

/*
 * Returns the verdict for an error of the scanner's or the grammar's.
 */
static Verdict
judge_error(const ErrorData *error)
{
	if (error->sqlerrcode != ERRCODE_SYNTAX_ERROR)
		return VERDICT_ERROR;
	if (strncmp(error->message, "unterminated ", strlen("unterminated ")) == 0 ||
		strcmp(error->message, "syntax error at end of input") == 0)
		return VERDICT_INSIDE;
	return VERDICT_ERROR;
}

/*
 * Asks in a subtransaction, so that errors can be caught.
 */
static Verdict
ask(Judge judge, char *text)
{
	MemoryContext context = CurrentMemoryContext;
	ResourceOwner owner = CurrentResourceOwner;
	volatile Verdict verdict = VERDICT_ERROR;

	BeginInternalSubTransaction(NULL);
	MemoryContextSwitchTo(context);
	PG_TRY();
	{
		verdict = judge(text);
		ReleaseCurrentSubTransaction();
	}
	PG_CATCH();
	{
		MemoryContextSwitchTo(context);
		verdict = judge_error(CopyErrorData());
		FlushErrorState();
		RollbackAndReleaseCurrentSubTransaction();
	}
	PG_END_TRY();
	MemoryContextSwitchTo(context);
	CurrentResourceOwner = owner;
	return verdict;
}

/*
 * Would goose end a statement with this line?  It does after a word that ends
 * in a semicolon, if it is the last one or one that begins a comment follows.
 */
static bool
is_cut(const char *script, size_t from, size_t to)
{
	bool		result = false;

	while (from < to)
	{
		size_t		end = from;

		while (end < to && !isspace((unsigned char) script[end]))
			end++;
		if (strncmp(script + from, "--", 2) == 0)
			break;
		if (end > from)
			result = script[end - 1] == ';';
		from = end + 1;
	}
	return result;
}

/*
 * Returns one line of text for each line end of the script, and for its end:
 * its offset, our lexer's verdict, that of the server's scanner, and that of
 * its grammar, which is only asked where goose would cut.  The
 * lexer reads on from line to line, the server begins anew each time.
 */
Datum
scanner_check(PG_FUNCTION_ARGS)
{
	char	   *script = text_to_cstring(PG_GETARG_TEXT_PP(0));
	const char *conforming = text_to_cstring(PG_GETARG_TEXT_PP(1));
	size_t		length = strlen(script);
	size_t		from = 0;
	StringInfoData result;
	Lexer		lexer;
	MemoryContext scratch = AllocSetContextCreate(CurrentMemoryContext,
												  "scanner check",
												  ALLOCSET_DEFAULT_SIZES);

	initStringInfo(&result);
	lexer_init(&lexer, strcmp(conforming, "on") == 0);
	while (from < length)
	{
		char	   *newline = strchr(script + from, '\n');
		size_t		to = newline == NULL ? length : newline - script + 1;
		bool		cut = is_cut(script, from, to);
		char	   *prefix;
		size_t		start;
		Verdict		ours;
		Verdict		scanner;
		Verdict		grammar;
		MemoryContext context = MemoryContextSwitchTo(scratch);

		lexer_feed(&lexer, script, from, to);
		ours = lexer_inside(&lexer, &start) == LEXER_NOTHING ?
			VERDICT_OUTSIDE : VERDICT_INSIDE;
		prefix = pnstrdup(script, to);
		scanner = ask(judge_tokens, prefix);
		grammar = cut ? ask(judge_grammar, prefix) : VERDICT_NONE;
		MemoryContextSwitchTo(context);
		MemoryContextReset(scratch);
		appendStringInfo(&result, "%zu %c %c %c\n", to, ours, scanner,
						 grammar);
		from = to;
	}
	PG_RETURN_TEXT_P(cstring_to_text_with_len(result.data, result.len));
}
