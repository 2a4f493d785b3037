/*-------------------------------------------------------------------------
 *
 * test_filename.c
 *	  Tests of filename.c.
 *
 * Copyright (c) 2026, gooseplus contributors
 *
 *-------------------------------------------------------------------------
 */
#include "unit.h"

#include "filename.h"

void
test_filename(void)
{
	/* The version, or 0 for a name that is not that of a migration. */
	static const struct
	{
		const char *name;
		int64		version;
		bool		go;
	}			cases[] = {
		{"1_a.sql", 1, false},
		{"00042_add_users.sql", 42, false},
		{"20231103204811_populate.sql", INT64CONST(20231103204811), false},
		{"+3_plus.sql", 3, false},
		{"5_.sql", 5, false},
		{"6_a.b.sql", 6, false},
		{"7_a_8_b.sql", 7, false},
		{"9223372036854775807_last.sql", PG_INT64_MAX, false},
		{"9223372036854775808_beyond.sql", 0, false},
		{"0_zero.sql", 0, false},
		{"-1_minus.sql", 0, false},
		{"_none.sql", 0, false},
		{"1.sql", 0, false},
		{"1-a.sql", 0, false},
		{"a_1.sql", 0, false},
		{"1 _a.sql", 0, false},
		{"0x1_a.sql", 0, false},
		{"1.x_a.sql", 0, false},
		{".1_a.sql", 0, false},
		{"1_a.SQL", 0, false},
		{"1_a.sql.bak", 0, false},
		{"1_a.sql~", 0, false},
		{"1_asql", 0, false},
		{"1_a/b.sql", 0, false},
		{"", 0, false},
		{".sql", 0, false},
		{"1_a.go", 0, true},
		{"2_a_test.go", 0, false},
		{"3_test.go", 0, false},
		{"helpers.go", 0, false},
		{"0_a.go", 0, false},
		{"1_a.GO", 0, false},
	};
	size_t		i;

	unit_suite("filename");
	for (i = 0; i < lengthof(cases); i++)
	{
		int64		version = 0;
		bool		good = filename_version(cases[i].name, &version);

		unit_number(cases[i].name, cases[i].version, version);
		unit_true(cases[i].name, good == (cases[i].version != 0));
		unit_true(cases[i].name,
				  filename_is_go_migration(cases[i].name) == cases[i].go);
	}
}
