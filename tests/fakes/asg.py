"""One Auto Scaling group on the fake EC2, with what moto does not do: bounds that are kept, answers that are lost,
groups that cannot be filled.

    group = FakeGroup("workers", least=1, most=6).start()
    group.room = 3                                   # it gets no more machines than so many
    group.fault("SetDesiredCapacity", "lose")        # as of FakeEC2
"""

import time

from ec2 import FakeEC2, Instance, Refusal, tree, xml

NAMESPACE = "http://autoscaling.amazonaws.com/doc/2011-01-01/"


class FakeGroup(FakeEC2):
    def __init__(self, name, least=0, most=10, desired=0, tags=None):
        super().__init__()
        self.name, self.least, self.most, self.desired = name, least, most, desired
        self.labels = dict(tags or {})
        self.handed_on = {"aws:autoscaling:groupName": name}  # to the machines it makes
        self.members = {}     # id -> [state, since]
        self.suspended = []
        self.room = 10**9
        self.made = 0
        self.first_s = 0.3    # a new machine shows so much after the capacity was set
        self.due = None

    @staticmethod
    def success(action, answer):
        if action == "DescribeInstances":
            return FakeEC2.success(action, answer)
        inner = "".join(xml(k, v).replace("<item>", "<member>").replace("</item>", "</member>")
                        for k, v in answer.items())
        return f'<{action}Response xmlns="{NAMESPACE}"><{action}Result>{inner}</{action}Result>' \
               f"<ResponseMetadata><RequestId>fake</RequestId></ResponseMetadata></{action}Response>"

    @staticmethod
    def failure(refusal):
        return f'<ErrorResponse xmlns="{NAMESPACE}">' + xml("Error", {
            "Type": "Sender", "Code": refusal.code, "Message": refusal.message}) + \
            "<RequestId>fake</RequestId></ErrorResponse>"

    # ---- what time does -----------------------------------------------------------------------------

    def living(self):
        with self.lock:
            self.settle()
            return [i for i, (state, _) in self.members.items() if not state.startswith("Terminat")]

    def settle(self):
        now = time.time()
        for member, (state, since) in list(self.members.items()):
            if state == "Pending" and now - since > self.boot_s:
                self.members[member] = ["InService", now]
                self.instances[member].state = "running"
            if state == "Terminating" and now - since > self.end_s:
                del self.members[member]
                self.instances[member].state = "terminated"
        alive = [i for i, (state, _) in self.members.items() if not state.startswith("Terminat")]
        missing = min(self.desired, self.room) - len(alive)
        if missing <= 0 or "Launch" in self.suspended:
            self.due = None
        elif self.due is None:
            self.due = now + self.first_s
        elif now >= self.due:
            for _ in range(missing):
                new = Instance(next(self.numbers), "c5.large", "eu-central-1a", "on-demand", dict(self.handed_on), None)
                self.instances[new.id] = new
                self.members[new.id] = ["Pending", now]
                self.made += 1
            self.most_alive = max(self.most_alive, len(alive) + missing)
        for member in alive[self.desired:]:
            self.members[member] = ["Terminating", now]  # which one is its own choice

    # ---- calls --------------------------------------------------------------------------------------

    def check(self, form):
        if form.get("AutoScalingGroupName") != self.name:
            raise Refusal("ValidationError", "AutoScalingGroup name not found - null")

    def do_DescribeAutoScalingGroups(self, form):
        if form.get("AutoScalingGroupNames.member.1") != self.name:
            return {"AutoScalingGroups": []}
        tags = [{"ResourceId": self.name, "ResourceType": "auto-scaling-group", "Key": k, "Value": v,
                 "PropagateAtLaunch": False} for k, v in self.labels.items()]
        return {"AutoScalingGroups": [{
            "AutoScalingGroupName": self.name, "MinSize": self.least, "MaxSize": self.most,
            "DesiredCapacity": self.desired, "DefaultCooldown": 300, "AvailabilityZones": ["eu-central-1a"],
            "HealthCheckType": "EC2", "CreatedTime": "2026-01-01T00:00:00Z",
            "Instances": [{"InstanceId": i, "InstanceType": "c5.large", "AvailabilityZone": "eu-central-1a",
                           "LifecycleState": state, "HealthStatus": "Healthy", "ProtectedFromScaleIn": True}
                          for i, (state, _) in self.members.items()],
            "SuspendedProcesses": [{"ProcessName": p, "SuspensionReason": "by its owner"} for p in self.suspended],
            "Tags": tags, "NewInstancesProtectedFromScaleIn": True}]}

    def do_CreateOrUpdateTags(self, form):
        for tag in tree(form)["Tags"]["member"].values():
            self.labels[tag["Key"]] = tag["Value"]
            if tag["PropagateAtLaunch"] == "true":
                self.handed_on[tag["Key"]] = tag["Value"]
        return {}

    def do_SetDesiredCapacity(self, form):
        self.check(form)
        wanted = int(form["DesiredCapacity"])
        if not self.least <= wanted <= self.most:
            raise Refusal("ValidationError", f"New SetDesiredCapacity value {wanted} is above max value or below min "
                                             f"value for the AutoScalingGroup.")
        self.desired = wanted
        return {}

    def do_TerminateInstanceInAutoScalingGroup(self, form):
        member = form["InstanceId"]
        if member not in self.members:
            raise Refusal("ValidationError", f"Instance Id not found - No managed instance found for instance ID {member}")
        if form["ShouldDecrementDesiredCapacity"] == "true":
            if self.desired - 1 < self.least:
                raise Refusal("ValidationError", "Currently, desiredSize equals minSize. Terminating instance without "
                                                 "replacement will violate group's min size constraint. Either set "
                                                 "shouldDecrementDesiredCapacity flag to false or lower group's min size.")
            self.desired -= 1
        self.members[member] = ["Terminating", time.time()]
        return {"Activity": {"ActivityId": "a-1", "AutoScalingGroupName": self.name, "StatusCode": "InProgress",
                             "Cause": "asked for", "StartTime": "2026-01-01T00:00:00Z", "Progress": 0}}
