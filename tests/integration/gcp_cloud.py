"""Google Cloud as the tests need it: the fake, Google's own clients pointed at it, and musterd's settings for it."""

import json
import os
import shutil
import subprocess
import sys

import pytest

from musterd import ROOT

sys.path.insert(0, os.path.join(ROOT, "tests", "fakes"))

PROJECT = "muster-test"
PROJECT_PATH = "/compute/v1/projects/" + PROJECT


class Gcloud:
    """Google's command line, with an account of its own in a scratch folder; needs the Google Cloud CLI installed."""

    def __init__(self, folder, cloud):
        if not shutil.which("gcloud"):
            pytest.skip("gcloud (Google Cloud CLI) is not installed")
        token = os.path.join(str(folder), "gcloud-token")
        with open(token, "w", encoding="utf-8") as file:
            file.write(cloud.tokens.make("gcloud", "by hand"))
        self.environment = os.environ | {
            "CLOUDSDK_API_ENDPOINT_OVERRIDES_COMPUTE": cloud.url + "/compute/v1/",
            "CLOUDSDK_AUTH_ACCESS_TOKEN_FILE": token, "CLOUDSDK_CONFIG": os.path.join(str(folder), "gcloud"),
            "CLOUDSDK_CORE_PROJECT": PROJECT, "CLOUDSDK_CORE_CHECK_GCE_METADATA": "False",
            "CLOUDSDK_CORE_DISABLE_PROMPTS": "1", "CLOUDSDK_CORE_DISABLE_USAGE_REPORTING": "1",
            "CLOUDSDK_COMPONENT_MANAGER_DISABLE_UPDATE_CHECK": "1"}

    def run(self, *words):
        """`gcloud compute WORDS...`; the finished process with its texts."""
        return subprocess.run(["gcloud", "compute", *words], env=self.environment, stdin=subprocess.DEVNULL,
                              capture_output=True, text=True, timeout=300)

    def __call__(self, *words):
        """What it prints as JSON; it must succeed."""
        done = self.run(*words, "--format=json")
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout or "null")


class Library:
    """Google's Python library for Compute Engine, with a service account's key."""

    def __init__(self, folder, cloud):
        from google.cloud import compute_v1
        from google.oauth2 import service_account
        self.types = compute_v1
        token = service_account.Credentials.from_service_account_file(
            cloud.tokens.key_file(folder, cloud.url + "/token"),
            scopes=["https://www.googleapis.com/auth/cloud-platform"])

        def client(kind):
            transport = kind.get_transport_class("rest")
            return kind(transport=transport(host=cloud.url.removeprefix("http://"), url_scheme="http",
                                            credentials=token))

        self.instances = client(compute_v1.InstancesClient)
        self.regional = client(compute_v1.RegionInstancesClient)
        self.zone_operations = client(compute_v1.ZoneOperationsClient)
        self.region_operations = client(compute_v1.RegionOperationsClient)
        self.groups = client(compute_v1.InstanceGroupManagersClient)

    def wait(self, operation):
        """The operation when it is done."""
        while operation.status != self.types.Operation.Status.DONE:
            if operation.zone:
                operation = self.zone_operations.wait(project=PROJECT, operation=operation.name,
                                                      zone=operation.zone.rsplit("/", 1)[1])
            else:
                operation = self.region_operations.wait(project=PROJECT, operation=operation.name,
                                                        region=operation.region.rsplit("/", 1)[1])
        return operation

    def list(self, label_filter=""):
        request = self.types.AggregatedListInstancesRequest(project=PROJECT, filter=label_filter)
        return [machine for _, scope in self.instances.aggregated_list(request=request) for machine in scope.instances]


def names(found):
    """The names of machines as either client, or the fake, has them."""
    return sorted(one["name"] if isinstance(one, dict) else one.name for one in found)


def codes(operation):
    """The codes of an operation's errors, as the library reads them."""
    return [error.code for error in operation.error.errors]
