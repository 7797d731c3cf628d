/* checkpoint.c: the state of a run on its way to its file. */
#include "solve/run.h"

#include "io/io.h"

#include <math.h>
#include <string.h>

#define FIRST_SECONDS 2.0 /* of a session: if its file is no good, somebody is still looking */
#define RETRY_SECONDS 2.0 /* after one that failed */

void az_run_expect_checkpoint(az_run *run)
{
    az_result *r = run->r;
    run->next_checkpoint = run->started + fmin(FIRST_SECONDS, run->checkpoint_every);
    r->unsaved = AZ_OK;
    if (!run->checkpoint) return;
    const az_stamp there = az_io_stamp(run->checkpoint);
    /* What is there is to be replaced, unless it is the file of this run, changed; later, too. */
    if (r->file.size < 0 || r->file.name != there.name) r->file = there;
}

void az_run_checkpoint(az_run *run, bool force)
{
    az_error e;
    if (!run->checkpoint || (!force && az_seconds() < run->next_checkpoint)) return;
    az_result *r = run->r;
    const bool better = !force && r->kept.trial && r->kept.check < r->check; /* what reads the file meanwhile sees the best */
    if (better) az_kept_swap(r);
    const az_status st = az_result_replace(r, run->checkpoint, &e);
    if (better) az_kept_swap(r);
    const double now = az_seconds();
    run->r->unsaved = st;
    run->next_checkpoint = now + (st ? RETRY_SECONDS : run->checkpoint_every);
    if (st && !run->checkpoint_failed) {
        const char *why =
            strlen(e.message) < sizeof run->note - 64 ? e.message : az_status_message(st);
        snprintf(run->note, sizeof run->note,
                 "checkpoint failed: %s; the run goes on and tries again", why);
    } else if (!st && run->checkpoint_failed)
        snprintf(run->note, sizeof run->note, "checkpoint written again");
    run->checkpoint_failed = st;
}

az_status az_result_checkpoint(const az_result *r) { return r->unsaved; }
