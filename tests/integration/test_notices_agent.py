"""muster-agent --watch, against a small metadata service that is as strict as the clouds' own."""

import os
import sys

import pytest

from musterd import ROOT
from test_agent import Agent, controller, patient, wait_until  # noqa: F401

sys.path.insert(0, os.path.join(ROOT, "tests", "fakes"))

from metadata import Metadata  # noqa: E402

LONG = 60
ACTION = '{"action": "terminate", "time": "2026-11-22T08:22:00Z"}'
ADVICE = '{"noticeTime": "2026-11-22T08:22:00Z"}'


@pytest.fixture
def watched(controller, tmp_path, monkeypatch):  # noqa: F811
    """A function: an agent with --watch on a machine of this cloud."""
    running = []

    def begin(cloud, watch):
        service = Metadata(cloud).start()
        for name, value in service.environment.items():
            monkeypatch.setenv(name, value)
        monkeypatch.delenv("AWS_EC2_METADATA_DISABLED", raising=False)
        agent = Agent(controller, tmp_path, patient(tmp_path), "--watch", watch)
        running.extend([agent, service])
        controller.wait_state("ready", LONG)
        wait_until((tmp_path / "pid").exists, LONG)
        return agent, service

    yield begin
    for one in running:
        if isinstance(one, Metadata):
            one.stop()
        elif one.process.poll() is None:
            one.process.terminate()
            one.wait(LONG)


def expect_end(controller, agent, folder):  # noqa: F811
    """The worker was told at once, musterd too; the agent stays until its machine is taken."""
    controller.wait(lambda beat: beat.get("interrupted") and beat["state"] in ("draining", "drained"), LONG)
    drained = controller.wait_state("drained", LONG)
    assert drained["interrupted"] is True
    assert (folder / "end").exists(), "the worker could finish"
    assert agent.process.poll() is None
    assert "takes this machine back" in agent.log() or "maintenance" in agent.log()


@pytest.mark.parametrize("watch", ["aws", "auto"])
def test_ec2_takes_the_machine_back(controller, watched, tmp_path, watch):  # noqa: F811
    agent, service = watched("aws", watch)
    controller.wait(lambda beat: beat["state"] == "ready" and "interrupted" not in beat, LONG)
    wait_until(lambda: service.count("/latest/meta-data/spot/instance-action") > 0, LONG)
    controller.say(every_s=3600)  # it does not wait for the next heartbeat
    service.forget_tokens()  # the session has ended meanwhile: a new one is asked for
    service.set("spot/instance-action", ACTION)
    expect_end(controller, agent, tmp_path)


def test_ec2_recommends_to_replace_it(controller, watched, tmp_path):  # noqa: F811
    agent, service = watched("aws", "aws")
    service.set("events/recommendations/rebalance", ADVICE)
    controller.wait(lambda beat: beat.get("rebalance") and beat["state"] == "ready", LONG)
    assert (agent.busy / ".rebalance").exists(), "the worker can see it"
    assert not (tmp_path / "end").exists(), "and works on"
    service.set("spot/instance-action", '{"action": "stop", "time": "2026-11-22T08:22:00Z"}')
    expect_end(controller, agent, tmp_path)


@pytest.mark.parametrize("watch, path, word", [("gcp", "preempted", "TRUE"), ("auto", "preempted", "TRUE"),
                                               ("gcp", "maintenance-event", "TERMINATE_ON_HOST_MAINTENANCE")])
def test_google_takes_the_machine_back(controller, watched, tmp_path, watch, path, word):  # noqa: F811
    agent, service = watched("gcp", watch)
    # The second question waits for a change.
    wait_until(lambda: service.count("/computeMetadata/v1/instance/" + path) > 1, LONG)
    service.set("maintenance-event", "MIGRATE_ON_HOST_MAINTENANCE" if path == "preempted" else word)
    service.set(path, word)
    expect_end(controller, agent, tmp_path)


def test_a_service_that_is_ill_is_asked_again(controller, watched, tmp_path):  # noqa: F811
    agent, service = watched("aws", "aws")
    service.broken = True
    wait_until(lambda: "notices cannot be read" in agent.log(), LONG)
    service.broken = False
    wait_until(lambda: "notices can be read again" in agent.log(), LONG)
    service.set("spot/instance-action", "not what EC2 says")
    wait_until(lambda: "makes no sense" in agent.log(), LONG)
    assert not (tmp_path / "end").exists()
    service.set("spot/instance-action", ACTION)
    expect_end(controller, agent, tmp_path)
