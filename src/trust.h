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

extern Oid	trust_find_table(const Settings *settings, const char *suffix,
							 LOCKMODE mode, char **schema, char **name);
extern char *trust_find_own_table(const char *table, LOCKMODE mode,
								  AclMode rights, Oid *owner);
extern void trust_confirm_table(Oid relation, const char *schema,
								const char *table);
extern void trust_check_function(Oid function);

#endif							/* GOOSEPLUS_TRUST_H */
