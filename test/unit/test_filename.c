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

/*
 * Points in time, by Go's reading of a layout without separators.
 */
static void
test_filename_timestamp(void)
{
	static const struct
	{
		int64		version;
		bool		timestamp;
	}			cases[] = {
		{INT64CONST(20231103204811), true},
		{INT64CONST(19700101000001), true},
		{INT64CONST(19700101000000), false},	/* not after the beginning */
		{INT64CONST(19691231235959), false},
		{INT64CONST(19500615120000), false},
		{INT64CONST(99991231235959), true},
		{INT64CONST(100000101000000), false},	/* a year of five digits */
		{INT64CONST(202311032048110), false},
		{INT64CONST(2023110320481), false},
		{20240101, false},		/* a date alone */
		{INT64CONST(202401011200), false},	/* without seconds */
		{1, false},
		{PG_INT64_MAX, false},
		/* month, day, hour, minute, second */
		{INT64CONST(20230003204811), false},
		{INT64CONST(20231303204811), false},
		{INT64CONST(20231203204811), true},
		{INT64CONST(20231100204811), false},
		{INT64CONST(20231130204811), true},
		{INT64CONST(20231131204811), false},
		{INT64CONST(20231231204811), true},
		{INT64CONST(20231232204811), false},
		{INT64CONST(20231103000000), true},
		{INT64CONST(20231103235959), true},
		{INT64CONST(20231103240000), false},
		{INT64CONST(20231103206000), false},
		{INT64CONST(20231103204860), false},	/* no leap seconds */
		/* the end of February */
		{INT64CONST(20230228000000), true},
		{INT64CONST(20230229000000), false},
		{INT64CONST(20240229000000), true},
		{INT64CONST(20240230000000), false},
		{INT64CONST(20000229000000), true},
		{INT64CONST(21000229000000), false},
		{INT64CONST(24000229000000), true},
	};
	size_t		i;

	for (i = 0; i < lengthof(cases); i++)
		unit_number(psprintf("timestamp " INT64_FORMAT, cases[i].version),
					cases[i].timestamp,
					filename_is_timestamp(cases[i].version));
}

/*
 * Names of new files.
 */
static void
test_filename_snake_case(void)
{
	static const struct
	{
		const char *name;
		const char *expected;
	}			cases[] = {
		{"", ""},
		{"a", "a"},
		{"orders", "orders"},
		{"Orders", "orders"},
		{"ADD ORDERS", "add_orders"},
		{"addOrders", "addorders"}, /* no cut between words in one */
		{"add orders", "add_orders"},
		{"add_orders", "add_orders"},
		{"add-orders.v2/now", "add_orders_v2_now"},
		{"x y", "x_y"},
		{"a b c", "a_b_c"},
		{"1 2", "1_2"},
		{"42nd street", "42nd_street"},
		/* several others between words are one underscore */
		{"add  orders", "add_orders"},
		{"add - _ - orders", "add_orders"},
		{"a  b   c", "a_b_c"},
		/* none at the beginning */
		{" orders", "orders"},
		{"___orders", "orders"},
		{"../../etc/passwd", "etc_passwd"},
		/* one at the end stays, more do not */
		{"orders ", "orders_"},
		{"o!", "o_"},
		{"orders  ", "orders"},
		{"orders!?!", "orders"},
		{"add orders.", "add_orders_"},
		{"add orders...", "add_orders"},
		{" x ", "x_"},
		{" x  ", "x"},
		{"a  b ", "a_b_"},
		{"a b  ", "a_b"},
		/* nothing to make a name of */
		{" ", ""},
		{"?!", ""},
		{"---", ""},
		/* letters and numbers of any language */
		{"gr\xC3\xB6\xC3\x9F" "e \xC3\xBC" "ber alles",
		"gr\xC3\xB6\xC3\x9F" "e_\xC3\xBC" "ber_alles"},
		{"\xE6\x95\xB0 \xE6\x8D\xAE", "\xE6\x95\xB0_\xE6\x8D\xAE"},
		{"half \xC2\xBD\xC2\xB2", "half_\xC2\xBD\xC2\xB2"},
		/* what is neither */
		{"10\xE2\x82\xAC" "fee", "10_fee"}, /* euro sign */
		{"fee \xE2\x82\xAC", "fee"},	/* two others at the end */
		{"fee\xE2\x82\xAC", "fee_"},	/* one, of three bytes */
		{"a\xF0\x9F\xA6\xA2\xF0\x9F\xA6\xA2" "b", "a_b"},
		/* bytes that are not UTF-8 */
		{"a\xC3(b", "a_b"},
		{"a\xFF", "a_"},
		{"a\xFF\xFE", "a"},
		{"\xFF", ""},
	};
	size_t		i;

	for (i = 0; i < lengthof(cases); i++)
	{
		StringInfoData text;
		char	   *expected = psprintf("00001_%s", cases[i].expected);

		initStringInfo(&text);
		appendStringInfoString(&text, "00001_");
		filename_add_snake_case(&text, cases[i].name, strlen(cases[i].name));
		unit_text(psprintf("name \"%s\"", cases[i].name), expected,
				  text.data);
		unit_number(psprintf("length of \"%s\"", cases[i].name),
					strlen(expected), text.len);
	}
}

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
	test_filename_timestamp();
	test_filename_snake_case();
}
