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

/* How much is verified at a time. */
#define ENCODING_CHUNK (64 * 1024)

/*
 * Has the database an encoding that UTF-8 must be converted to?  SQL_ASCII
 * takes any bytes.
 */
bool
encoding_is_converted(void)
{
	return GetDatabaseEncoding() != PG_UTF8 &&
		GetDatabaseEncoding() != PG_SQL_ASCII;
}

/*
 * Returns how much of valid UTF-8, of at most ENCODING_PIECE bytes, to convert
 * at a time.  Some encodings have one character for two of Unicode, which must
 * not be cut apart.  A conversion that finds the first byte of a character
 * behind its last whole one leaves both for the next piece, if the two might
 * be such a pair (UtfToLocal() of utils/mb/conv.c).
 */
static int
piece_length(const char *text, size_t length)
{
	int			piece;

	if (length <= ENCODING_PIECE)
		return (int) length;
	piece = pg_encoding_mbcliplen(PG_UTF8, text, ENCODING_PIECE - 1,
								  ENCODING_PIECE - 1);
	/* nothing is paired with ASCII */
	return IS_HIGHBIT_SET(text[piece]) ? piece + 1 : piece;
}

/*
 * Converts the first characters of valid UTF-8 to the database's encoding,
 * which must be another one, into a buffer of ENCODING_CONVERTED bytes, and
 * ends them with a NUL.  Returns how many bytes of the text that were: 0 if
 * there are none, or if the first character has no equivalent.
 */
static size_t
convert_piece(const char *text, size_t length, char *converted)
{
	Oid			conversion = FindDefaultConversionProc(PG_UTF8,
													   GetDatabaseEncoding());

	if (!OidIsValid(conversion))
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_FUNCTION),
				 errmsg("default conversion function for encoding \"%s\" to \"%s\" does not exist",
						pg_encoding_to_char(PG_UTF8),
						GetDatabaseEncodingName())));
	return pg_do_encoding_conversion_buf(conversion, PG_UTF8,
										 GetDatabaseEncoding(),
										 (unsigned char *) unconstify(char *, text),
										 piece_length(text, length),
										 (unsigned char *) converted,
										 ENCODING_CONVERTED, true);
}

/*
 * Returns how many leading bytes of valid UTF-8 can be converted.
 */
static size_t
convertible_length(const char *text, size_t length)
{
	char	   *scratch = palloc(ENCODING_CONVERTED);
	size_t		done = 0;
	size_t		piece;

	while ((piece = convert_piece(text + done, length - done, scratch)) > 0)
		done += piece;
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
	if (encoding_is_converted())
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
 * The same for texts too long to convert at once: converts the first
 * characters of it into a buffer of ENCODING_CONVERTED bytes, and ends them
 * with a NUL.  Returns how many bytes of the text that were; 0 at its end.
 * Must be called only if encoding_is_converted().  Errors: a character that
 * has no equivalent.
 */
size_t
encoding_convert_some(const char *text, size_t length, char *converted)
{
	size_t		done = convert_piece(text, length, converted);

	if (done == 0 && length > 0)
		(void) encoding_to_server(text, piece_length(text, length));
	return done;
}

/*
 * Returns text of the database as UTF-8, the same way.
 */
char *
encoding_from_server(const char *text, size_t length)
{
	return pg_server_to_any(text, (int) length, PG_UTF8);
}
