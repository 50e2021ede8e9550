"""The JSON Schema of policy files says the same as the reader: what one takes the other takes."""

import json
import os
import pathlib
import subprocess

import jsonschema
import pytest
import yaml

BUILD = pathlib.Path(os.environ.get("BUILD", "build")).resolve()
MUSTER = BUILD / "muster"
ROOT = pathlib.Path(__file__).resolve().parents[2]
SAMPLES = sorted([*ROOT.glob("policies/examples/*.yaml"), *ROOT.glob("deploy/examples/*.yaml")])

GOOD = """
queue: { redis: { list: jobs } }
slots: { max: 8 }
scale: [ backlog ]
buy: { offers: [ local: { command: work } ] }
"""


def check(*arguments):
    return subprocess.run([MUSTER, "check", *arguments], capture_output=True, text=True, timeout=60)


@pytest.fixture(scope="module")
def validator():
    schema = json.loads(check("--schema").stdout)
    jsonschema.Draft202012Validator.check_schema(schema)
    return jsonschema.Draft202012Validator(schema)


def mistakes(validator, text):
    return [error.message for error in validator.iter_errors(yaml.safe_load(text))]


@pytest.mark.parametrize("path", SAMPLES, ids=lambda path: path.name)
def test_samples_fit(validator, path):
    assert mistakes(validator, path.read_text()) == []


@pytest.mark.parametrize("path", SAMPLES, ids=lambda path: path.name)
def test_what_is_printed_fits(validator, path):
    printed = check("--print-effective", path)
    assert printed.returncode == 0, printed.stdout + printed.stderr
    assert mistakes(validator, printed.stdout) == []


# Each is a whole section that replaces one of GOOD's, or joins them; all are refused by both.
BAD = {
    "unknown section": "healht: { boot: 1m }",
    "unknown setting": "health: { boott: 1m }",
    "no unit": "health: { boot: 60 }",
    "not a number": "slots: { max: lots }",
    "below the range": "slots: { max: -1 }",
    "required setting missing": "slots: { min: 1 }",
    "no source": "queue: { every: 5s }",
    "two sources": "queue: { redis: { list: a }, rq: { queue: b } }",
    "unknown source": "queue: { redsi: { list: a } }",
    "no policy": "scale: []",
    "policies as a map": "scale: { backlog: { per_slot: 1 } }",
    "two policies in an entry": "scale: [ { backlog: { per_slot: 1 }, fixed: { slots: 1 } } ]",
    "unknown policy": "scale: [ backlok ]",
    "policy without its settings": "scale: [ drain ]",
    "no offers": "buy: { prefer: price }",
    "bad rate": "pace: { out: { at_most: 100 } }",
    "bad percentage": "health: { panic_above: 40 }",
    "bad money": "budget: { per_hour: 25 }",
    "bad choice": "buy: { prefer: dearest, offers: [ local: { command: w } ] }",
    "bad order": "release: { prefer: [ugly] }",
    "never where it cannot be": "health: { boot: never }",
    "bad name": "pool: My Pool",
    "a list for a section": "release: [idle]",
}


@pytest.mark.parametrize("section", BAD.values(), ids=BAD.keys())
def test_both_refuse(validator, tmp_path, section):
    key = section.partition(":")[0]
    others = [line for line in GOOD.splitlines() if line.partition(":")[0] != key]
    text = "\n".join([*others, section]) + "\n"
    path = tmp_path / "pool.yaml"
    path.write_text(text)
    checked = check(path)
    assert checked.returncode == 1, checked.stdout + checked.stderr
    assert mistakes(validator, text), "the schema takes it"


def test_good_is_good(validator, tmp_path):
    path = tmp_path / "pool.yaml"
    path.write_text(GOOD)
    assert check(path).returncode == 0
    assert mistakes(validator, GOOD) == []
