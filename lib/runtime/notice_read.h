/* What a cloud's metadata service says of the machine's end, read. Pure. */
#ifndef RUNTIME_NOTICE_READ_H
#define RUNTIME_NOTICE_READ_H

#include "base/str.h"

enum notice_word {
    NOTICE_WORD_NONE,      /* nothing is known of an end */
    NOTICE_WORD_REBALANCE, /* better replace it soon */
    NOTICE_WORD_END,       /* it will be taken back */
    NOTICE_WORD_ODD,       /* no answer that makes sense */
};

/* status: HTTP's; 404 is AWS's way to say "nothing". */
typedef enum notice_word notice_reader(int status, struct str body);

/* spot/instance-action: {"action": "terminate", "time": "2017-09-18T08:22:00Z"} (stop, hibernate) */
notice_reader notice_read_aws_action;
/* events/recommendations/rebalance: {"noticeTime": "2020-10-27T08:22:00Z"} */
notice_reader notice_read_aws_rebalance;
/* instance/preempted: TRUE or FALSE */
notice_reader notice_read_gcp_preempted;
/* instance/maintenance-event: NONE, MIGRATE_ON_HOST_MAINTENANCE (it moves, and lives),
 * TERMINATE_ON_HOST_MAINTENANCE */
notice_reader notice_read_gcp_maintenance;

#endif
