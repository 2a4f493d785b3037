/*-------------------------------------------------------------------------
 *
 * delay.c
 *	  A network that takes its time: a TCP proxy that hands on what it gets
 *	  after a while.
 *
 *		delay MICROSECONDS TO_PORT
 *
 * listens on a free port of 127.0.0.1, prints its number, and connects
 * whoever comes with TO_PORT of 127.0.0.1.  Every byte is passed on
 * MICROSECONDS after it came, in both directions, however many are under way:
 * as a long cable does, and as a sleep in the client does not.  Ends when its
 * standard input does.
 *
 * Copyright (c) 2026, gooseplus contributors
 *
 *-------------------------------------------------------------------------
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define PIECE_SIZE		(64 * 1024)
#define MAX_PIECES		512		/* a direction: 32 MB, and no more is read */
#define MAX_CONNECTIONS 256

/* What came in one read. */
typedef struct Piece
{
	struct Piece *next;
	int64_t		due;			/* when it goes on, in nanoseconds */
	size_t		length;			/* 0 is the end of the stream */
	size_t		done;
	char		data[];
} Piece;

/* One direction of a connection. */
typedef struct Lane
{
	int			from;
	int			to;
	Piece	   *first;
	Piece	  **last;
	int			pieces;
	bool		ended;			/* nothing more to read */
	bool		closed;			/* and all of it is written */
} Lane;

typedef struct Connection
{
	Lane		lanes[2];
} Connection;

static int64_t delay;			/* in nanoseconds */
static Connection *connections[MAX_CONNECTIONS];
static int	connection_count;

/* Print why and end. */
static void
die(const char *what)
{
	perror(what);
	exit(1);
}

/* Nanoseconds of a clock that nobody sets. */
static int64_t
now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t) t.tv_sec * 1000000000 + t.tv_nsec;
}

/* The address of a port of this machine. */
static struct sockaddr_in
local_address(int port)
{
	struct sockaddr_in address = {.sin_family = AF_INET};

	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	address.sin_port = htons(port);
	return address;
}

/* A connection that sends what it has at once. */
static void
set_eager(int socket)
{
	int			on = 1;

	setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
}

/* Prepare one direction. */
static void
lane_begin(Lane *lane, int from, int to)
{
	lane->from = from;
	lane->to = to;
	lane->last = &lane->first;
}

/* Somebody came: connect them with the port that they want. */
static void
connection_open(int listener, int port)
{
	struct sockaddr_in address = local_address(port);
	Connection *connection;
	int			client = accept(listener, NULL, NULL);
	int			server;

	if (client < 0)
		return;
	server = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (connection_count == MAX_CONNECTIONS || server < 0 ||
		connect(server, (struct sockaddr *) &address, sizeof(address)) < 0)
	{
		if (server >= 0)
			close(server);
		close(client);
		return;
	}
	set_eager(client);
	set_eager(server);
	connection = calloc(1, sizeof(Connection));
	if (connection == NULL)
		die("calloc");
	lane_begin(&connection->lanes[0], client, server);
	lane_begin(&connection->lanes[1], server, client);
	connections[connection_count++] = connection;
}

/* Keep what has come, with the time when it goes on. */
static void
lane_read(Lane *lane)
{
	Piece	   *piece = malloc(sizeof(Piece) + PIECE_SIZE);
	ssize_t		length;

	if (piece == NULL)
		die("malloc");
	length = recv(lane->from, piece->data, PIECE_SIZE, MSG_DONTWAIT);
	if (length < 0 && (errno == EAGAIN || errno == EINTR))
	{
		free(piece);
		return;
	}
	if (length < 0)
		length = 0;
	if (length < PIECE_SIZE / 2)
		piece = realloc(piece, sizeof(Piece) + length);
	piece->next = NULL;
	piece->due = now() + delay;
	piece->length = length;
	piece->done = 0;
	lane->ended = length == 0;
	*lane->last = piece;
	lane->last = &piece->next;
	lane->pieces++;
}

/* Pass on what is due, as far as the other side takes it. */
static void
lane_write(Lane *lane, int64_t time)
{
	while (lane->first != NULL && lane->first->due <= time)
	{
		Piece	   *piece = lane->first;
		ssize_t		length = 0;

		if (piece->length == 0)
		{
			shutdown(lane->to, SHUT_WR);
			lane->closed = true;
		}
		else
			length = send(lane->to, piece->data + piece->done,
						  piece->length - piece->done,
						  MSG_DONTWAIT | MSG_NOSIGNAL);
		if (length < 0 && (errno == EAGAIN || errno == EINTR))
			return;
		if (length < 0)
			length = piece->length - piece->done;	/* nobody wants it */
		piece->done += length;
		if (piece->done < piece->length)
			continue;
		lane->first = piece->next;
		if (lane->first == NULL)
			lane->last = &lane->first;
		lane->pieces--;
		free(piece);
	}
}

/* Forget connections that both sides have closed. */
static void
connections_sweep(void)
{
	for (int i = 0; i < connection_count; i++)
	{
		Connection *connection = connections[i];

		if (!connection->lanes[0].closed || !connection->lanes[1].closed)
			continue;
		close(connection->lanes[0].from);
		close(connection->lanes[1].from);
		free(connection);
		connections[i--] = connections[--connection_count];
	}
}

/*
 * What to wait for, in polls: two entries a connection, one a socket.  Sets
 * next to when something is due, if that is before.
 */
static void
connection_poll(Connection *connection, struct pollfd *polls, int64_t time,
				int64_t *next)
{
	for (int i = 0; i < 2; i++)
	{
		Lane	   *lane = &connection->lanes[i];
		Piece	   *piece = lane->first;

		if (!lane->ended && lane->pieces < MAX_PIECES)
			polls[i].events |= POLLIN;
		if (piece != NULL && piece->due <= time)
			polls[1 - i].events |= POLLOUT;
		else if (piece != NULL && piece->due < *next)
			*next = piece->due;
	}
	/* a socket that hung up and is not read would wake us all the time */
	for (int i = 0; i < 2; i++)
		polls[i].fd = polls[i].events ? connection->lanes[i].from : -1;
}

/* Wait until something comes or is due, and do what there is to do. */
static void
turn(int listener, int port)
{
	static struct pollfd polls[2 + 2 * MAX_CONNECTIONS];
	int64_t		time = now();
	int64_t		next = time + (int64_t) 10 * 1000000000;
	int			count = connection_count;
	struct timespec wait;

	memset(polls, 0, sizeof(polls));
	polls[0].fd = listener;
	polls[1].fd = STDIN_FILENO;
	polls[0].events = polls[1].events = POLLIN;
	for (int i = 0; i < count; i++)
		connection_poll(connections[i], polls + 2 + 2 * i, time, &next);
	wait.tv_sec = (next - time) / 1000000000;
	wait.tv_nsec = (next - time) % 1000000000;
	if (ppoll(polls, 2 + 2 * count, &wait, NULL) < 0 && errno != EINTR)
		die("ppoll");
	if (polls[1].revents != 0)
		exit(0);
	time = now();
	for (int i = 0; i < count; i++)
		for (int j = 0; j < 2; j++)
		{
			Lane	   *lane = &connections[i]->lanes[j];

			if (!lane->ended && lane->pieces < MAX_PIECES &&
				(polls[2 + 2 * i + j].revents & (POLLIN | POLLHUP | POLLERR)))
				lane_read(lane);
			lane_write(lane, time);
		}
	connections_sweep();
	if (polls[0].revents != 0)
		connection_open(listener, port);
}

int
main(int argc, char **argv)
{
	struct sockaddr_in address = local_address(0);
	socklen_t	length = sizeof(address);
	int			listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (argc != 3)
	{
		fprintf(stderr, "usage: delay MICROSECONDS TO_PORT\n");
		return 2;
	}
	delay = atoll(argv[1]) * 1000;
	signal(SIGPIPE, SIG_IGN);
	prctl(PR_SET_TIMERSLACK, 1000);
	if (listener < 0 ||
		bind(listener, (struct sockaddr *) &address, sizeof(address)) < 0 ||
		listen(listener, 128) < 0 ||
		getsockname(listener, (struct sockaddr *) &address, &length) < 0)
		die("listen");
	printf("%d\n", ntohs(address.sin_port));
	fflush(stdout);
	for (;;)
		turn(listener, atoi(argv[2]));
}
