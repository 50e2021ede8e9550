#include "store/problem.h"

#include <errno.h>
#include <sqlite3.h>
#include <string.h>

#include "base/str.h"

#define NOTHING_HAPPENS "nothing is bought or returned until it can be written"

static bool is_full(int rc, int system_errno)
{
    bool failed = (rc & 0xff) == SQLITE_FULL || (rc & 0xff) == SQLITE_IOERR;
    return (rc & 0xff) == SQLITE_FULL ||
           (failed && (system_errno == ENOSPC || system_errno == EDQUOT || system_errno == EFBIG));
}

static int disk_full(const char *path, int system_errno, struct error *err)
{
    const char *slash = strrchr(path, '/');
    int folder = slash ? (int)(slash - path) : 1;
    const char *where = slash ? path : ".";
    if (system_errno == EDQUOT || system_errno == EFBIG)
        return error_set(err, MUSTER_E_IO,
                         "%s: the limit of the disk quota or file size is reached: " NOTHING_HAPPENS
                         "; raise it, or free space in %.*s",
                         path, folder, where);
    return error_set(err, MUSTER_E_IO,
                     "%s: the disk is full: " NOTHING_HAPPENS "; free space in %.*s", path, folder,
                     where);
}

static int damaged(const char *path, const char *detail, struct error *err)
{
    return error_set(err, MUSTER_E_CONFIG,
                     "%s is damaged (%.120s): stop musterd, move the file and its -wal away, and "
                     "start again; muster finds its machines by their tags, but pauses and history "
                     "are lost",
                     path, detail);
}

static int disk_failed(const char *path, int system_errno, const char *what, const char *detail,
                       struct error *err)
{
    if (system_errno != 0)
        error_errno(err, system_errno, "%s: the disk failed at %s", path, what);
    else
        error_set(err, MUSTER_E_IO, "%s: the disk failed at %s: %.120s", path, what, detail);
    if (err) {
        size_t used = strlen(err->text);
        str_copy_c(err->text + used, sizeof(err->text) - used, ": " NOTHING_HAPPENS);
        err->code = MUSTER_E_IO; /* ENOMEM of a disk is no lack of ours */
    }
    return MUSTER_E_IO;
}

int problem_text(const char *path, int rc, int system_errno, const char *what, const char *detail,
                 struct error *err)
{
    if (rc == SQLITE_IOERR_NOMEM)
        return error_nomem(err);
    if (is_full(rc, system_errno))
        return disk_full(path, system_errno, err);
    switch (rc & 0xff) {
    case SQLITE_NOMEM:
        return error_nomem(err);
    case SQLITE_CORRUPT:
    case SQLITE_ERROR: /* our statements are right: the tables are not ours any more */
        return damaged(path, detail, err);
    case SQLITE_NOTADB:
        return error_set(err, MUSTER_E_CONFIG,
                         "%s is not a state file of muster: name another one, or move it away",
                         path);
    case SQLITE_IOERR:
        return disk_failed(path, system_errno, what, detail, err);
    case SQLITE_PERM:
    case SQLITE_READONLY:
    case SQLITE_CANTOPEN:
        return error_set(
            err, MUSTER_E_CONFIG,
            "%s cannot be written (%.120s%s%.60s): musterd's user needs to own it, its "
            "-wal and -shm and their folder",
            path, detail, system_errno ? ", " : "",
            system_errno ? strerrordesc_np(system_errno) : "");
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
        return error_set(err, MUSTER_E_TRANSIENT,
                         "%s is locked by another program (sqlite3, a backup): " NOTHING_HAPPENS,
                         path);
    default:
        return error_set(err, MUSTER_E_IO, "%s: %s: %.120s (SQLite %d)", path, what, detail, rc);
    }
}

bool problem_is_lasting(int rc, int system_errno)
{
    if (is_full(rc, system_errno))
        return false;
    switch (rc & 0xff) {
    case SQLITE_IOERR:
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
    case SQLITE_CANTOPEN:
        return true;
    default:
        return false;
    }
}
