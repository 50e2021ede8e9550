# What muster needs in an AWS account: the controller's role, the nodes' role, queues, a launch template,
# and a rule that brings EC2's notices. One region; one controller.
#
#     module "muster" {
#       source         = "./deploy/aws"
#       image          = "ami-..."
#       controller_url = "https://muster.internal:8420"
#       command        = "/opt/worker/run"
#     }
#
# The rights are the JSON files beside this one, with the controller's name in place of "muster".

terraform {
  required_version = ">= 1.3"
  required_providers {
    aws = { source = "hashicorp/aws", version = ">= 5.0" }
  }
}

data "aws_partition" "here" {}

locals {
  arn = "arn:${data.aws_partition.here.partition}:"
  # Tags' values, then the names of what this module makes, then the partition.
  documents = {
    for name in ["policy", "node-policy"] : name => replace(replace(replace(
      file("${path.module}/${name}.json"),
      "\"muster\"", "\"${var.controller}\""),
      "/(role/|:)muster-(node|work|notices)\"/", "$${1}${var.controller}-$${2}\""),
    "arn:aws:", local.arn)
  }
}

# ---- the controller's role -------------------------------------------------------------------------

data "aws_iam_policy_document" "ec2" {
  statement {
    actions = ["sts:AssumeRole"]
    principals {
      type        = "Service"
      identifiers = ["ec2.amazonaws.com"]
    }
  }
}

resource "aws_iam_role" "controller" {
  name               = "${var.controller}-controller"
  assume_role_policy = data.aws_iam_policy_document.ec2.json
}

resource "aws_iam_role_policy" "controller" {
  name   = "muster"
  role   = aws_iam_role.controller.id
  policy = local.documents["policy"]
}

resource "aws_iam_instance_profile" "controller" {
  name = "${var.controller}-controller"
  role = aws_iam_role.controller.name
}

# ---- nodes -----------------------------------------------------------------------------------------

resource "aws_iam_role" "node" {
  name               = "${var.controller}-node"
  assume_role_policy = data.aws_iam_policy_document.ec2.json
}

resource "aws_iam_role_policy" "node" {
  count  = var.work_queue ? 1 : 0
  name   = "work"
  role   = aws_iam_role.node.id
  policy = local.documents["node-policy"]
}

resource "aws_iam_role_policy_attachment" "node" {
  for_each   = var.node_policies
  role       = aws_iam_role.node.name
  policy_arn = each.value
}

resource "aws_iam_instance_profile" "node" {
  name = "${var.controller}-node"
  role = aws_iam_role.node.name
}

resource "aws_launch_template" "node" {
  name                                 = "${var.controller}-${var.pool}"
  image_id                             = var.image
  vpc_security_group_ids               = var.security_groups
  instance_initiated_shutdown_behavior = "terminate"
  update_default_version               = true

  iam_instance_profile { name = aws_iam_instance_profile.node.name }

  metadata_options {
    http_tokens                 = "required"
    http_put_response_hop_limit = 2
  }

  user_data = base64encode(<<-EOT
    #!/bin/sh
    set -u
    imds=http://169.254.169.254/latest
    token=$(curl -fsS -X PUT -H 'X-aws-ec2-metadata-token-ttl-seconds: 300' $imds/api/token)
    node=$(curl -fsS -H "X-aws-ec2-metadata-token: $token" $imds/meta-data/instance-id)
    exec /usr/local/bin/muster-agent --controller '${var.controller_url}' --node "$node" --pool '${var.pool}' \
        --slots ${var.slots} --token-file /etc/muster/agent.token --watch aws -- /bin/sh -c '${var.command}'
  EOT
  )
}
