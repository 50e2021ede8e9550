variable "controller" {
  description = "musterd's name (controller: in muster.yaml): it can touch only what carries it"
  type        = string
  default     = "muster"

  validation {
    condition     = can(regex("^[a-z0-9-]{1,40}$", var.controller))
    error_message = "Small letters, digits and '-', at most 40 characters."
  }
}

variable "image" {
  description = "machine image with muster-agent in /usr/local/bin and the agents' token in /etc/muster"
  type        = string
}

variable "controller_url" {
  description = "address at which nodes reach musterd: https://muster.internal:8420"
  type        = string
}

variable "command" {
  description = "worker command line on the nodes"
  type        = string
}

variable "pool" {
  description = "name of the pool"
  type        = string
  default     = "muster"
}

variable "slots" {
  description = "jobs a node does at a time"
  type        = number
  default     = 1
}

variable "security_groups" {
  description = "security groups of the nodes"
  type        = list(string)
  default     = []
}

variable "work_queue" {
  description = "make an SQS queue for the work, which nodes may read"
  type        = bool
  default     = true
}

variable "work_timeout_s" {
  description = "how long a job may take until its message comes back"
  type        = number
  default     = 900
}

variable "node_policies" {
  description = "ARNs of further policies that the nodes get"
  type        = set(string)
  default     = []
}
