/*-------------------------------------------------------------------------
 *
 * character.h
 *	  UTF-8 characters as goose's Go sees them: white space, letters, digits.
 *
 * Copyright (c) 2026, gooseplus contributors
 *
 *-------------------------------------------------------------------------
 */
#ifndef GOOSEPLUS_CHARACTER_H
#define GOOSEPLUS_CHARACTER_H

#include "ground.h"

/* What Go decodes a broken sequence to; also a character of its own. */
#define CHARACTER_REPLACEMENT 0xFFFD

extern size_t character_decode(const char *text, size_t length, uint32 *code);
extern bool character_is_space(uint32 code);
extern bool character_is_letter(uint32 code);
extern bool character_is_number(uint32 code);
extern size_t character_space_length(const char *text, size_t length);
extern size_t character_word_length(const char *text, size_t length);
extern void character_trim(const char **text, size_t *length);
extern int	character_count(const char *text, size_t length);
extern char *character_excerpt(const char *text, size_t length);
extern bool character_to_int64(const char *text, size_t length, int64 *value);

#endif							/* GOOSEPLUS_CHARACTER_H */
