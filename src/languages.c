/*-------------------------------------------------------------------------
 *
 * languages.c
 *	  Procedural languages that a command needs or creates, by its parse tree.
 *
 * Whether a language is there is not looked up here (see check.c).
 *
 * Copyright (c) 2026, gooseplus contributors
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "nodes/parsenodes.h"

#include "languages.h"

/*
 * Returns the name of the language among a command's options, or NULL.
 */
static const char *
find_language(const List *options)
{
	ListCell   *cell;

	foreach(cell, options)
	{
		DefElem    *option = lfirst_node(DefElem, cell);

		if (strcmp(option->defname, "language") == 0)
			return strVal(option->arg);
	}
	return NULL;
}

/*
 * Returns the language that a DO block or the creation of a function names,
 * or NULL.  (DO is PL/pgSQL's if it names none: ExecuteDoStmt().)
 */
const char *
languages_needed(const Node *node)
{
	if (IsA(node, DoStmt))
	{
		const char *language = find_language(((const DoStmt *) node)->args);

		return language != NULL ? language : "plpgsql";
	}
	if (IsA(node, CreateFunctionStmt))
		return find_language(((const CreateFunctionStmt *) node)->options);
	return NULL;
}

/*
 * Does a command create languages, or may it, as an extension does?
 */
bool
languages_are_created(const Node *node)
{
	return IsA(node, CreateExtensionStmt) || IsA(node, CreatePLangStmt);
}
