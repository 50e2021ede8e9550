#!/bin/sh
# A worker for a spool: worker.sh SPOOL JOB [ARGUMENT...]
#
# Claims one file at a time by renaming it from SPOOL/waiting to SPOOL/running/NODE (two workers can
# never claim the same one), runs `JOB FILE ARGUMENT...` on it, and moves it to SPOOL/done. A job that
# fails goes back to waiting. SIGTERM means: finish the current job, take no other, end.
#
# muster-agent starts it and sets MUSTER_NODE and MUSTER_BUSY_DIR; a file in the latter means "one slot
# is busy", which is how muster knows an idle node from a working one.
set -u
spool=$1
job=$2
shift 2
mine=$spool/running/${MUSTER_NODE:-$$}
busy=${MUSTER_BUSY_DIR:-}
stop=no
# The shell runs the trap after the command in the foreground has ended: no job is cut short.
trap 'stop=yes' TERM
mkdir -p "$mine" || exit 1
# Says that this worker marks its jobs: until then an empty folder would mean nothing.
[ -n "$busy" ] && : > "$busy/.used"

claim() {
    for file in "$spool"/waiting/*; do
        [ -e "$file" ] || return 1
        name=${file##*/}
        mv -- "$file" "$mine/$name" 2>/dev/null && return 0
    done
    return 1
}

while [ $stop = no ]; do
    if ! claim; then
        sleep 0.2
        continue
    fi
    [ -n "$busy" ] && echo $$ > "$busy/$$"
    if "$job" "$mine/$name" "$@"; then
        mv -- "$mine/$name" "$spool/done/$name"
    else
        mv -- "$mine/$name" "$spool/waiting/$name"
        sleep 1
    fi
    [ -n "$busy" ] && rm -f "$busy/$$"
done
rmdir "$mine" 2>/dev/null
exit 0
