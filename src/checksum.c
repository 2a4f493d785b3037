/*-------------------------------------------------------------------------
 *
 * checksum.c
 *	  The checksum of a migration: SHA-256 over what is executed.
 *
 * Comments, blanks and line ends do not count, any token does: PostgreSQL's
 * own scanner tells the tokens.  Variables stay as they stand in the file, so
 * that no secret reaches the database by a checksum.  The numbers that the
 * grammar gives to tokens differ between versions of PostgreSQL, so the text
 * of a token counts.
 *
 * Data of COPY count to the byte.
 *
 * In a file that commits between its statements it counts where they end,
 * too, which line ends decide about.
 *
 * Copyright (c) 2026, gooseplus contributors
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "common/cryptohash.h"
#include "common/keywords.h"
#include "common/sha2.h"
#include "miscadmin.h"
#include "parser/scanner.h"
#include "utils/builtins.h"
#include "utils/memutils.h"

#include "checksum.h"
#include "compat.h"
#include "pattern.h"
#include "report.h"

/* How much is hashed between two looks at interrupts. */
#define CHECKSUM_CHUNK ((size_t) 1024 * 1024)

/* How much gathers before it is hashed. */
#define CHECKSUM_BUFFER 8192

typedef struct Checksum
{
	const Migration *migration;
	pg_cryptohash_ctx *hash;
	MemoryContext statement_context;
	StringInfoData bytes;		/* that are not in the hash yet */
	StringInfoData ends;		/* after how many tokens statements end */
	int			tokens;
	bool		commits;		/* does a command end a transaction? */
	Pattern		pattern;		/* what the next statement may be like */
	bool	   *alike;			/* see Migration; NULL: nobody asks for it */
} Checksum;

static void
check_hash(const Checksum *checksum, int result)
{
	if (result < 0)
		elog(ERROR, "could not compute a checksum: %s",
			 pg_cryptohash_error(checksum->hash));
}

/* Hashes bytes. */
static void
hash_bytes(Checksum *checksum, const char *bytes, size_t length)
{
	check_hash(checksum, pg_cryptohash_update(checksum->hash,
											  (const uint8 *) bytes, length));
}

/* Hashes the bytes that have been added. */
static void
flush_bytes(Checksum *checksum)
{
	hash_bytes(checksum, checksum->bytes.data, checksum->bytes.len);
	resetStringInfo(&checksum->bytes);
}

/*
 * Adds a token, or a part of one, with the null byte that ends it.  They gather
 * first: a hash has its price for each call, and tokens are short.
 */
static void
add_token(Checksum *checksum, const char *token, size_t length)
{
	if (checksum->bytes.len + length >= CHECKSUM_BUFFER)
		flush_bytes(checksum);
	if (length >= CHECKSUM_BUFFER)
		hash_bytes(checksum, token, length + 1);
	else
		appendBinaryStringInfo(&checksum->bytes, token, length + 1);
}

/*
 * Returns how many bytes of a token stand before its quote, the quote
 * included, if it is a string constant; else 0.
 */
static size_t
quote_length(const char *token)
{
	size_t		length = strspn(token, "bBeExXuU&");

	return length <= 2 && token[length] == '\'' ? length + 1 : 0;
}

/*
 * Is it a word that a command begins with which ends a transaction?
 */
static bool
ends_transaction(const char *token)
{
	static const char *const words[] = {
		"commit", "end", "rollback", "abort", "prepare"
	};

	for (size_t i = 0; i < lengthof(words); i++)
	{
		if (pg_strcasecmp(token, words[i]) == 0)
			return true;
	}
	return false;
}

/*
 * Adds a token.  It is the text that the scanner has just put a null byte
 * behind (see scan.l).  A string constant can go on after a line end, which
 * must not count: of it the value counts, and how it begins.
 */
static void
add_scanned(Checksum *checksum, const char *token, const core_YYSTYPE *value)
{
	size_t		quote = quote_length(token);
	char		begin[4] = "";

	if (quote == 0)
	{
		add_token(checksum, token, strlen(token));
		return;
	}
	memcpy(begin, token, quote);
	add_token(checksum, begin, quote);
	add_token(checksum, value->str, strlen(value->str));
}

/*
 * Adds the tokens of a statement.  Errors: those of the scanner.
 */
static void
scan_statement(Checksum *checksum, const char *text, size_t length)
{
	core_yy_extra_type extra;
	core_yyscan_t scanner = scanner_init(text, &extra, &ScanKeywords,
										 ScanKeywordTokens);
	core_YYSTYPE value;
	YYLTYPE		location;
	bool		begins = true;

	compat_scan_standard(&extra);
	pattern_begin(&checksum->pattern, text, length, &checksum->bytes);
	while (core_yylex(&value, &location, scanner) != 0)
	{
		const char *token = extra.scanbuf + location;
		int			from = checksum->bytes.len;

		checksum->tokens++;
		checksum->commits = checksum->commits ||
			(begins && ends_transaction(token));
		begins = strcmp(token, ";") == 0;
		add_scanned(checksum, token, &value);
		pattern_add(&checksum->pattern, token, location, from,
					checksum->bytes.len);
	}
	pattern_end(&checksum->pattern, &checksum->bytes);
	scanner_finish(scanner);
}

/*
 * Adds the tokens of a statement, which need not be scanned if it is like the
 * one before.  Returns whether it is.
 */
static bool
add_statement(Checksum *checksum, const ScriptStatement *script)
{
	/* the tokens of a pattern stay together; they take twice its length */
	if (script->length <= PATTERN_LENGTH_MAX &&
		checksum->bytes.len + 2 * script->length >= CHECKSUM_BUFFER)
		flush_bytes(checksum);
	if (!pattern_match(&checksum->pattern, script->text, script->length,
					   &checksum->bytes))
	{
		scan_statement(checksum, script->text, script->length);
		return false;
	}
	checksum->tokens += checksum->pattern.ntokens;
	return true;
}

/*
 * Adds the data that follow a statement, if there are any; there may be very
 * many.
 */
static void
add_data(Checksum *checksum, const ScriptData *data)
{
	size_t		at = 0;

	if (data->bytes == NULL)
		return;
	flush_bytes(checksum);
	while (at < data->length)
	{
		size_t		length = Min(data->length - at, CHECKSUM_CHUNK);

		CHECK_FOR_INTERRUPTS();
		hash_bytes(checksum, data->bytes + at, length);
		at += length;
	}
	add_token(checksum, "\\.", 2);
}

/*
 * Notes whether a statement is like the one before it, if somebody asks.
 */
static void
note_alike(Checksum *checksum, int ordinal, bool alike, bool has_variables)
{
	const Migration *migration = checksum->migration;
	int			count = migration->nstatements[migration->direction];

	if (checksum->alike == NULL)
		return;
	if (has_variables)
	{
		/* what they stand for is not here, and can be half a statement */
		memset(checksum->alike, 0, (count + 1) * sizeof(bool));
		checksum->alike = NULL;
	}
	else if (ordinal <= count)
		checksum->alike[ordinal] = alike;
}

/*
 * Notes that a statement ends here.
 */
static void
note_end(Checksum *checksum)
{
	char		number[12];		/* of 10 digits */
	int			length = pg_ultoa_n(checksum->tokens, number);

	number[length++] = ' ';
	appendBinaryStringInfo(&checksum->ends, number, length);
}

/*
 * Adds the statements of both directions.
 */
static void
add_tokens(void *arg)
{
	Checksum   *checksum = arg;
	MemoryContext context = CurrentMemoryContext;
	ScriptOptions options = {
		.standard_conforming_strings = true,
		.keep_variables = true
	};
	const Migration *migration = checksum->migration;

	report_be_quiet();
	pattern_init(&checksum->pattern);
	for (int direction = SCRIPT_UP; direction <= SCRIPT_DOWN; direction++)
	{
		ScriptReader *reader = check_open(migration, direction, &options);
		ScriptStatement script;
		bool		transactional;

		checksum->alike = (int) migration->direction == direction ?
			migration->alike : NULL;
		add_token(checksum, direction == SCRIPT_UP ? "Up" : "Down",
				  direction == SCRIPT_UP ? 2 : 4);
		resetStringInfo(&checksum->ends);
		pattern_forget(&checksum->pattern);
		MemoryContextSwitchTo(checksum->statement_context);
		while (script_next(reader, &script) == SCRIPT_STATEMENT)
		{
			bool		alike;
			bool		has_variables;

			CHECK_FOR_INTERRUPTS();
			alike = add_statement(checksum, &script);
			has_variables = script_has_variables(reader);
			note_alike(checksum, script.ordinal, alike, has_variables);
			if (has_variables)
				add_token(checksum, "ENVSUB", 6);
			add_data(checksum, &script.data);
			note_end(checksum);
			MemoryContextReset(checksum->statement_context);
		}
		MemoryContextSwitchTo(context);
		/* of the whole file, which a reader of one part does not see */
		transactional = migration->down.line > 0 ?
			migration->transactional : script_transactional(reader);
		if (!transactional)
			add_token(checksum, "NO TRANSACTION", 14);
		if (!transactional || checksum->commits)
			add_token(checksum, checksum->ends.data, checksum->ends.len);
		script_close(reader);
	}
}

/*
 * Starts the hash.
 */
static void
begin_hash(Checksum *checksum)
{
	checksum->hash = pg_cryptohash_create(PG_SHA256);
	if (checksum->hash == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_OUT_OF_MEMORY),
				 errmsg("out of memory")));
	check_hash(checksum, pg_cryptohash_init(checksum->hash));
	resetStringInfo(&checksum->bytes);
}

/*
 * Returns the checksum of a migration whose text has been read, as 64 digits,
 * palloc'd in the current context.  Where the scanner takes offence, before
 * variables are expanded, every byte of the file counts.  On the way it fills
 * in which statements are alike, if there is an array for that.
 */
char *
checksum_migration(const Migration *migration)
{
	Checksum	checksum = {.migration = migration};
	uint8		result[PG_SHA256_DIGEST_LENGTH];
	char	   *digits = palloc0(2 * sizeof(result) + 1);
	ErrorData  *error;

	checksum.statement_context = AllocSetContextCreate(CurrentMemoryContext,
													   "gooseplus checksum",
													   ALLOCSET_DEFAULT_SIZES);
	initStringInfo(&checksum.bytes);
	initStringInfo(&checksum.ends);
	begin_hash(&checksum);
	error = report_try(add_tokens, &checksum);
	if (error != NULL)
	{
		pg_cryptohash_free(checksum.hash);
		if (ERRCODE_TO_CATEGORY(error->sqlerrcode) != ERRCODE_SYNTAX_ERROR_OR_ACCESS_RULE_VIOLATION &&
			ERRCODE_TO_CATEGORY(error->sqlerrcode) != ERRCODE_DATA_EXCEPTION)
			ReThrowError(error);
		begin_hash(&checksum);
		hash_bytes(&checksum, migration->text, migration->length);
		hash_bytes(&checksum, "", 1);
	}
	flush_bytes(&checksum);
	check_hash(&checksum, pg_cryptohash_final(checksum.hash, result,
											  sizeof(result)));
	pg_cryptohash_free(checksum.hash);
	(void) hex_encode((char *) result, sizeof(result), digits);
	MemoryContextDelete(checksum.statement_context);
	return digits;
}
