/*-------------------------------------------------------------------------
 *
 * session.c
 *	  What a migration may change of its session, and how to put it back:
 *	  settings, role and session authorization.
 *
 * Inside one transaction a nest level of the settings does this (see
 * run_migration.c).  A migration that commits by itself ends all nest
 * levels: so the values are kept here, and set again when it is over.
 *
 * Copyright (c) 2026, gooseplus contributors
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_authid.h"
#include "miscadmin.h"
#include "utils/guc.h"
#include "utils/guc_tables.h"

#include "compat.h"
#include "session.h"

/* A setting that the session has a value of its own for. */
typedef struct SessionSetting
{
	char	   *name;
	char	   *value;
	GucContext	context;		/* with which rights, and whose, it was set */
	Oid			role;
} SessionSetting;

struct Session
{
	Oid			session_user;
	char	   *authorization;
	char	   *role;
	SessionSetting *settings;
	int			nsettings;
};

/*
 * Is it a setting that SET gives a value in this session?  Those that RESET
 * ALL leaves alone are not: the characteristics of a transaction, the seed of
 * random(), and the roles, which are treated by themselves.
 */
static bool
is_session_setting(const struct config_generic *variable)
{
	return variable->source == PGC_S_SESSION &&
		(variable->context == PGC_USERSET || variable->context == PGC_SUSET) &&
		(variable->flags & GUC_NO_RESET_ALL) == 0;
}

/*
 * Returns what a setting is now, palloc'd, whoever may see it.
 */
static char *
current_value(const char *name)
{
	const char *value = GetConfigOption(name, false, false);

	return pstrdup(value == NULL ? "" : value);
}

/*
 * Gives a setting a value for the session, with the rights of whoever gave it
 * that value; or the one that it has by default if that is NULL.  A module
 * that was loaded meanwhile may refuse a value that was set before: that is a
 * warning.
 */
static void
set_value(const char *name, const char *value, GucContext context, Oid role)
{
	(void) set_config_option_ext(name, value, context, PGC_S_SESSION, role,
								 GUC_ACTION_SET, true, WARNING, false);
}

/*
 * Gives a role its value back.  Errors: it may not be taken on any more.
 */
static void
set_role(const char *name, const char *value)
{
	(void) set_config_option(name, value, PGC_USERSET, PGC_S_SESSION,
							 GUC_ACTION_SET, true, 0, false);
}

/*
 * Returns the session's settings and roles, palloc'd in the current context.
 */
Session *
session_save(void)
{
	Session    *session = palloc0(sizeof(Session));
	int			count;
	struct config_generic **variables = compat_settings(&count);

	session->session_user = GetSessionUserId();
	session->authorization = current_value("session_authorization");
	session->role = current_value("role");
	session->settings = palloc((count + 1) * sizeof(SessionSetting));
	for (int i = 0; i < count; i++)
	{
		SessionSetting *setting = &session->settings[session->nsettings];

		if (!is_session_setting(variables[i]))
			continue;
		setting->name = pstrdup(variables[i]->name);
		setting->value = current_value(setting->name);
		setting->context = variables[i]->scontext;
		setting->role = variables[i]->srole;
		session->nsettings++;
	}
	return session;
}

/*
 * Returns what the session had set of its own for a setting, or NULL.
 */
static const SessionSetting *
find_saved(const Session *session, const char *name)
{
	for (int i = 0; i < session->nsettings; i++)
	{
		if (strcmp(session->settings[i].name, name) == 0)
			return &session->settings[i];
	}
	return NULL;
}

/*
 * Puts settings and roles back to what they were.  Errors: a role may not be
 * taken on any more.
 */
void
session_restore(const Session *session)
{
	int			count;
	struct config_generic **variables;

	/* first, as it decides about the role */
	if (GetSessionUserId() != session->session_user)
		set_role("session_authorization", session->authorization);
	if (strcmp(current_value("role"), session->role) != 0)
		set_role("role", session->role);
	variables = compat_settings(&count);
	for (int i = 0; i < count; i++)
	{
		const char *name = variables[i]->name;
		const SessionSetting *saved = find_saved(session, name);

		if (saved == NULL && is_session_setting(variables[i]))
			set_value(name, NULL, PGC_SUSET, BOOTSTRAP_SUPERUSERID);
		else if (saved != NULL && strcmp(current_value(name), saved->value) != 0)
			set_value(name, saved->value, saved->context, saved->role);
	}
}
