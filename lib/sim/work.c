#include "sim/work.h"

int sim_work_next(struct sim_work *work, struct sim_job *ret, struct error *err)
{
    return work->ops->next(work, ret, err);
}

int sim_work_rewind(struct sim_work *work, struct error *err)
{
    return work->ops->rewind(work, err);
}

void sim_work_free(struct sim_work *work)
{
    if (work)
        work->ops->free(work);
}
