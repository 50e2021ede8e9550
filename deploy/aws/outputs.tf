output "launch_template" {
  description = "launch_template: of the policy file's aws: entry"
  value       = aws_launch_template.node.id
}

output "controller_instance_profile" {
  description = "of the machine that musterd runs on"
  value       = aws_iam_instance_profile.controller.name
}

output "notices" {
  description = "aws.notices: of muster.yaml"
  value       = aws_sqs_queue.notices.url
}

output "work_queue" {
  description = "queue: { sqs: ... } of the policy file"
  value       = one(aws_sqs_queue.work[*].url)
}
