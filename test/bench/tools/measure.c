/*-------------------------------------------------------------------------
 *
 * measure.c
 *	  How long does a command take, and how much memory?
 *
 *		measure COPIES LIMIT OUTPUT COMMAND [ARGUMENT ...]
 *
 * starts COPIES of the command at once, each with standard output and error
 * going to the file OUTPUT, and prints
 *
 *		MICROSECONDS KILOBYTES FAILED
 *
 * the time from the first start to the last end, the most memory (resident
 * set) that one process of them had, children they waited for included, and
 * how many of them did not exit with 0.  After LIMIT seconds it kills them and
 * prints FAILED as -1; it also kills them when it is told to end.
 *
 * Copyright (c) 2026, gooseplus contributors
 *
 *-------------------------------------------------------------------------
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static volatile sig_atomic_t is_told;

/* A tenth of a second is over, or somebody does not want to know any more. */
static void
on_signal(int signal_number)
{
	if (signal_number != SIGALRM)
		is_told = 1;
}

/* Microseconds of a clock that nobody sets. */
static int64_t
now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t) t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

/*
 * Start the command in the process group of the leader, or, for the first one
 * (leader 0), in a new one.  Returns its process id.
 */
static pid_t
start(char **command, const char *output, pid_t leader)
{
	pid_t		pid = fork();

	if (pid < 0)
	{
		perror("fork");
		exit(2);
	}
	if (pid == 0)
	{
		int			file = open(output, O_WRONLY | O_CREAT | O_APPEND, 0600);
		int			nothing = open("/dev/null", O_RDONLY);

		setpgid(0, leader);
		if (file < 0 || nothing < 0 || dup2(nothing, 0) < 0 ||
			dup2(file, 1) < 0 || dup2(file, 2) < 0)
			_exit(126);
		execvp(command[0], command);
		perror(command[0]);
		_exit(127);
	}
	setpgid(pid, leader ? leader : pid);
	return pid;
}

int
main(int argc, char **argv)
{
	struct sigaction action = {.sa_handler = on_signal};
	struct itimerval often = {{0, 100000}, {0, 100000}};
	struct rusage usage;
	int64_t		begin;
	int64_t		limit;
	bool		is_late = false;
	long		memory = 0;
	int			copies;
	int			failed = 0;
	int			status;
	pid_t		leader = 0;

	if (argc < 5)
	{
		fprintf(stderr, "usage: measure COPIES LIMIT OUTPUT COMMAND ...\n");
		return 2;
	}
	copies = atoi(argv[1]);
	limit = (int64_t) atoi(argv[2]) * 1000000;
	truncate(argv[3], 0);
	/* they interrupt wait4() */
	sigaction(SIGALRM, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
	sigaction(SIGINT, &action, NULL);
	sigaction(SIGHUP, &action, NULL);
	setitimer(ITIMER_REAL, &often, NULL);
	begin = now();
	for (int i = 0; i < copies; i++)
	{
		pid_t		pid = start(argv + 4, argv[3], leader);

		if (leader == 0)
			leader = pid;
	}
	for (int ended = 0; ended < copies;)
	{
		pid_t		pid = wait4(-1, &status, 0, &usage);

		is_late |= now() - begin > limit;
		if (is_late || is_told)
			kill(-leader, SIGKILL);
		if (pid < 0 && errno != EINTR)
			break;
		if (pid < 0)
			continue;
		ended++;
		if (usage.ru_maxrss > memory)
			memory = usage.ru_maxrss;
		if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
			failed++;
	}
	if (is_told)
		return 1;
	printf("%lld %ld %d\n", (long long) (now() - begin), memory,
		   is_late ? -1 : failed);
	return 0;
}
