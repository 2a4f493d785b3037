/*-------------------------------------------------------------------------
 *
 * trust.h
 *	  Whose relations may be used with the caller's rights.
 *
 * Copyright (c) 2026, gooseplus contributors
 *
 *-------------------------------------------------------------------------
 */
#ifndef GOOSEPLUS_TRUST_H
#define GOOSEPLUS_TRUST_H

#include "storage/lockdefs.h"
#include "utils/acl.h"

#include "settings.h"

/* A table of ours, found and trusted. */
typedef struct TrustedTable
{
	Oid			relation;		/* InvalidOid: there is none yet */
	char	   *schema;			/* where it is, or would be created */
	char	   *name;			/* qualified and quoted */
} TrustedTable;

extern TrustedTable *trust_find_table(const Settings *settings,
									  const char *suffix, LOCKMODE mode);
extern void trust_check_create(const TrustedTable *table, const char *what,
							   const char *hint);
extern TrustedTable *trust_ensure_table(const Settings *settings,
										const char *suffix, LOCKMODE mode,
										void (*create) (void *table),
										bool *created);
extern TrustedTable *trust_find_own_table(const char *table, LOCKMODE mode,
										  AclMode rights, Oid *owner);
extern void trust_check_writers(const TrustedTable *table);
extern void trust_check_function(Oid function);

#endif							/* GOOSEPLUS_TRUST_H */
