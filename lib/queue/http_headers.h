/* What an http source sends besides the URL: headers from files, read anew for every call. */
#ifndef QUEUE_HTTP_HEADERS_H
#define QUEUE_HTTP_HEADERS_H

#include "base/error.h"
#include "base/str.h"

#define HTTP_HEADERS_MAX 32

struct http_headers {
    char *at[HTTP_HEADERS_MAX + 1]; /* NULL-terminated; borrowed from text */
    struct buf text;
};

/*
 * headers_file: one "Name: value" a line; empty lines and those that begin with '#' are left out.
 * token_file: one line, sent as "Authorization: Bearer …". Either may be NULL. Errors never quote
 * the files.
 */
int http_headers_read(const char *headers_file, const char *token_file, struct http_headers *ret,
                      struct error *err);
/* Wipes what it held. */
void http_headers_release(struct http_headers *headers);

/* http:// or https://, and no user or password in it (they would end up in logs). */
int http_url_valid(const char *url, struct error *err);

/* Puts "GET URL" in front of the text, the URL without its query. */
int http_url_wrap(struct error *err, const char *url);

#endif
