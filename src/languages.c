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
#include "utils/formatting.h"

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
 * Does the text of a DO block speak of extensions or languages?
 */
static bool
may_create(const DoStmt *stmt)
{
	ListCell   *cell;

	foreach(cell, stmt->args)
	{
		DefElem    *option = lfirst_node(DefElem, cell);
		char	   *text;

		if (strcmp(option->defname, "as") != 0)
			continue;
		text = asc_tolower(strVal(option->arg), strlen(strVal(option->arg)));
		return strstr(text, "extension") != NULL ||
			strstr(text, "language") != NULL;
	}
	return false;
}

/*
 * Does a command create languages, or may it, as an extension does, or a DO
 * block?
 */
bool
languages_are_created(const Node *node)
{
	return IsA(node, CreateExtensionStmt) || IsA(node, CreatePLangStmt) ||
		(IsA(node, DoStmt) && may_create((const DoStmt *) node));
}
