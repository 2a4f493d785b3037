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

typedef enum EncodingResult
{
	ENCODING_OK,
	ENCODING_NUL,				/* a null byte */
	ENCODING_INVALID,			/* not UTF-8 */
	ENCODING_UNTRANSLATABLE		/* no equivalent in the database's encoding */
} EncodingResult;

extern EncodingResult encoding_check(const char *text, size_t length,
									 size_t *offset);
extern char *encoding_to_server(const char *text, size_t length);
extern char *encoding_from_server(const char *text, size_t length);

#endif							/* GOOSEPLUS_ENCODING_H */
