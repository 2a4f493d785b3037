/*-------------------------------------------------------------------------
 *
 * source_looks.c
 *	  A look at many files of folders at once, with the server's parallel
 *	  workers.
 *
 * Whether an applied file has changed takes a call of the system for each, and
 * with a hundred thousand files that is most of a run that has nothing to do.
 * Workers help as they do where an index is built: if the work is worth it,
 * as many as max_parallel_maintenance_workers allows and the server has free.
 * The caller's process takes part, and does all of it if none has come, or if
 * anything goes wrong with them: nobody's deploy is to fail for want of shared
 * memory that it can do without.
 *
 * How one file is found is not known here (see source_folder.c).
 *
 * Copyright (c) 2026, gooseplus contributors
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "access/parallel.h"
#include "access/xact.h"
#include "lib/stringinfo.h"
#include "miscadmin.h"
#include "pgstat.h"
#include "port/atomics.h"
#include "storage/shm_toc.h"
#include "utils/memutils.h"
#include "utils/snapmgr.h"
#include "utils/timestamp.h"

#include "encoding.h"
#include "report.h"
#include "source_folder.h"
#include "source_looks.h"

/*
 * For how many files there is a worker: to start one takes as long as looking
 * at some thousands.
 */
#define FILES_PER_WORKER 20000

/* How many files a process takes at a time. */
#define FILES_TAKEN 256

/* How many files ahead of the one at hand the next name is asked for. */
#define PREFETCH_DISTANCE 8

#define KEY_STATE	1
#define KEY_FILES	2
#define KEY_NAMES	3

/* What the processes share, besides the files and the names. */
typedef struct LooksState
{
	char		version[32];	/* of the library that has begun */
	pg_atomic_uint64 next;		/* the first file that nobody has taken */
	size_t		count;			/* of files */
	int			folders;		/* their paths come first among the names */
} LooksState;

typedef struct LooksFile
{
	int			folder;			/* which of the folders */
	size_t		name;			/* where it begins among the names */
	SourceStamp stamp;			/* what was seen */
} LooksFile;

extern PGDLLEXPORT void gooseplus_looks_main(dsm_segment *segment,
											 shm_toc *toc);

/*
 * Returns the name of a file in the file system's encoding: its own, or
 * palloc'd.  The names of many files are in no cache, and each is wanted once.
 */
static char *
name_of(const Source *const *sources, size_t count, size_t i)
{
	if (i + PREFETCH_DISTANCE < count)
		__builtin_prefetch(sources[i + PREFETCH_DISTANCE]->name);
	return encoding_from_server(sources[i]->name, strlen(sources[i]->name));
}

/*
 * Returns what is seen of a file, by its name in the file system's encoding.
 */
static SourceStamp
look_at(SourceFolder *folder, const char *name)
{
	SourceStamp stamp = {.size = -1};
	struct stat st;

	if (source_folder_look(folder, name, &st))
	{
		stamp.size = st.st_size;
		/* st_mtim is the same for all files of many images */
		stamp.changed = time_t_to_timestamptz(st.st_ctim.tv_sec) +
			st.st_ctim.tv_nsec / 1000;
	}
	return stamp;
}

/*
 * Looks at files that no other process has taken, until there are none left.
 * "folders" is a list of SourceFolder.
 */
static void
take_files(LooksState *state, const List *folders, LooksFile *files,
		   const char *names)
{
	for (;;)
	{
		size_t		first = pg_atomic_fetch_add_u64(&state->next, FILES_TAKEN);
		size_t		end = Min(first + FILES_TAKEN, state->count);

		if (first >= end)
			break;
		for (size_t i = first; i < end; i++)
		{
			CHECK_FOR_INTERRUPTS();
			files[i].stamp = look_at(list_nth(folders, files[i].folder),
									 names + files[i].name);
		}
	}
}

/*
 * What a parallel worker does: nothing if its library has another version than
 * the caller's, as when one has been installed since that session began.
 */
void
gooseplus_looks_main(dsm_segment *segment, shm_toc *toc)
{
	LooksState *state = shm_toc_lookup(toc, KEY_STATE, false);
	LooksFile  *files = shm_toc_lookup(toc, KEY_FILES, false);
	const char *names = shm_toc_lookup(toc, KEY_NAMES, false);
	const char *path = names;
	List	   *folders = NIL;

	if (strcmp(state->version, GOOSEPLUS_VERSION) != 0)
		return;
	pgstat_report_activity(STATE_RUNNING, "gooseplus looks at migration files");
	for (int i = 0; i < state->folders; i++)
	{
		SourceFolder *folder = palloc0(sizeof(SourceFolder));

		folder->path = path;
		folder->fd = -1;
		folders = lappend(folders, folder);
		path += strlen(path) + 1;
	}
	take_files(state, folders, files, names);
}

/*
 * Returns the folders of the files, each once and numbered, as a list of
 * SourceFolder, palloc'd; their paths are added to the names.
 */
static List *
number_folders(const Source *const *sources, size_t count, StringInfo names)
{
	List	   *folders = NIL;

	for (size_t i = 0; i < count; i++)
		((SourceFolder *) sources[i]->origin)->number = -1;
	for (size_t i = 0; i < count; i++)
	{
		SourceFolder *folder = sources[i]->origin;

		if (folder->number >= 0)
			continue;
		folder->number = list_length(folders);
		folders = lappend(folders, folder);
		appendBinaryStringInfo(names, folder->path, strlen(folder->path) + 1);
	}
	return folders;
}

/*
 * Returns the files as the processes share them, palloc'd; their names are
 * added to the names.
 */
static LooksFile *
name_files(const Source *const *sources, size_t count, StringInfo names)
{
	LooksFile  *files = MemoryContextAllocHuge(CurrentMemoryContext,
											   count * sizeof(LooksFile));

	for (size_t i = 0; i < count; i++)
	{
		char	   *name = name_of(sources, count, i);

		files[i].folder = ((SourceFolder *) sources[i]->origin)->number;
		files[i].name = names->len;
		appendBinaryStringInfo(names, name, strlen(name) + 1);
		if (name != sources[i]->name)
			pfree(name);
	}
	return files;
}

/* Returns a copy in the memory that the processes share. */
static void *
share(shm_toc *toc, uint64 key, const void *data, size_t size)
{
	void	   *shared = shm_toc_allocate(toc, size);

	memcpy(shared, data, size);
	shm_toc_insert(toc, key, shared);
	return shared;
}

/* Argument of the function that is called through report_try(). */
typedef struct LooksRequest
{
	const Source *const *sources;
	size_t		count;
	SourceStamp *stamps;
	int			nworkers;
} LooksRequest;

/*
 * Looks at files together with parallel workers.
 */
static void
look_in_parallel(void *arg)
{
	LooksRequest *request = arg;
	LooksState	state = {.version = GOOSEPLUS_VERSION};
	size_t		files_size = request->count * sizeof(LooksFile);
	LooksState *shared;
	LooksFile  *files;
	List	   *folders;
	StringInfoData names;
	ParallelContext *parallel;

	initStringInfo(&names);
	folders = number_folders(request->sources, request->count, &names);
	state.count = request->count;
	state.folders = list_length(folders);
	files = name_files(request->sources, request->count, &names);
	PushActiveSnapshot(GetTransactionSnapshot());
	EnterParallelMode();
	parallel = CreateParallelContext("$libdir/gooseplus", "gooseplus_looks_main",
									 request->nworkers);
	shm_toc_estimate_chunk(&parallel->estimator, sizeof(LooksState));
	shm_toc_estimate_chunk(&parallel->estimator, files_size);
	shm_toc_estimate_chunk(&parallel->estimator, names.len);
	shm_toc_estimate_keys(&parallel->estimator, 3);
	InitializeParallelDSM(parallel);
	shared = share(parallel->toc, KEY_STATE, &state, sizeof(state));
	pg_atomic_init_u64(&shared->next, 0);
	files = share(parallel->toc, KEY_FILES, files, files_size);
	share(parallel->toc, KEY_NAMES, names.data, names.len);
	LaunchParallelWorkers(parallel);
	take_files(shared, folders, files, names.data);
	WaitForParallelWorkersToFinish(parallel);
	for (size_t i = 0; i < request->count; i++)
		request->stamps[i] = files[i].stamp;
	DestroyParallelContext(parallel);
	ExitParallelMode();
	PopActiveSnapshot();
}

/*
 * The same.  Returns whether that went well: only what means that the call is
 * to end is an error.
 */
static bool
try_in_parallel(LooksRequest *request)
{
	ErrorData  *error = report_try(look_in_parallel, request);

	if (error == NULL)
		return true;
	if (ERRCODE_TO_CATEGORY(error->sqlerrcode) == ERRCODE_OPERATOR_INTERVENTION ||
		ERRCODE_TO_CATEGORY(error->sqlerrcode) == ERRCODE_TRANSACTION_ROLLBACK)
		ReThrowError(error);
	ereport(LOG,
			(errcode(error->sqlerrcode),
			 errmsg("could not look at migration files with parallel workers: %s",
					error->message),
			 errdetail("The session looks at all of them by itself."),
			 errhint("Set \"max_parallel_maintenance_workers\" to 0 to have no workers.")));
	return false;
}

/*
 * SourceLook: sizes and times of files.  Whether they may be read is seen when
 * that is done.
 */
void
source_looks(const Source *const *sources, size_t count, SourceStamp *stamps)
{
	LooksRequest request = {
		.sources = sources,
		.count = count,
		.stamps = stamps,
		.nworkers = Min(count / FILES_PER_WORKER,
						(size_t) max_parallel_maintenance_workers)
	};

	if (request.nworkers > 0 && IsUnderPostmaster && !IsInParallelMode() &&
		try_in_parallel(&request))
		return;
	for (size_t i = 0; i < count; i++)
	{
		char	   *name = name_of(sources, count, i);

		CHECK_FOR_INTERRUPTS();
		stamps[i] = look_at(sources[i]->origin, name);
		if (name != sources[i]->name)
			pfree(name);
	}
}
