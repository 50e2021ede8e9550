"""muster-agent against a controller of a few lines: run gate, heartbeats, drain, ends of all kinds."""

import os
import pathlib
import signal
import subprocess
import time

import pytest

from controller import Controller

BUILD = pathlib.Path(os.environ.get("BUILD", "build")).resolve()
AGENT = BUILD / "muster-agent"


@pytest.fixture
def controller():
    c = Controller()
    yield c
    c.close()


class Agent:
    """One running muster-agent, its folder, and what it started."""

    def __init__(self, controller, folder, command, *options):
        self.folder = folder
        self.busy = folder / "busy"
        arguments = [AGENT, "--controller", controller.url, "--node", "n1", "--pool", "p",
                     "--busy-dir", self.busy, "--log", folder / "log", *options, "--", *command]
        self.process = subprocess.Popen([str(a) for a in arguments], start_new_session=True)

    def log(self):
        return (self.folder / "log").read_text()

    def wait(self, seconds=10):
        return self.process.wait(seconds)


@pytest.fixture
def start(controller, tmp_path):
    agents = []

    def start_agent(command, *options, to=controller):
        agents.append(Agent(to, tmp_path, command, *options))
        return agents[-1]

    yield start_agent
    for agent in agents:
        if agent.process.poll() is None:
            agent.process.kill()
            agent.process.wait()
    # Whatever a failed test left of its node.
    mark = f"MUSTER_BUSY_DIR={tmp_path}".encode()
    for pid in processes_with(mark):
        os.kill(pid, signal.SIGKILL)


def processes_with(mark):
    found = []
    for entry in pathlib.Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                if mark in (entry / "environ").read_bytes():
                    found.append(int(entry.name))
            except OSError:
                pass
    return found


def wait_until(condition, seconds=10):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it never happened"
        time.sleep(0.01)


def shell(text):
    return ["/bin/sh", "-c", text]


# A worker that finishes what it does when it is told to stop.
PATIENT = "trap 'stop=1' TERM; echo $$ > pid; while [ -z \"$stop\" ]; do sleep 0.05; done; sleep 0.3; echo over > end"


def patient(folder):
    return shell(f"cd {folder}; {PATIENT}")


def test_life_of_a_node(controller, start, tmp_path):
    agent = start(patient(tmp_path), "--slots", "4", "--worker-version", "v7")
    ready = controller.wait_state("ready")
    assert ready["path"] == "/v1/nodes/n1/heartbeat"
    assert ready["pool"] == "p" and ready["slots"] == 4 and ready["version"] == "v7"
    assert "busy" not in ready, "a worker that never marked a job is of unknown business"
    wait_until((tmp_path / "pid").exists)
    controller.say(drain=True)
    controller.wait_state("draining")
    drained = controller.wait_state("drained")
    assert (tmp_path / "end").exists(), "drained before the worker had finished"
    assert drained["busy"] == 0 and "exit_status" not in drained
    assert controller.states() == ["booting", "ready", "draining", "drained"]
    seqs = [beat["seq"] for beat in controller.beats]
    assert seqs == sorted(set(seqs)), "seq must grow"
    assert len({beat["boot_id"] for beat in controller.beats}) == 1
    # It stays, drained, until it is terminated.
    time.sleep(0.5)
    assert agent.process.poll() is None
    agent.process.terminate()
    assert agent.wait(2) == 0


def test_state_changes_are_told_at_once(controller, start, tmp_path):
    controller.say(every_s=30)
    start(shell("trap 'exit 0' TERM; while :; do sleep 0.02; done"))
    began = time.monotonic()
    controller.wait_state("ready")
    assert time.monotonic() - began < 2


def test_no_contact_no_work(controller, start, tmp_path):
    controller.say(status=404)
    agent = start(shell(f"touch {tmp_path}/ran; sleep 100"))
    controller.wait(lambda beat: True)
    time.sleep(1.5)
    assert not (tmp_path / "ran").exists()
    assert agent.process.poll() is None, "an unknown node keeps trying"
    assert len(controller.beats) >= 2
    controller.say(status=200, run=False)
    time.sleep(1.2)
    assert not (tmp_path / "ran").exists(), "run: false"
    controller.say(run=True)
    controller.wait_state("ready")
    wait_until((tmp_path / "ran").exists)


def test_drained_before_it_ever_ran(controller, start, tmp_path):
    controller.say(run=False, drain=True)
    start(shell(f"touch {tmp_path}/ran"))
    controller.wait_state("drained")
    assert not (tmp_path / "ran").exists()


def test_boot_delay_is_silent(controller, start):
    began = time.monotonic()
    start(["sleep", "100"], "--boot-delay", "700ms")
    first = controller.wait(lambda beat: True)
    assert first["at"] - began > 0.65 and first["state"] == "booting"


def test_sigterm_drains_and_leaves(controller, start, tmp_path):
    agent = start(patient(tmp_path))
    controller.wait_state("ready")
    wait_until((tmp_path / "pid").exists)
    agent.process.terminate()
    assert agent.wait() == 0
    assert (tmp_path / "end").exists()
    assert controller.states()[-1] == "drained"


@pytest.mark.parametrize("command, status, exit_status", [("exit 0", 0, 0), ("exit 3", 3, 1),
                                                          ("kill -9 $$", 137, 1)])
def test_worker_ends_by_itself(controller, start, command, status, exit_status):
    agent = start(shell(command))
    assert agent.wait() == exit_status
    assert controller.beats[-1]["state"] == "drained"
    assert controller.beats[-1]["exit_status"] == status


def test_worker_that_cannot_be_started(controller, start):
    agent = start(["/nowhere/worker"])
    assert agent.wait() == 1
    assert controller.beats[-1]["state"] == "drained"
    assert controller.beats[-1]["exit_status"] == 127
    assert "/nowhere/worker: No such file" in agent.log()


def test_bad_directory_is_named(controller, start):
    agent = start(["true"], "--directory", "/nowhere")
    assert agent.wait() == 1
    assert "cannot change to the directory /nowhere" in agent.log()


def test_copies(controller, start, tmp_path):
    start(shell(f"touch {tmp_path}/copy-$MUSTER_COPY-$MUSTER_SLOTS; sleep 100"), "--slots", "4",
          "--copies", "2")
    wait_until(lambda: len(list(tmp_path.glob("copy-*"))) == 2)
    assert sorted(p.name for p in tmp_path.glob("copy-*")) == ["copy-0-2", "copy-1-2"]


def test_one_copy_gone_drains_the_others(controller, start, tmp_path):
    agent = start(shell(f'[ $MUSTER_COPY = 1 ] && exit 5; cd {tmp_path}; {PATIENT}'), "--copies", "2")
    assert agent.wait() == 1
    assert (tmp_path / "end").exists(), "the other copy could finish"
    assert controller.beats[-1]["exit_status"] == 5


def test_busy_files(controller, start, tmp_path):
    agent = start(shell("sleep 100"), "--slots", "4")
    controller.wait_state("ready")
    (agent.busy / ".used").touch()
    controller.wait(lambda beat: beat.get("busy") == 0)
    (agent.busy / "a").touch()
    (agent.busy / "b").write_text(f"{os.getpid()}\n")
    controller.wait(lambda beat: beat.get("busy") == 2 and beat["idle_s"] == 0)
    dead = subprocess.Popen(["true"])
    dead.wait()
    (agent.busy / "c").write_text(str(dead.pid))
    time.sleep(0.5)
    assert controller.beats[-1]["busy"] == 2, "a file of a dead process is no job"
    (agent.busy / "a").unlink()
    (agent.busy / "b").unlink()
    (agent.busy / "c").unlink()
    served = controller.wait(lambda beat: beat.get("served", 0) > 0 and beat.get("busy") == 0)
    total = sum(beat.get("served", 0) for beat in controller.beats)
    assert total == 3, "each job once"
    assert 0.2 < served["served_mean_s"] < 5
    time.sleep(0.5)
    assert controller.beats[-1]["idle_s"] > 0.2 and "served" not in controller.beats[-1]


def test_busy_command(controller, start, tmp_path):
    (tmp_path / "n").write_text("3\n")
    start(shell("sleep 100"), "--slots", "4", "--busy-command", f"cat {tmp_path}/n")
    for text, busy in [("3\n", 3), ("nonsense", None), ("0", 0), ("5", 4)]:
        (tmp_path / "n").write_text(text)
        controller.wait_state("ready")
        wait_until(lambda: controller.beats[-1].get("busy") == busy)


def test_musterd_away_the_work_goes_on(controller, start, tmp_path):
    agent = start(patient(tmp_path))
    controller.wait_state("ready")
    controller.close()
    time.sleep(2)
    assert agent.process.poll() is None and not (tmp_path / "end").exists()
    back = Controller(port=controller.port)
    try:
        back.wait_state("ready", 15)
    finally:
        back.close()
    assert "the controller answers again" in agent.log()


def test_token_is_read_anew(controller, start, tmp_path):
    token = tmp_path / "token"
    token.write_text("first\n")
    agent = start(["sleep", "100"], "--token-file", token)
    controller.wait_state("ready")
    assert controller.headers[0]["Authorization"] == "Bearer first"
    token.write_text("second\n")
    wait_until(lambda: controller.headers[-1]["Authorization"] == "Bearer second")
    assert "first" not in agent.log() and "second" not in agent.log()
    environment = pathlib.Path(f"/proc/{agent.process.pid}/environ").read_text()
    assert "first" not in environment


def test_sigkill_of_the_agent_lets_the_worker_finish(controller, start, tmp_path):
    agent = start(patient(tmp_path))
    controller.wait_state("ready")
    wait_until((tmp_path / "pid").exists)
    time.sleep(0.1)
    agent.process.kill()
    wait_until((tmp_path / "end").exists)


def test_job_that_outlives_its_shell(controller, start, tmp_path):
    """sh dies of SIGTERM, the program it runs works on: that is not drained yet."""
    job = tmp_path / "job"
    job.write_text("trap 'stop=1' TERM; touch up; while [ -z \"$stop\" ]; do sleep 0.05; done; sleep 0.5; touch end\n")
    agent = start(shell(f"cd {tmp_path}; sh ./job; echo never"))
    wait_until((tmp_path / "up").exists)
    time.sleep(0.1)
    agent.process.terminate()
    assert agent.wait() == 0
    assert (tmp_path / "end").exists()


def test_leftovers_are_stopped(controller, start, tmp_path):
    """A daemon that the worker left in a session of its own does not outlive the node."""
    agent = start(shell(f"cd {tmp_path}; setsid sh -c 'trap \"\" TERM; echo $$ > daemon; sleep 1000' & "
                        f"until [ -s daemon ]; do sleep 0.02; done; {PATIENT}"))
    wait_until((tmp_path / "pid").exists)
    daemon = int((tmp_path / "daemon").read_text())
    agent.process.terminate()
    assert agent.wait() == 0
    assert (tmp_path / "end").exists()
    assert not pathlib.Path(f"/proc/{daemon}").exists()
    assert not processes_with(f"MUSTER_BUSY_DIR={tmp_path}".encode())


def test_drain_signal(controller, start, tmp_path):
    agent = start(shell(f"trap 'touch {tmp_path}/usr1; exit 0' USR1; trap '' TERM; touch {tmp_path}/up; "
                        "while :; do sleep 0.05; done"), "--drain-signal", "USR1")
    wait_until((tmp_path / "up").exists)
    agent.process.terminate()
    assert agent.wait() == 0
    assert (tmp_path / "usr1").exists()


def test_two_agents_of_one_node(controller, start, tmp_path):
    start(["sleep", "100"], "--state-dir", tmp_path)
    controller.wait_state("ready")
    second = start(["sleep", "100"], "--state-dir", tmp_path)
    assert second.wait() == 2
    assert "another agent runs" in second.log()


def test_log_is_bounded(controller, start, tmp_path):
    start(shell("yes 0123456789012345678901234567890123456789 | head -c 30000000; sleep 100"))
    controller.wait_state("ready")
    wait_until(lambda: (tmp_path / "log.1").exists())
    time.sleep(2.5)
    assert (tmp_path / "log").stat().st_size <= 9 << 20


def test_settings_from_the_environment(controller, tmp_path):
    environment = {"PATH": os.environ["PATH"], "MUSTER_CONTROLLER": controller.url,
                   "MUSTER_NODE": "i-1", "MUSTER_POOL": "p", "MUSTER_SLOTS": "3"}
    process = subprocess.Popen([AGENT, "sh", "-c", f"env > {tmp_path}/env"], env=environment)
    assert process.wait(10) == 0
    assert controller.beats[0]["path"] == "/v1/nodes/i-1/heartbeat"
    seen = (tmp_path / "env").read_text().split("\n")
    assert "MUSTER_NODE=i-1" in seen and "MUSTER_SLOTS=3" in seen
    assert not [line for line in seen if line.startswith("MUSTER_CONTROLLER")]
    busy_dir = next(line for line in seen if line.startswith("MUSTER_BUSY_DIR=")).split("=")[1]
    assert not os.path.exists(busy_dir), "the temporary busy folder is removed"


@pytest.mark.parametrize("arguments, text", [
    ([], "--controller is missing"),
    (["--controler", "x"], "did you mean --controller?"),
    (["--controller", "ftp://x", "--node", "n", "--pool", "p", "--", "true"], "no http(s) address"),
    (["--controller", "http://x", "--node", "../n", "--pool", "p", "--", "true"], "no node's id"),
    (["--controller", "http://x", "--node", "n", "--pool", "p"], "no worker command"),
    (["--slots", "many"], "--slots"),
    (["--node"], "--node needs a value"),
])
def test_usage(arguments, text):
    done = subprocess.run([AGENT, *arguments], capture_output=True, text=True)
    assert done.returncode == 2 and text in done.stderr


def test_help():
    done = subprocess.run([AGENT, "--help"], capture_output=True, text=True)
    assert done.returncode == 0 and "--boot-delay" in done.stdout and done.stderr == ""
