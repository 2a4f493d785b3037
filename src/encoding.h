/*-------------------------------------------------------------------------
 *
 * encoding.h
 *	  From the files' encoding, UTF-8, to the database's.
 *
 * Copyright (c) 2026, gooseplus contributors
 *
 *-------------------------------------------------------------------------
 */
#ifndef GOOSEPLUS_ENCODING_H
#define GOOSEPLUS_ENCODING_H

#include "mb/pg_wchar.h"

/* How many bytes are converted at a time, and the most they become. */
#define ENCODING_PIECE (16 * 1024)
#define ENCODING_CONVERTED (ENCODING_PIECE * MAX_CONVERSION_GROWTH + 1)

typedef enum EncodingResult
{
	ENCODING_OK,
	ENCODING_NUL,				/* a null byte */
	ENCODING_INVALID,			/* not UTF-8 */
	ENCODING_UNTRANSLATABLE		/* no equivalent in the database's encoding */
} EncodingResult;

extern bool encoding_is_converted(void);
extern EncodingResult encoding_check(const char *text, size_t length,
									 size_t *offset);
extern char *encoding_to_server(const char *text, size_t length);
extern size_t encoding_convert_some(const char *text, size_t length,
									char *converted);
extern char *encoding_from_server(const char *text, size_t length);

#endif							/* GOOSEPLUS_ENCODING_H */
