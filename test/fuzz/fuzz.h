/*-------------------------------------------------------------------------
 *
 * fuzz.h
 *	  What the fuzzing targets of the ground floor share.
 *
 * Copyright (c) 2026, gooseplus contributors
 *
 *-------------------------------------------------------------------------
 */
#ifndef GOOSEPLUS_FUZZ_H
#define GOOSEPLUS_FUZZ_H

#include "ground.h"

/* Something that must hold for any input. */
#define fuzz_check(condition) \
	((condition) ? (void) 0 : fuzz_failed(__FILE__, __LINE__, #condition))

/* A variable that ENVSUB finds. */
typedef struct FuzzVariable
{
	const char *name;
	const char *value;
} FuzzVariable;

extern const FuzzVariable fuzz_variables[];
extern const size_t fuzz_nvariables;

/* What libFuzzer calls: for each input, and once before them. */
extern int	LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
extern int	LLVMFuzzerInitialize(int *argc, char ***argv);

extern _Noreturn void fuzz_failed(const char *file, int line,
								  const char *condition);
extern char *fuzz_bytes(const void *data, size_t size);
extern char *fuzz_text(const uint8_t *data, size_t size);
extern char *fuzz_string(const uint8_t *data, size_t size);
extern const char *fuzz_lookup(void *arg, const char *name, size_t length);
extern uint64 fuzz_hash(const void *data, size_t size);

#endif							/* GOOSEPLUS_FUZZ_H */
