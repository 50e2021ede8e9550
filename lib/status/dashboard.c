/*
 * The dashboard: one page for a browser, with its style and its script, which are files of their own
 * so that the answers' Content-Security-Policy can forbid everything inline. They are compiled in.
 */
#include <string.h>

#include "status/parts.h"

#define EMBED(name, path)                                                                          \
    __asm__(".pushsection .rodata\n" #name "_begin: .incbin \"lib/status/dashboard/" path          \
            "\"\n" #name "_end: .byte 0\n.popsection");                                            \
    extern const char name##_begin[] __attribute__((visibility("hidden")));                        \
    extern const char name##_end[] __attribute__((visibility("hidden")))

EMBED(dashboard_html, "page.html");
EMBED(dashboard_css, "page.css");
EMBED(dashboard_js, "page.js");

static int give(struct status_request *r, const char *begin, const char *end, const char *type)
{
    buf_add(&r->out, begin, (size_t)(end - begin));
    r->content_type = type;
    return 200;
}

int status_dashboard(struct status *status, struct status_request *r)
{
    (void)status;
    return give(r, dashboard_html_begin, dashboard_html_end, "text/html; charset=utf-8");
}

int status_dashboard_css(struct status *status, struct status_request *r)
{
    (void)status;
    return give(r, dashboard_css_begin, dashboard_css_end, "text/css; charset=utf-8");
}

int status_dashboard_js(struct status *status, struct status_request *r)
{
    (void)status;
    return give(r, dashboard_js_begin, dashboard_js_end, "text/javascript; charset=utf-8");
}
