/*-------------------------------------------------------------------------
 *
 * settings.h
 *	  The settings gooseplus.*, and what one call makes of them.
 *
 * Copyright (c) 2026, gooseplus contributors
 *
 *-------------------------------------------------------------------------
 */
#ifndef GOOSEPLUS_SETTINGS_H
#define GOOSEPLUS_SETTINGS_H

#include "nodes/pg_list.h"
#include "utils/jsonb.h"

typedef enum SettingsOnError
{
	ON_ERROR_RAISE,
	ON_ERROR_RETURN
} SettingsOnError;

typedef enum SettingsChecksum
{
	CHECKSUM_OFF,
	CHECKSUM_WARN,
	CHECKSUM_ERROR
} SettingsChecksum;

typedef enum SettingsDropConcurrently
{
	DROP_CONCURRENTLY_NEW_TABLES,
	DROP_CONCURRENTLY_ALWAYS,
	DROP_CONCURRENTLY_NEVER
} SettingsDropConcurrently;

/*
 * The settings as one call sees them: read once, at its start, so that
 * nothing that a migration sets changes the run that it is part of.
 */
typedef struct Settings
{
	char	   *directory;
	char	   *base_environment;
	char	   *bundle;			/* empty: the directory */
	List	   *version_table;	/* of char *: [schema,] name */
	int			timeout;		/* milliseconds, 0: none */
	int			migration_timeout;	/* milliseconds, 0: none */
	bool		lock;
	int64		lock_id;
	bool		lock_table;
	bool		allow_out_of_order;
	bool		versioning;
	List	   *exclude_names;	/* of char *: file names */
	List	   *exclude_versions;	/* of int64 * */
	int			on_error;		/* SettingsOnError */
	int			drop_concurrently;	/* SettingsDropConcurrently */
	bool		history;
	int			checksum;		/* SettingsChecksum */
	bool		rollback_on_failure;
	int			ddl_lock_timeout;	/* milliseconds, 0: none */
	int			ddl_lock_retries;
	char	   *notify_channel; /* empty: none */
	Jsonb	   *variables;		/* an object */
	bool		server_environment;
	bool		verbose;
} Settings;

extern void settings_define(void);
extern Settings *settings_copy(void);
extern Settings *settings_read(const Jsonb *options);
extern Settings *settings_read_resume(const Jsonb *options,
									  const char **resume);
extern Settings *settings_read_open(const Jsonb *options);
extern const char *settings_variable(void *settings, const char *name,
									 size_t length);

#endif							/* GOOSEPLUS_SETTINGS_H */
