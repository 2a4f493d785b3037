/*-------------------------------------------------------------------------
 *
 * interpolate.c
 *	  ENVSUB: shell-like expansion of variables in one line of a migration.
 *
 * The language is that of mfridman/interpolate v0.0.2, which goose uses:
 *
 *	$NAME ${NAME}			the value, or nothing
 *	${NAME:-text}			text when there is no value or an empty one
 *	${NAME-text}			text when there is no value
 *	${NAME:offset}			a part of the value, in bytes; a negative offset
 *	${NAME:offset:length}	or length counts from the end
 *	${NAME?text}			the value, or an error that says text
 *	$$ \$					a dollar sign
 *
 * and text may hold expansions itself.  A line is walked twice, first to find
 * mistakes and then to write the result: like the library, we report mistakes
 * anywhere on the line, also in text that is not used, before a variable that
 * is not set.
 *
 * Where variables come from is the caller's business.
 *
 * Copyright (c) 2026, gooseplus contributors
 *
 *-------------------------------------------------------------------------
 */
#include "ground.h"

#include "mb/pg_wchar.h"

#include "character.h"
#include "interpolator.h"

/* Deepest nesting of expansions; the walk is recursive. */
#define INTERPOLATE_MAX_DEPTH 1000

static InterpolateResult interpolate_expansion(Interpolator *ip, StringInfo out);

/*
 * Returns a variable's value, and its length in *length; NULL and 0 when it
 * is not set.
 */
const char *
interpolate_value(Interpolator *ip, const char *name, size_t name_length,
				  size_t *length)
{
	const char *value = NULL;

	if (ip->lookup != NULL)
		value = ip->lookup(ip->lookup_arg, name, name_length);
	*length = value == NULL ? 0 : strlen(value);
	return value;
}

/*
 * Fills in the problem of the expansion that begins at offset, about the
 * argument; returns result.
 */
InterpolateResult
interpolate_fail(Interpolator *ip, InterpolateResult result, size_t offset,
				 const char *argument, size_t argument_length)
{
	ip->problem->offset = offset;
	ip->problem->argument = character_excerpt(argument, argument_length);
	ip->problem->message = NULL;
	return result;
}

/*
 * The same, when the next character is not what it should be: that character
 * is the argument, nothing at the end of the line.
 */
static InterpolateResult
interpolate_unexpected(Interpolator *ip, InterpolateResult result,
					   size_t offset)
{
	size_t		size = 0;
	uint32		code;

	if (ip->at < ip->length)
		size = character_decode(ip->line + ip->at, ip->length - ip->at, &code);
	return interpolate_fail(ip, result, offset, ip->line + ip->at, size);
}

/*
 * Is the next byte this one?
 */
bool
interpolate_at(const Interpolator *ip, char byte)
{
	return ip->at < ip->length && ip->line[ip->at] == byte;
}

/*
 * Reads plain text up to the next byte that can mean something; nested tells
 * whether a closing brace does.  The first byte is taken as it is.
 */
static void
interpolate_text(Interpolator *ip, bool nested, StringInfo out)
{
	size_t		from = ip->at++;

	while (ip->at < ip->length && !interpolate_at(ip, '$') &&
		   !interpolate_at(ip, '\\') && !(nested && interpolate_at(ip, '}')))
		ip->at++;
	if (out != NULL)
		appendBinaryStringInfo(out, ip->line + from, ip->at - from);
}

/*
 * Reads text and expansions up to the end of the line or, when nested, up to
 * a closing brace, which stays unread.  Appends the result to out, or only
 * checks the syntax when out is NULL; so do the functions below.
 */
static InterpolateResult
interpolate_expression(Interpolator *ip, bool nested, StringInfo out)
{
	while (ip->at < ip->length && !(nested && interpolate_at(ip, '}')))
	{
		char		byte = ip->line[ip->at];
		char		next = ip->at + 1 < ip->length ? ip->line[ip->at + 1] : '\0';

		if (byte == '\\' && next == '\\')
		{
			if (out != NULL)
				appendStringInfoString(out, "\\\\");
			ip->at += 2;
		}
		else if ((byte == '\\' || byte == '$') && next == '$')
		{
			if (out != NULL)
				appendStringInfoChar(out, '$');
			ip->at += 2;
		}
		else if (byte == '$' && next == '(')
		{
			if (out != NULL)
				appendStringInfoString(out, "$(");
			ip->at += 2;
		}
		else if (byte == '$' && ip->at + 1 < ip->length)
		{
			InterpolateResult result = interpolate_expansion(ip, out);

			if (result != INTERPOLATE_OK)
				return result;
		}
		else
			interpolate_text(ip, nested, out);
	}
	return INTERPOLATE_OK;
}

/*
 * Reads a variable's name: a letter, then letters, numbers and underscores.
 * Returns its length, 0 if there is none.
 */
static size_t
interpolate_name(Interpolator *ip)
{
	size_t		from = ip->at;

	while (ip->at < ip->length)
	{
		uint32		code;
		size_t		size = character_decode(ip->line + ip->at,
											ip->length - ip->at, &code);

		if (!character_is_letter(code) &&
			(ip->at == from || (code != '_' && !character_is_number(code))))
			break;
		ip->at += size;
	}
	return ip->at - from;
}

/*
 * Reads the text after ":-" or "-" and appends the variable's value or, when
 * that is not set (for ":-", or empty), the text.
 */
static InterpolateResult
interpolate_default(Interpolator *ip, bool empty_counts, const char *name,
					size_t name_length, StringInfo out)
{
	const char *value = NULL;
	size_t		value_length = 0;

	if (out != NULL)
		value = interpolate_value(ip, name, name_length, &value_length);
	if (value == NULL || (empty_counts && value_length == 0))
		return interpolate_expression(ip, true, out);

	appendBinaryStringInfo(out, value, value_length);
	return interpolate_expression(ip, true, NULL);
}

/*
 * Fails if the text written here is not UTF-8 because a character was cut in
 * two and nothing mended it.
 */
static InterpolateResult
interpolate_check_cut(Interpolator *ip, const char *text, int length)
{
	if (ip->cut == INTERPOLATE_OK ||
		pg_encoding_verifymbstr(PG_UTF8, text, length) == length)
		return INTERPOLATE_OK;
	return interpolate_fail(ip, ip->cut, ip->cut_offset, ip->cut_number,
							ip->cut_length);
}

/*
 * Reads the text after "?" and appends the variable's value; when it is not
 * set the text is the message of the error.
 */
static InterpolateResult
interpolate_required(Interpolator *ip, size_t start, const char *name,
					 size_t name_length, StringInfo out)
{
	const char *value = NULL;
	size_t		value_length = 0;
	StringInfoData message;
	InterpolateResult result;

	if (out != NULL)
		value = interpolate_value(ip, name, name_length, &value_length);
	if (out == NULL || value != NULL)
	{
		if (value != NULL)
			appendBinaryStringInfo(out, value, value_length);
		return interpolate_expression(ip, true, NULL);
	}

	initStringInfo(&message);
	result = interpolate_expression(ip, true, &message);
	if (result == INTERPOLATE_OK)
		result = interpolate_check_cut(ip, message.data, message.len);
	if (result != INTERPOLATE_OK)
	{
		pfree(message.data);
		return result;
	}
	if (message.len == 0)
		appendStringInfoString(&message, "not set");
	result = interpolate_fail(ip, INTERPOLATE_REQUIRED, start,
							  name, name_length);
	ip->problem->message = message.data;
	return result;
}

/*
 * Reads what follows "${", the closing brace included.  The expansion begins
 * at start.
 */
static InterpolateResult
interpolate_brace(Interpolator *ip, size_t start, StringInfo out)
{
	const char *name = ip->line + ip->at;
	size_t		name_length = interpolate_name(ip);
	char		operator;
	InterpolateResult result;

	if (name_length == 0)
		return interpolate_unexpected(ip, INTERPOLATE_NO_IDENTIFIER, start);
	if (interpolate_at(ip, '}'))
	{
		ip->at++;
		if (out != NULL)
		{
			size_t		value_length;
			const char *value = interpolate_value(ip, name, name_length,
												  &value_length);

			appendBinaryStringInfo(out, value_length > 0 ? value : "",
								   value_length);
		}
		return INTERPOLATE_OK;
	}

	operator = ip->at < ip->length ? ip->line[ip->at] : '\0';
	if (operator != ':' && operator != '-' && operator != '?')
		return interpolate_unexpected(ip, INTERPOLATE_NO_OPERATOR, start);
	ip->at++;
	if (operator == ':' && interpolate_at(ip, '-'))
	{
		ip->at++;
		result = interpolate_default(ip, true, name, name_length, out);
	}
	else if (operator == ':')
		result = interpolate_substring(ip, start, name, name_length, out);
	else if (operator == '-')
		result = interpolate_default(ip, false, name, name_length, out);
	else
		result = interpolate_required(ip, start, name, name_length, out);
	if (result != INTERPOLATE_OK)
		return result;

	if (!interpolate_at(ip, '}'))
		return interpolate_unexpected(ip, INTERPOLATE_NO_CLOSING_BRACE,
									  start);
	ip->at++;
	return INTERPOLATE_OK;
}

/*
 * Reads an expansion, dollar sign included.
 */
static InterpolateResult
interpolate_expansion(Interpolator *ip, StringInfo out)
{
	size_t		start = ip->at++;
	const char *name = ip->line + ip->at;
	size_t		length;
	const char *value;
	InterpolateResult result;

	if (interpolate_at(ip, '{'))
	{
		ip->at++;
		if (ip->depth == INTERPOLATE_MAX_DEPTH)
			return interpolate_fail(ip, INTERPOLATE_TOO_DEEP, start,
									ip->line + start, ip->length - start);
		ip->depth++;
		result = interpolate_brace(ip, start, out);
		ip->depth--;
		return result;
	}

	length = interpolate_name(ip);
	if (length == 0)
		return interpolate_unexpected(ip, INTERPOLATE_NO_IDENTIFIER, start);
	if (out != NULL)
	{
		value = interpolate_value(ip, name, length, &length);
		if (value != NULL)
			appendBinaryStringInfo(out, value, length);
	}
	return INTERPOLATE_OK;
}

/*
 * Expands one line and appends the result to out.  On any other result than
 * INTERPOLATE_OK *problem says more, its texts palloc'd, and out may hold a
 * part.
 *
 * The library takes parts of values by bytes.  When that cuts a character and
 * the line is not UTF-8 any more, the number that cut it is at fault.
 */
InterpolateResult
interpolate_line(const char *line, size_t length,
				 InterpolateLookup lookup, void *arg,
				 StringInfo out, InterpolateProblem *problem)
{
	int			begin = out->len;
	Interpolator ip;
	InterpolateResult result;

	if (length == 0 || memchr(line, '$', length) == NULL)
	{
		appendBinaryStringInfo(out, line, length);
		return INTERPOLATE_OK;
	}

	memset(&ip, 0, sizeof(ip));
	ip.line = line;
	ip.length = length;
	ip.lookup = lookup;
	ip.lookup_arg = arg;
	ip.problem = problem;

	result = interpolate_expression(&ip, false, NULL);
	if (result != INTERPOLATE_OK)
		return result;

	ip.at = 0;
	result = interpolate_expression(&ip, false, out);
	if (result == INTERPOLATE_OK)
		result = interpolate_check_cut(&ip, out->data + begin,
									   out->len - begin);
	return result;
}
