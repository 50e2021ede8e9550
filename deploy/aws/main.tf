# What muster needs in an AWS account: the controller's role, the nodes' role, and a launch template.
#
#     module "muster" {
#       source         = "./deploy/aws"
#       image          = "ami-..."
#       controller_url = "https://muster.internal:8420"
#       command        = "/opt/worker/run"
#     }

terraform {
  required_version = ">= 1.3"
  required_providers {
    aws = { source = "hashicorp/aws", version = ">= 5.0" }
  }
}

variable "image" {
  description = "machine image with muster-agent in /usr/local/bin and the agents' token in /etc/muster"
  type        = string
}

variable "controller_url" {
  description = "address at which nodes reach musterd"
  type        = string
}

variable "command" {
  description = "worker command line on the nodes"
  type        = string
}

variable "pool" {
  type    = string
  default = "muster"
}

variable "slots" {
  description = "jobs a node does at a time"
  type        = number
  default     = 1
}

variable "security_groups" {
  type    = list(string)
  default = []
}

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
  name               = "muster-controller"
  assume_role_policy = data.aws_iam_policy_document.ec2.json
}

resource "aws_iam_role_policy" "controller" {
  role   = aws_iam_role.controller.id
  policy = file("${path.module}/policy.json")
}

resource "aws_iam_instance_profile" "controller" {
  name = "muster-controller"
  role = aws_iam_role.controller.name
}

resource "aws_iam_role" "node" {
  name               = "muster-node"
  assume_role_policy = data.aws_iam_policy_document.ec2.json
}

resource "aws_iam_instance_profile" "node" {
  name = "muster-node"
  role = aws_iam_role.node.name
}

resource "aws_launch_template" "node" {
  name                                 = "muster-${var.pool}"
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

output "launch_template" {
  value = aws_launch_template.node.id
}

output "controller_instance_profile" {
  value = aws_iam_instance_profile.controller.name
}
