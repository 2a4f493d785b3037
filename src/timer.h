/*-------------------------------------------------------------------------
 *
 * timer.h
 *	  The time limits of a run and of one migration.
 *
 * Copyright (c) 2026, gooseplus contributors
 *
 *-------------------------------------------------------------------------
 */
#ifndef GOOSEPLUS_TIMER_H
#define GOOSEPLUS_TIMER_H

typedef enum TimerKind
{
	TIMER_RUN,
	TIMER_MIGRATION
} TimerKind;

extern void timer_start(TimerKind kind, int milliseconds);
extern void timer_stop(TimerKind kind);
extern bool timer_expired(TimerKind kind);
extern void timer_check(void);
extern void timer_explain(ErrorData *error);

#endif							/* GOOSEPLUS_TIMER_H */
