/*-------------------------------------------------------------------------
 *
 * client.c
 *	  The connection to the client.
 *
 * The server sends each notice by itself, and a run has one for each of its
 * migrations: to wake the client for every one of a thousand short migrations
 * takes longer than to write a thousand rows.  The kernel can gather what is
 * sent, and passes it on after a fifth of a second at the latest, whatever the
 * session is doing then (TCP_CORK, see tcp(7)).  Where there is no such thing,
 * as on a Unix-domain socket, every notice is sent at once.
 *
 * Copyright (c) 2026, gooseplus contributors
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

/*
 * What a connection is encrypted with is of no interest here, and the headers
 * of those libraries are not on every machine that has the server's own.
 */
#undef ENABLE_GSS
#undef USE_OPENSSL
#include "libpq/libpq-be.h"
#include "miscadmin.h"

#include "client.h"

/*
 * From now on the kernel gathers what is sent to the client; or no longer, and
 * what it has gathered goes out.  Raises no error: it can do without.
 */
void
client_gather(bool gather)
{
#ifdef TCP_CORK
	int			value = gather;

	if (MyProcPort != NULL && MyProcPort->raddr.addr.ss_family != AF_UNIX)
		(void) setsockopt(MyProcPort->sock, IPPROTO_TCP, TCP_CORK, &value,
						  sizeof(value));
#endif
}
