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
	Pattern    *pattern;		/* NULL: nobody asks for it */
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
 * Adds bytes, and a null byte that ends them.  They gather first: a hash has
 * its price for each call, and tokens are short.
 */
static void
add_bytes(Checksum *checksum, const char *bytes, size_t length)
{
	if (checksum->bytes.len + length >= CHECKSUM_BUFFER)
		flush_bytes(checksum);
	if (length >= CHECKSUM_BUFFER)
		hash_bytes(checksum, bytes, length);
	else
		appendBinaryStringInfo(&checksum->bytes, bytes, length);
	appendStringInfoChar(&checksum->bytes, '\0');
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
 * Adds the tokens of a statement.  A token is the text that the scanner has
 * just put a null byte behind (see scan.l).  A string constant can go on
 * after a line end, which must not count: of it the value counts, and how it
 * begins.  Errors: those of the scanner.
 */
static void
add_statement(Checksum *checksum, const char *text)
{
	core_yy_extra_type extra;
	core_yyscan_t scanner = scanner_init(text, &extra, &ScanKeywords,
										 ScanKeywordTokens);
	core_YYSTYPE value;
	YYLTYPE		location;
	bool		begins = true;
	int			code;

	compat_scan_standard(&extra);
	while ((code = core_yylex(&value, &location, scanner)) != 0)
	{
		const char *token = extra.scanbuf + location;
		size_t		quote = quote_length(token);

		checksum->tokens++;
		checksum->commits = checksum->commits ||
			(begins && ends_transaction(token));
		begins = strcmp(token, ";") == 0;
		if (checksum->pattern != NULL)
			pattern_add(checksum->pattern, code, token);
		if (quote == 0)
			add_bytes(checksum, token, strlen(token));
		else
		{
			add_bytes(checksum, token, quote);
			add_bytes(checksum, value.str, strlen(value.str));
		}
	}
	scanner_finish(scanner);
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
	add_bytes(checksum, "\\.", 2);
}

/*
 * Notes whether a statement is like the one before it, if somebody asks.
 */
static void
note_alike(Checksum *checksum, int ordinal, bool has_variables)
{
	const Migration *migration = checksum->migration;
	int			count = migration->nstatements[migration->direction];

	if (checksum->pattern == NULL)
		return;
	if (has_variables)
	{
		/* what they stand for is not here, and can be half a statement */
		memset(migration->alike, 0, (count + 1) * sizeof(bool));
		checksum->pattern = NULL;
	}
	else if (ordinal <= count)
		migration->alike[ordinal] = pattern_end(checksum->pattern);
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
	Pattern		pattern;

	report_be_quiet();
	pattern_init(&pattern);
	for (int direction = SCRIPT_UP; direction <= SCRIPT_DOWN; direction++)
	{
		ScriptReader *reader = check_open(migration, direction, &options);
		ScriptStatement script;
		bool		transactional;
		bool		has_variables;

		checksum->pattern = migration->alike != NULL &&
			(int) migration->direction == direction ? &pattern : NULL;
		add_bytes(checksum, direction == SCRIPT_UP ? "Up" : "Down",
				  direction == SCRIPT_UP ? 2 : 4);
		resetStringInfo(&checksum->ends);
		MemoryContextSwitchTo(checksum->statement_context);
		while (script_next(reader, &script) == SCRIPT_STATEMENT)
		{
			CHECK_FOR_INTERRUPTS();
			add_statement(checksum, script.text);
			has_variables = script_has_variables(reader);
			note_alike(checksum, script.ordinal, has_variables);
			if (has_variables)
				add_bytes(checksum, "ENVSUB", 6);
			add_data(checksum, &script.data);
			appendStringInfo(&checksum->ends, "%d ", checksum->tokens);
			MemoryContextReset(checksum->statement_context);
		}
		MemoryContextSwitchTo(context);
		/* of the whole file, which a reader of one part does not see */
		transactional = migration->down.line > 0 ?
			migration->transactional : script_transactional(reader);
		if (!transactional)
			add_bytes(checksum, "NO TRANSACTION", 14);
		if (!transactional || checksum->commits)
			add_bytes(checksum, checksum->ends.data, checksum->ends.len);
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
		add_bytes(&checksum, migration->text, migration->length);
	}
	flush_bytes(&checksum);
	check_hash(&checksum, pg_cryptohash_final(checksum.hash, result,
											  sizeof(result)));
	pg_cryptohash_free(checksum.hash);
	(void) hex_encode((char *) result, sizeof(result), digits);
	MemoryContextDelete(checksum.statement_context);
	return digits;
}
