/*-------------------------------------------------------------------------
 *
 * encoding.c
 *	  From the files' encoding, UTF-8, to the database's.
 *
 * Migration files, and their names, are UTF-8.  They are parsed as such, as
 * goose does, and each statement is converted when it is run.  Whether that
 * will succeed is known before anything runs: see encoding_check().
 *
 * Copyright (c) 2026, gooseplus contributors
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/namespace.h"
#include "mb/pg_wchar.h"
#include "utils/memutils.h"

#include "encoding.h"

/* How much is converted at a time, to look whether it can be. */
#define ENCODING_CHUNK (64 * 1024)

/*
 * Does the database store UTF-8 as it is?  SQL_ASCII takes any bytes.
 */
static bool
server_takes_utf8(void)
{
	return GetDatabaseEncoding() == PG_UTF8 ||
		GetDatabaseEncoding() == PG_SQL_ASCII;
}

/*
 * Returns how many leading bytes of valid UTF-8 can be converted.
 */
static size_t
convertible_length(const char *text, size_t length)
{
	Oid			conversion = FindDefaultConversionProc(PG_UTF8,
													   GetDatabaseEncoding());
	unsigned char *scratch;
	size_t		done = 0;
	bool		stepped_back = false;

	if (!OidIsValid(conversion))
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_FUNCTION),
				 errmsg("default conversion function for encoding \"%s\" to \"%s\" does not exist",
						pg_encoding_to_char(PG_UTF8),
						GetDatabaseEncodingName())));
	scratch = palloc(ENCODING_CHUNK * MAX_CONVERSION_GROWTH + 1);
	while (done < length)
	{
		int			chunk = Min(length - done, ENCODING_CHUNK);
		int			converted;

		chunk = pg_encoding_mbcliplen(PG_UTF8, text + done, chunk, chunk);
		converted = pg_do_encoding_conversion_buf(conversion, PG_UTF8,
												  GetDatabaseEncoding(),
												  (unsigned char *) unconstify(char *, text + done),
												  chunk, scratch,
												  ENCODING_CHUNK * MAX_CONVERSION_GROWTH + 1,
												  true);
		if (converted == 0 && done > 0 && !stepped_back)
		{
			/*
			 * Some encodings have one character for two of Unicode, and we
			 * may have cut between the two.
			 */
			while ((text[--done] & 0xC0) == 0x80)
				;
			stepped_back = true;
			continue;
		}
		stepped_back = false;
		done += converted;
		if (converted < chunk)
			break;
	}
	pfree(scratch);
	return done;
}

/*
 * Can the text of a file be used in this database?  If not, *offset is the
 * byte where it cannot.
 */
EncodingResult
encoding_check(const char *text, size_t length, size_t *offset)
{
	const char *nul = memchr(text, '\0', length);
	size_t		done = 0;

	/* pg_encoding_verifymbstr() takes an int for the length */
	while (done < length)
	{
		int			chunk = Min(length - done, ENCODING_CHUNK);
		int			valid = pg_encoding_verifymbstr(PG_UTF8, text + done, chunk);

		/* a character may go on beyond the chunk */
		if (valid < chunk && (chunk - valid >= 4 || done + chunk == length))
		{
			*offset = done + valid;
			return nul == text + *offset ? ENCODING_NUL : ENCODING_INVALID;
		}
		if (valid == 0)
		{
			*offset = done;
			return ENCODING_INVALID;
		}
		done += valid;
	}
	if (!server_takes_utf8())
	{
		*offset = convertible_length(text, length);
		if (*offset < length)
			return ENCODING_UNTRANSLATABLE;
	}
	return ENCODING_OK;
}

/*
 * Returns valid UTF-8 in the database's encoding: the argument itself where
 * nothing is to do, else a palloc'd copy.  The text must be NUL-terminated.
 */
char *
encoding_to_server(const char *text, size_t length)
{
	return pg_any_to_server(text, (int) length, PG_UTF8);
}

/*
 * Returns text of the database as UTF-8, the same way.
 */
char *
encoding_from_server(const char *text, size_t length)
{
	return pg_server_to_any(text, (int) length, PG_UTF8);
}
