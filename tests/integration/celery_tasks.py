"""The tasks of the Celery tests: each writes a line when it begins and one when it ends."""

import os
import time

from celery import Celery
from kombu.transport.redis import QoS

app = Celery("celery_tasks", broker=os.environ["TASKS_REDIS"])
app.conf.update(task_ignore_result=True, worker_prefetch_multiplier=1, task_acks_late=False,
                broker_connection_retry_on_startup=True,
                # A task whose worker lost redis before it could acknowledge is delivered again after
                # this many seconds (an hour, if nothing is said).
                broker_transport_options={"visibility_timeout": 10})
# Workers look for such tasks every tenth time they could, which takes up to 100 seconds; here every time.
QoS.restore_visible.__defaults__ = (0, 10, 1)


def note(word, number):
    # One short write in append mode: lines of several workers never mix.
    fd = os.open(os.environ["TASKS_LEDGER"], os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    os.write(fd, f"{word} {number}\n".encode())
    os.close(fd)


@app.task
def work(number):
    note("begin", number)
    time.sleep(0.02)
    note("end", number)
