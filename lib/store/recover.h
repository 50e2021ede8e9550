/* Reading back what a restart must know. */
#ifndef STORE_RECOVER_H
#define STORE_RECOVER_H

#include "store/db.h"
#include "store/store.h"

/* See store_recover. */
int recover_read(struct db *db, struct store_recovered *ret, struct error *err);

#endif
