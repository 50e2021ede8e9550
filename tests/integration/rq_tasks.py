"""The job of the RQ test: writes a line when it begins and one when it ends."""

import os
import time


def note(word, number):
    fd = os.open(os.environ["TASKS_LEDGER"], os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    os.write(fd, f"{word} {number}\n".encode())
    os.close(fd)


def work(number):
    note("begin", number)
    time.sleep(0.05)
    note("end", number)
