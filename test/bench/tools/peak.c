/*-------------------------------------------------------------------------
 *
 * peak.c
 *	  Writes down how much memory each session of a server had at its peak.
 *
 * For session_preload_libraries, and not while times are measured.  Pages of
 * shared memory count for a process from when it first touches them, so it
 * first touches all of them: what the peak then is above them is the
 * process's own memory.  When the session ends, a line with its kilobytes is
 * added to the file that the postmaster's environment variable BENCH_PEAK
 * names.
 *
 * Copyright (c) 2026, gooseplus contributors
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <fcntl.h>
#include <unistd.h>

#include "fmgr.h"
#include "miscadmin.h"
#include "storage/ipc.h"

PG_MODULE_MAGIC;

extern PGDLLEXPORT void _PG_init(void);

/*
 * The value in kB of a line of /proc/self/status, of the form "NAME: 123 kB";
 * 0 if there is none.
 */
static long
status_value(const char *name)
{
	FILE	   *file = fopen("/proc/self/status", "r");
	char		line[256];
	long		value = 0;

	while (file != NULL && fgets(line, sizeof(line), file) != NULL)
		if (strncmp(line, name, strlen(name)) == 0)
			value = atol(line + strlen(name) + 1);
	if (file != NULL)
		fclose(file);
	return value;
}

/* Read a byte of each page of the shared memory. */
static void
touch_shared_memory(void)
{
	FILE	   *file = fopen("/proc/self/maps", "r");
	char		line[1024];
	unsigned long from;
	unsigned long to;
	char		mode[5];

	while (file != NULL && fgets(line, sizeof(line), file) != NULL)
	{
		if (sscanf(line, "%lx-%lx %4s", &from, &to, mode) != 3 ||
			mode[0] != 'r' || mode[3] != 's')
			continue;
		for (; from < to; from += 4096)
			(void) *(volatile char *) from;
	}
	if (file != NULL)
		fclose(file);
}

/* The session ends. */
static void
write_peak(int code, Datum argument)
{
	const char *name = getenv("BENCH_PEAK");
	char		line[256];
	int			file;
	int			length;

	length = snprintf(line, sizeof(line), "%ld\n",
					  status_value("VmHWM") - status_value("RssShmem"));
	file = open(name, O_WRONLY | O_APPEND | O_CREAT, 0600);
	if (file >= 0)
	{
		/* one write of a short line is not torn; there is nobody to tell */
		if (write(file, line, length) < 0)
			length = 0;
		close(file);
	}
}

/* Called in each session, when it begins. */
void
_PG_init(void)
{
	if (MyBackendType != B_BACKEND || getenv("BENCH_PEAK") == NULL)
		return;
	touch_shared_memory();
	on_proc_exit(write_peak, (Datum) 0);
}
