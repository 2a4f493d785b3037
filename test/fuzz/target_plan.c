/*-------------------------------------------------------------------------
 *
 * target_plan.c
 *	  Fuzzing plan.c: the input is the versions at hand, those recorded, and a
 *	  target.
 *
 * The result is compared with that of a slow and simple rule.
 *
 * Copyright (c) 2026, gooseplus contributors
 *
 *-------------------------------------------------------------------------
 */
#include "fuzz.h"

#include "plan.h"

/* The most versions of each kind. */
#define MOST_VERSIONS 200

typedef struct Versions
{
	int64		list[MOST_VERSIONS];
	size_t		count;
} Versions;

/*
 * Is the version in the list?
 */
static bool
has(const int64 *list, size_t count, int64 version)
{
	for (size_t i = 0; i < count; i++)
		if (list[i] == version)
			return true;
	return false;
}

/*
 * Reads a version: one byte as a rule, so that lists meet, or else eight.
 */
static int64
read_version(const uint8_t **data, const uint8_t *end)
{
	uint8_t		byte = *(*data)++;
	int64		version;

	if (byte < 250 || end - *data < (int) sizeof(version))
		return byte;
	memcpy(&version, *data, sizeof(version));
	*data += sizeof(version);
	return version;
}

/*
 * Checks one kind of versions of a plan: ascending, at hand, not recorded, up
 * to the target.
 */
static void
check_list(const PlanInput *input, const int64 *list, size_t count)
{
	for (size_t i = 0; i < count; i++)
	{
		fuzz_check(i == 0 || list[i - 1] < list[i]);
		fuzz_check(has(input->available, input->navailable, list[i]));
		fuzz_check(!has(input->applied, input->napplied, list[i]));
		fuzz_check(list[i] <= input->target);
	}
}

/*
 * Checks a plan to go up.
 */
static void
check_up(const PlanInput *input)
{
	VersionPlan plan;
	PlanResult	result = plan_up(input, &plan);
	int64		current = 0;
	size_t		versions = 0;
	size_t		missing = 0;

	for (size_t i = 0; i < input->napplied; i++)
		current = Max(current, input->applied[i]);
	for (size_t i = 0; i < input->navailable; i++)
	{
		int64		version = input->available[i];

		if (version > input->target ||
			has(input->applied, input->napplied, version))
			continue;
		versions++;
		if (version < current)
			missing++;
	}
	fuzz_check(plan.result == result);
	fuzz_check(plan.current == current);
	fuzz_check(plan.nmissing == missing);
	fuzz_check((result == PLAN_OUT_OF_ORDER) ==
			   (missing > 0 && !input->allow_out_of_order));
	fuzz_check(plan.nversions == (result == PLAN_OK ? versions : 0));
	check_list(input, plan.versions, plan.nversions);
	check_list(input, plan.missing, plan.nmissing);
	for (size_t i = 0; i < plan.nmissing; i++)
		fuzz_check(plan.missing[i] < current);
	pfree(plan.versions);
	pfree(plan.missing);
}

/*
 * Checks a plan to go down.
 */
static void
check_down(const PlanInput *input)
{
	size_t		count;
	int64	   *versions = plan_down(input->applied, input->napplied,
									 input->target, &count);

	fuzz_check(count <= input->napplied);
	for (size_t i = 0; i < count; i++)
	{
		fuzz_check(versions[i] == input->applied[i]);
		fuzz_check(versions[i] > input->target);
	}
	fuzz_check(count == input->napplied ||
			   input->applied[count] <= input->target);
	pfree(versions);
}

/*
 * The target.  Bits of the first byte say whether there is a target and
 * whether the order matters.
 */
int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const uint8_t *end = data + size;
	Versions	available = {.count = 0};
	Versions	applied = {.count = 0};
	PlanInput	input = {0};
	uint8_t		how;

	if (size < 2)
		return 0;
	how = *data++;
	input.target = how & 1 ? read_version(&data, end) : PLAN_NO_TARGET;
	input.allow_out_of_order = (how & 2) != 0;
	while (data < end)
	{
		bool		record = (*data++ & 1) != 0;
		int64		version;

		if (data == end)
			break;
		version = read_version(&data, end);
		if (record && applied.count < MOST_VERSIONS)
			applied.list[applied.count++] = version;
		else if (!record && available.count < MOST_VERSIONS && version > 0 &&
				 !has(available.list, available.count, version))
			available.list[available.count++] = version;
	}

	input.navailable = available.count;
	input.napplied = applied.count;
	input.available = (int64 *) fuzz_bytes(available.list, available.count *
										   sizeof(int64));
	input.applied = (int64 *) fuzz_bytes(applied.list, applied.count *
										 sizeof(int64));
	check_up(&input);
	check_down(&input);
	free(unconstify(int64 *, input.available));
	free(unconstify(int64 *, input.applied));
	return 0;
}
