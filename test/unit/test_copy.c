/*-------------------------------------------------------------------------
 *
 * test_copy.c
 *	  Tests of copy_command.c and script_data.c: what a dump has between its
 *	  SQL.
 *
 * Copyright (c) 2026, gooseplus contributors
 *
 *-------------------------------------------------------------------------
 */
#include "unit.h"

#define COPY "copy t from stdin;\n"

/*
 * Which commands are followed by data.
 */
static void
test_commands(void)
{
	static const struct
	{
		const char *command;
		bool		data;
	}			cases[] = {
		{"copy t from stdin;", true},
		{"COPY public.t (a, \"b\") FROM STDIN;", true},
		{"Copy t From Stdin With (format csv, delimiter ';');", true},
		{"copy t from stdin csv header;", true},
		{"copy binary t from stdin;", true},
		{"copy t from stdout;", true},
		{"copy t from stdin where a is distinct from b;", true},
		{"/* a */ copy /* from 'x' */ t from -- to\n stdin;", true},
		{"copy t from stdin; -- the data", true},
		{"copy\nt\nfrom\nstdin\n;", true},
		{"copy s.from from stdin;", true},
		{"copy \"from\" from stdin;", true},
		{"copy t(\"from\") from stdin;", true},
		{"select 1; copy t from stdin;", true},
		{"copy t from stdin; select 1;", true},
		{"copy t from 'stdin';", false},
		{"copy t from \"stdin\";", false},
		{"copy t from program 'stdin';", false},
		{"copy stdin from 'x';", false},
		{"copy t to stdout;", false},
		{"copy t to stdin;", false},
		{"copy (select * from stdin) to stdout;", false},
		{"copy t from 'x' where a is distinct from stdin;", false},
		{"copy t from 'from stdin;\n';", false},
		{"select 'copy t from stdin;';", false},
		{"-- copy t from stdin;\nselect 1;", false},
		{"/* copy t from stdin; */ select 1;", false},
		{"select $$\ncopy t from stdin;\n$$;", false},
		{"select copy from stdin;", false},
		{"insert into copy select * from stdin;", false},
		{"copies t from stdin;", false},
	};

	for (size_t i = 0; i < lengthof(cases); i++)
	{
		char	   *text = psprintf(UP "%s\nx;\n\\.\ny;\n",
									cases[i].command);
		char	   *down = psprintf("%s" DOWN "z;\n", text);
		bool		seen = strstr(unit_script(text, strlen(text), SCRIPT_UP),
								  "[x;\n] ") != NULL;

		unit_true(cases[i].command, seen == cases[i].data);
		/* the other section is found all the same */
		unit_true(cases[i].command,
				  strstr(unit_script(down, strlen(down), SCRIPT_DOWN),
						 "{z;} end") != NULL);
	}
}

/*
 * Where data begin and end, and that nothing counts in them.
 */
static void
test_data(void)
{
	static const struct
	{
		const char *name;
		const char *text;
		const char *up;			/* as script_text.c writes it */
		const char *down;
	}			cases[] = {
		{"rows", UP COPY "1\ta;\n2\tb\n\\.\nselect 1;\n" DOWN "drop;\n",
			"note data 2 2:1{copy t from stdin;} data 3[1\ta;\n2\tb\n] "
		"6:1{select 1;} end", "8:1{drop;} end"},
		{"no rows", UP COPY "\\.\n",
		"note data 2 2:1{copy t from stdin;} data 3[] end", "end"},
		{"no line feed at the end", UP COPY "1\n\\.",
		"note data 2 2:1{copy t from stdin;} data 3[1\n] end", "end"},
		{"carriage returns", UP "copy t from stdin;\r\n1\r\n\\.\r\nx;\r\n",
			"note data 2 2:1{copy t from stdin;} data 3[1\r\n] 5:1{x;} end",
		"end"},
		{"lines that are not the end",
			UP COPY "\\.x\n \\.\n\\. \n\\\\.\n\\\n.\n\\.\nx;\n",
			"note data 2 2:1{copy t from stdin;} "
			"data 3[\\.x\n \\.\n\\. \n\\\\.\n\\\n.\n] 10:1{x;} end",
		"end"},
		{"annotations", UP COPY DOWN BEGIN "-- +goose x\n\\.\nx;\n" DOWN "y;\n",
			"note data 2 2:1{copy t from stdin;} data 3[" DOWN BEGIN
		"-- +goose x\n] 7:1{x;} end", "9:1{y;} end"},
		{"quotes", UP COPY "it's\n/* $$ \"(\n\\.\nx;\n" DOWN "y;\n",
			"note data 2 2:1{copy t from stdin;} data 3[it's\n/* $$ \"(\n] "
		"6:1{x;} end", "8:1{y;} end"},
		{"variables", UP ENVSUB "copy ${NAME} from stdin;\n${NAME} ${\n\\.\nx;\n",
			"note data 3 3:1{copy goose from stdin;} data 4[${NAME} ${\n] "
		"6:1{x;} end", "end"},
		{"in Down", UP "x;\n" DOWN COPY UP "\\.\n", "2:1{x;} end",
		"note data 4 4:1{copy t from stdin;} data 5[" UP "] end"},
		{"one after the other", UP COPY "1\n\\.\n" COPY "2\n\\.\n",
			"note data 2 2:1{copy t from stdin;} data 3[1\n] "
			"note data 5 5:1{copy t from stdin;} data 6[2\n] end",
		"end"},
		{"of several lines", UP "-- a\ncopy t\n-- it's;\nfrom stdin;\n1\n\\.\n"
			DOWN "x;\n",
			"note data 5 3:1{copy t\n-- it's;\nfrom stdin;} data 6[1\n] end",
		"9:1{x;} end"},
		{"not in a block", UP BEGIN COPY "1;\n\\.\n" END "x;\n" DOWN "y;\n",
		"3:1{copy t from stdin;\n1;\n\\.} 7:1{x;} end", "9:1{y;} end"},
		{"after a block in the other section",
			UP BEGIN "a;\n" END COPY DOWN "\\.\n" DOWN "y;\n",
			"3:1{a;} note data 5 5:1{copy t from stdin;} data 6[" DOWN "] end",
		"9:1{y;} end"},
		{"dropped after an empty block",
			UP BEGIN "-- a\n" END COPY DOWN "\\.\nx;\n",
			"note dropped 5 2:1{} end",
		"7:1{\\.\nx;} end"},
		{"behind what is dropped after an empty block",
			UP BEGIN END "\\restrict a\n" COPY DOWN "\\.\n" DOWN "y;\n",
			"note dropped 4 2:1{} note data 5 5:1{copy t from stdin;} data 6[" DOWN "] end",
		"9:1{y;} end"},
		{"variables after a block in the other section",
			ENVSUB UP BEGIN "a;\n" END "${\n" DOWN "y;\n",
			"4:1{a;} error name 6:1 ",
		"8:1{y;} end"},
		{"quotes by variables after a block in the other section",
			ENVSUB UP BEGIN "a;\n" END "select $QUOTE\n';" COPY DOWN "\\.\n" DOWN "y;\n",
			"4:1{a;} note data 7 6:1{select '\n';copy t from stdin;} "
			"data 8[" DOWN "] end",
		"11:1{y;} end"},
		{"no end", UP "x;\n" COPY "1\n" DOWN "y;\n",
			"2:1{x;} note data 3 error data 3:1",
		"6:1{y;} end"},
		{"no second end", UP COPY "\\.\n" COPY "1\n" DOWN,
			"note data 2 2:1{copy t from stdin;} data 3[] "
			"note data 4 error data 4:1",
		"error data 4:1"},
	};

	for (size_t i = 0; i < lengthof(cases); i++)
	{
		const char *text = cases[i].text;

		unit_text(cases[i].name, cases[i].up,
				  unit_script(text, strlen(text), SCRIPT_UP));
		unit_text(cases[i].name, cases[i].down,
				  unit_script(text, strlen(text), SCRIPT_DOWN));
	}
}

/*
 * What pg_dump writes for psql.
 */
static void
test_restrict(void)
{
	static const struct
	{
		const char *text;
		const char *up;
	}			cases[] = {
		{UP "\\restrict aB3\na;\n\\unrestrict aB3\n",
		"note restrict 2 3:1{a;} note restrict 4 end"},
		{UP "\\restrict a\r\na;\r\n", "note restrict 2 3:1{a;} end"},
		{UP "\\restrict a b\nc;\n", "2:1{\\restrict a b\nc;} end"},
		{UP "\\restrict\na;\n", "2:1{\\restrict\na;} end"},
		{UP "\\restrict \na;\n", "2:1{\\restrict \na;} end"},
		{UP " \\restrict a\na;\n", "2:2{\\restrict a\na;} end"},
		{UP "a\n\\restrict b\n;\n", "2:1{a\n\\restrict b\n;} end"},
		{UP "a;\n\\connect b\n", "2:1{a;} error semicolon 3:1 \\connect b"},
		{UP BEGIN "\\restrict a\n" END, "3:1{\\restrict a} end"},
		{UP "a;\n" DOWN "\\restrict a\n" COPY DOWN "\\.\n",
		"2:1{a;} note restrict 4 end"},
		{"\\restrict a\n" UP, "error before_up 1:1 \\restrict a"},
	};

	for (size_t i = 0; i < lengthof(cases); i++)
		unit_text(cases[i].text, cases[i].up,
				  unit_script(cases[i].text, strlen(cases[i].text),
							  SCRIPT_UP));
}

void
test_copy(void)
{
	unit_suite("copy");
	test_commands();
	test_data();
	test_restrict();
}
