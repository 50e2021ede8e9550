/*
 * XML answers read as a stream: no tree is built, and what is held at a time is one element's path and
 * text. Made for answers of a service that may be broken, cut off or hostile: no document type, no
 * entities of its own, bounded depth, paths and texts.
 */
#ifndef PROVIDERS_AWS_XML_H
#define PROVIDERS_AWS_XML_H

#include "base/error.h"
#include "base/str.h"

#define XML_DEPTH_MAX 24
#define XML_PATH_MAX  512
#define XML_TEXT_MAX  ((size_t)16 << 10)

/*
 * Called at the end of each element below the root, children first. `path` is its place below the
 * root, "reservationSet/item/instancesSet/item/instanceId", `text` what stood between its last child
 * (if any) and its end. Both are borrowed for the call. Not 0: reading stops with that code.
 */
typedef int xml_element_cb(void *ctx, const char *path, struct str text, struct error *err);

/*
 * Reads a whole document whose root is `root` ("DescribeInstancesResponse").
 * MUSTER_E_INVALID: it is no such document, or not a whole one. MUSTER_E_TOOBIG: beyond the bounds.
 * Elements may have been told before a failure: only a 0 says that they were all.
 */
int xml_read(struct str document, const char *root, xml_element_cb *element, void *ctx,
             struct error *err);

/*
 * The same for a document that comes in pieces, of any sizes. After a failure there is nothing to do but
 * free it. Only a 0 of xml_stream_end says that the elements told were all.
 */
struct xml_stream;

/* root and ctx are borrowed until it is freed. */
int xml_stream_new(const char *root, xml_element_cb *element, void *ctx, struct xml_stream **ret,
                   struct error *err);
void xml_stream_free(struct xml_stream *stream); /* takes NULL */
int xml_stream_feed(struct xml_stream *stream, struct str piece, struct error *err);
int xml_stream_end(struct xml_stream *stream, struct error *err);

#endif
