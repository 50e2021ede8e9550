"""The sources celery, rq, sidekiq and bullmq against these libraries themselves.

Each test fills a queue with the library, lets its workers take some of it, and compares what
queue_probe says with what the library's own API says.
"""

import json
import os
import pathlib
import shutil
import subprocess
import sys
import time

import pytest

from redis_server import redis_server  # noqa: F401  (a fixture)

# Each test has an application of its own with this task.
pytestmark = pytest.mark.filterwarnings("ignore:Task name")

HERE = pathlib.Path(__file__).parent
BUILD = pathlib.Path(os.environ.get("BUILD", "build")).resolve()
PROBE = BUILD / "probes" / "queue_probe"


def probe(source, **settings):
    arguments = [PROBE, source] + [f"{key}={value}" for key, value in settings.items()]
    done = subprocess.run(arguments, capture_output=True, text=True, timeout=30)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def until(what, wanted, seconds=20):
    """Asks until `wanted` holds for the answer; gives the last answer either way."""
    end = time.monotonic() + seconds
    answer = what()
    while not wanted(answer) and time.monotonic() < end:
        time.sleep(0.1)
        answer = what()
    return answer


@pytest.fixture
def start():
    """Starts programs in the background and ends them with the test."""
    running = []

    def start_one(arguments, **options):
        running.append(subprocess.Popen([str(a) for a in arguments], start_new_session=True,
                                        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, **options))
        return running[-1]

    yield start_one
    for process in running:
        try:
            os.killpg(process.pid, 9)
        except ProcessLookupError:
            pass
        process.wait()


# ---- Celery -------------------------------------------------------------------------------------

CELERY_TASKS = """
import os, time
from celery import Celery
from kombu import Exchange, Queue

app = Celery("tasks", broker=os.environ["BROKER"])
app.conf.update(
    broker_connection_retry_on_startup=True, worker_prefetch_multiplier=2,
    task_acks_late=os.environ["ACKS"] == "late", broker_transport_options={"queue_order_strategy": "priority"},
    task_queues=[Queue("celery"), Queue("feed", Exchange("feeds", type="topic"), routing_key="feed.#")])

@app.task(name="hold")
def hold(gate):
    while not os.path.exists(gate):
        time.sleep(0.02)
"""


class CeleryApp:
    def __init__(self, url, folder, start):
        (folder / "tasks_of_test.py").write_text(CELERY_TASKS)
        self.gate = folder / "gate"
        self.url, self.folder, self.start = url, folder, start
        self.environment = {**os.environ, "BROKER": url, "PYTHONPATH": str(folder)}
        os.environ.update(BROKER=url, ACKS="late")
        sys.path.insert(0, str(folder))
        sys.modules.pop("tasks_of_test", None)
        import tasks_of_test
        sys.path.pop(0)
        self.app = tasks_of_test.app

    def push(self, count, **options):
        for _ in range(count):
            self.app.tasks["hold"].apply_async((str(self.gate),), **options)

    def size(self, queue="celery"):
        with self.app.connection_for_read() as connection:
            return connection.default_channel.queue_declare(queue, passive=True).message_count

    def work(self, queues, concurrency, acks="late"):
        self.start([sys.executable, "-m", "celery", "-A", "tasks_of_test", "worker", "-c", concurrency,
                    "-Q", queues, "--without-gossip", "--without-mingle"],
                   env={**self.environment, "ACKS": acks}, cwd=self.folder)

    def held_by_workers(self):
        """Tasks that workers run; tasks they have fetched, or hold until their time."""
        inspect = self.app.control.inspect(timeout=1)
        count = lambda answer: sum(len(tasks) for tasks in (answer or {}).values())  # noqa: E731
        return count(inspect.active()), count(inspect.reserved()) + count(inspect.scheduled())


@pytest.fixture
def celery_app(redis_server, tmp_path, start):  # noqa: F811
    return CeleryApp(redis_server.url, tmp_path, start)


def test_celery(celery_app):
    ask = lambda queue="celery": probe("celery", url=celery_app.url, queue=queue)  # noqa: E731
    assert ask()["waiting"] == 0
    celery_app.push(8)
    celery_app.push(3, priority=3)
    celery_app.push(2, priority=9)
    celery_app.push(3, queue="feed", routing_key="feed.news.today")
    said = ask()
    assert (said["waiting"], said["running"]) == (13, 0)
    assert said["waiting"] == celery_app.size()
    assert ask("feed")["waiting"] == celery_app.size("feed") == 3

    celery_app.work("celery", 2)
    said = until(ask, lambda s: s["running"] == 4)
    assert (said["waiting"], said["running"]) == (9, 4)
    assert said["waiting"] == celery_app.size()
    assert celery_app.held_by_workers() == (2, 2)
    assert ask("feed")["running"] == 0, "what is in flight of other queues is not ours"

    celery_app.work("feed", 1)
    said = until(lambda: ask("feed"), lambda s: s["running"] == 2)
    assert (said["waiting"], said["running"]) == (1, 2)
    assert ask()["running"] == 4

    celery_app.gate.touch()
    for queue in ("celery", "feed"):
        said = until(lambda: ask(queue), lambda s: s["waiting"] + s["running"] == 0)
        assert (said["waiting"], said["running"]) == (0, 0)


def test_celery_early_acks(celery_app):
    """Without acks_late Celery forgets a task when it begins to run: Redis does not know of it."""
    ask = lambda: probe("celery", url=celery_app.url)  # noqa: E731
    celery_app.push(8)
    celery_app.work("celery", 2, acks="early")
    said = until(ask, lambda s: (s["waiting"], s["running"]) == (2, 4))
    assert (said["waiting"], said["running"]) == (2, 4)
    assert celery_app.held_by_workers() == (2, 4)


def test_celery_eta(celery_app):
    """Tasks for later are held by workers: in flight, as far as anybody can see."""
    ask = lambda: probe("celery", url=celery_app.url)  # noqa: E731
    celery_app.push(2, countdown=60)
    assert ask()["waiting"] == 2
    celery_app.work("celery", 1)
    said = until(ask, lambda s: s["running"] == 2)
    assert (said["waiting"], said["running"]) == (0, 2)
    assert celery_app.held_by_workers() == (0, 2)


# ---- RQ -----------------------------------------------------------------------------------------

RQ_JOBS = """
import os, time

def hold(gate):
    while not os.path.exists(gate):
        time.sleep(0.02)
"""


def test_rq(redis_server, tmp_path, start):  # noqa: F811
    import datetime
    import rq
    from rq.registry import ScheduledJobRegistry, StartedJobRegistry

    (tmp_path / "jobs_of_test.py").write_text(RQ_JOBS)
    gate = str(tmp_path / "gate")
    queue = rq.Queue("mail", connection=redis_server.client)
    ask = lambda **more: probe("rq", url=redis_server.url, queue="mail", **more)  # noqa: E731
    assert ask() == {"waiting": 0, "running": 0, "oldest": None, "completed": None}

    for _ in range(5):
        queue.enqueue("jobs_of_test.hold", gate)
    time.sleep(1)
    said = ask()
    assert (said["waiting"], said["running"]) == (queue.count, 0) == (5, 0)
    assert 1 <= said["oldest"] < 10

    queue.enqueue_in(datetime.timedelta(seconds=0.1), "jobs_of_test.hold", gate)
    queue.enqueue_in(datetime.timedelta(hours=1), "jobs_of_test.hold", gate)
    time.sleep(0.2)
    assert len(ScheduledJobRegistry(queue=queue).get_job_ids()) == 2
    assert ask()["waiting"] == 6, "the due one counts: with no worker nobody would move it"
    assert ask(scheduled="no")["waiting"] == 5

    for _ in range(2):
        start([pathlib.Path(sys.executable).with_name("rq"), "worker", "-u", redis_server.url, "mail"],
              cwd=tmp_path, env={**os.environ, "PYTHONPATH": str(tmp_path)})
    said = until(ask, lambda s: s["running"] == 2)
    assert said["running"] == len(StartedJobRegistry(queue=queue).get_job_ids(cleanup=False)) == 2
    assert ask(scheduled="no")["waiting"] == queue.count == 3
    open(gate, "w").close()
    said = until(lambda: ask(scheduled="no"), lambda s: s["waiting"] + s["running"] == 0)
    assert (said["waiting"], said["running"]) == (0, 0)


# ---- Sidekiq ------------------------------------------------------------------------------------

SIDEKIQ = """
require "sidekiq"
class Hold
  include Sidekiq::Worker
  def perform(gate)
    sleep 0.02 until File.exist?(gate)
  end
end
"""

SIDEKIQ_PUSH = """
require "./work"
require "sidekiq/api"
gate = ARGV[0]
6.times { Hold.perform_async(gate) }
2.times { Hold.set(queue: "mail").perform_async(gate) }
Hold.perform_in(0.1, gate)
Hold.perform_in(3600, gate)
puts Sidekiq::Queue.new("default").size
"""

SIDEKIQ_COUNTS = """
require "./work"
require "sidekiq/api"
require "json"
puts JSON.generate(waiting: Sidekiq::Queue.new("default").size,
                   running: Sidekiq::Workers.new.count { |_, _, work| work["queue"] == "default" },
                   latency: Sidekiq::Queue.new("default").latency)
"""


@pytest.mark.skipif(not shutil.which("sidekiq"), reason="there is no Sidekiq on this machine")
def test_sidekiq(redis_server, tmp_path, start):  # noqa: F811
    (tmp_path / "work.rb").write_text(SIDEKIQ)
    environment = {**os.environ, "REDIS_URL": redis_server.url}
    gate = tmp_path / "gate"

    def ruby(script, *arguments):
        return subprocess.run(["ruby", "-e", script, *map(str, arguments)], env=environment, cwd=tmp_path,
                              check=True, capture_output=True, text=True, timeout=60).stdout

    ask = lambda **more: probe("sidekiq", url=redis_server.url, **more)  # noqa: E731
    assert ruby(SIDEKIQ_PUSH, gate).strip() == "6"
    time.sleep(0.5)
    said = ask()
    assert said["waiting"] == 7, "six, and the one that is due"
    assert ask(scheduled="no")["waiting"] == 6
    assert ask(queue="mail")["waiting"] == 2
    assert abs(said["oldest"] - json.loads(ruby(SIDEKIQ_COUNTS))["latency"]) < 5

    start(["sidekiq", "-r", "./work.rb", "-c", "2", "-q", "default"], cwd=tmp_path, env=environment)
    said = until(lambda: ask(scheduled="no"), lambda s: s["running"] == 2, 40)
    theirs = json.loads(ruby(SIDEKIQ_COUNTS))
    assert said["running"] == theirs["running"] == 2
    assert said["waiting"] == theirs["waiting"]
    assert ask(queue="mail")["running"] == 0
    gate.touch()
    said = until(ask, lambda s: s["waiting"] + s["running"] == 0, 40)
    assert (said["waiting"], said["running"]) == (0, 0)


# ---- BullMQ -------------------------------------------------------------------------------------

@pytest.mark.skipif(not shutil.which("node") or not (HERE / "node" / "node_modules" / "bullmq").exists(),
                    reason="there is no Node with BullMQ on this machine")
def test_bullmq(redis_server, tmp_path, start):  # noqa: F811
    gate = tmp_path / "gate"

    def bull(*arguments):
        done = subprocess.run(["node", HERE / "node" / "bull.js", str(redis_server.port), *arguments],
                              check=True, capture_output=True, text=True, timeout=60)
        return json.loads(done.stdout)

    ask = lambda: probe("bullmq", url=redis_server.url, queue="q")  # noqa: E731
    assert ask()["waiting"] == 0
    bull("add", "5")
    bull("add", "2", '{"priority": 3}')
    theirs = bull("add", "1", '{"delay": 3600000}')
    said = ask()
    assert (theirs["waiting"], theirs["prioritized"], theirs["delayed"]) == (5, 2, 1)
    assert (said["waiting"], said["running"], said["completed"]) == (7, 0, None)
    assert 0 < said["oldest"] < 60

    bull("add", "1", '{"delay": 100}')
    time.sleep(0.3)
    assert ask()["waiting"] == 8, "the due one counts: with no worker nobody would move it"
    bull("pause")
    assert ask()["waiting"] == 0, "while it is paused nobody could take anything"
    bull("resume")

    start(["node", HERE / "node" / "bull.js", redis_server.port, "work", "3", gate])
    said = until(ask, lambda s: s["running"] == 3)
    theirs = bull("counts")
    assert said["running"] == theirs["active"] == 3
    assert said["waiting"] == theirs["waiting"] + theirs["prioritized"] == 5
    gate.touch()
    said = until(ask, lambda s: s["completed"] == 8)
    assert (said["waiting"], said["running"], said["completed"]) == (0, 0, 8)
    assert bull("counts")["completed"] == 8
