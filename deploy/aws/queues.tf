# ---- the work ------------------------------------------------------------------------------------------

resource "aws_sqs_queue" "work_failed" {
  count                     = var.work_queue ? 1 : 0
  name                      = "${var.controller}-work-failed"
  message_retention_seconds = 1209600
  sqs_managed_sse_enabled   = true
}

resource "aws_sqs_queue" "work" {
  count                      = var.work_queue ? 1 : 0
  name                       = "${var.controller}-work"
  visibility_timeout_seconds = var.work_timeout_s
  receive_wait_time_seconds  = 20
  sqs_managed_sse_enabled    = true
  redrive_policy = jsonencode({
    deadLetterTargetArn = aws_sqs_queue.work_failed[0].arn
    maxReceiveCount     = 5
  })
}

# ---- notices: EC2 -> EventBridge -> SQS -> musterd ---------------------------------------------------

# musterd deletes what it took in. What it cannot read it leaves four times; then it is here, to be looked at.
resource "aws_sqs_queue" "notices_failed" {
  name                      = "${var.controller}-notices-failed"
  message_retention_seconds = 1209600
  sqs_managed_sse_enabled   = true
}

# A notice is of use for two minutes.
resource "aws_sqs_queue" "notices" {
  name                      = "${var.controller}-notices"
  message_retention_seconds = 900
  receive_wait_time_seconds = 20
  sqs_managed_sse_enabled   = true
  redrive_policy = jsonencode({
    deadLetterTargetArn = aws_sqs_queue.notices_failed.arn
    maxReceiveCount     = 4
  })
}

resource "aws_sqs_queue_policy" "notices" {
  queue_url = aws_sqs_queue.notices.id
  policy = replace(replace(file("${path.module}/notices-queue-policy.json"),
    "\"arn:aws:sqs:REGION:ACCOUNT:muster-notices\"", jsonencode(aws_sqs_queue.notices.arn)),
  "\"arn:aws:events:REGION:ACCOUNT:rule/muster-notices\"", jsonencode(aws_cloudwatch_event_rule.notices.arn))
}

resource "aws_cloudwatch_event_rule" "notices" {
  name          = "${var.controller}-notices"
  description   = "What EC2 says of the end of machines, for muster"
  event_pattern = file("${path.module}/notices-pattern.json")
}

resource "aws_cloudwatch_event_target" "notices" {
  rule      = aws_cloudwatch_event_rule.notices.name
  target_id = "muster"
  arn       = aws_sqs_queue.notices.arn
}
