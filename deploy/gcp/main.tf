# What muster needs in a Google Cloud project: the controller's service account with a role of its own, the
# nodes' service account, and an instance template. One project; one controller.
#
#     module "muster" {
#       source         = "./deploy/gcp"
#       project        = "acme"
#       region         = "europe-west3"
#       image          = "projects/debian-cloud/global/images/family/debian-12"
#       controller_url = "https://muster.internal:8420"
#       agent_url      = "https://files.internal/muster-agent"
#       command        = "/opt/worker/run"
#     }

terraform {
  required_version = ">= 1.3"
  required_providers {
    google = { source = "hashicorp/google", version = ">= 5.0" }
  }
}

variable "project" { type = string }
variable "region" { type = string }
variable "image" { type = string }
variable "controller_url" { type = string }
variable "agent_url" { type = string }
variable "command" { type = string }

variable "machine_type" {
  type    = string
  default = "n2-standard-4"
}

variable "network" {
  type    = string
  default = "default"
}

locals {
  role = yamldecode(file("${path.module}/role.yaml"))
}

# ---- the controller --------------------------------------------------------------------------------

resource "google_project_iam_custom_role" "controller" {
  project     = var.project
  role_id     = "muster"
  title       = local.role.title
  description = local.role.description
  permissions = [for p in local.role.includedPermissions : p if p != "compute.instances.delete"]
}

# Apart from the rest, since it alone can be limited to machines that bear muster's name.
resource "google_project_iam_custom_role" "deleter" {
  project     = var.project
  role_id     = "musterDeleter"
  title       = "muster: delete its own machines"
  permissions = ["compute.instances.delete"]
}

resource "google_service_account" "controller" {
  project      = var.project
  account_id   = "muster-controller"
  display_name = "muster, the controller"
}

resource "google_project_iam_member" "controller" {
  project = var.project
  role    = google_project_iam_custom_role.controller.id
  member  = google_service_account.controller.member
}

resource "google_project_iam_member" "deleter" {
  project = var.project
  role    = google_project_iam_custom_role.deleter.id
  member  = google_service_account.controller.member
  condition {
    title      = "machines of muster"
    expression = "resource.type != 'compute.googleapis.com/Instance' || resource.name.extract('/instances/{name}').startsWith('muster-')"
  }
}

# ---- the nodes -------------------------------------------------------------------------------------

resource "google_service_account" "node" {
  project      = var.project
  account_id   = "muster-node"
  display_name = "muster, the nodes"
}

# Whoever makes machines that run as an account needs to be allowed to use it.
resource "google_service_account_iam_member" "use_node" {
  service_account_id = google_service_account.node.name
  role               = "roles/iam.serviceAccountUser"
  member             = google_service_account.controller.member
}

resource "google_compute_instance_template" "node" {
  project      = var.project
  name_prefix  = "muster-node-"
  region       = var.region
  machine_type = var.machine_type
  disk {
    source_image = var.image
    auto_delete  = true
    boot         = true
  }
  network_interface {
    network = var.network
  }
  service_account {
    email  = google_service_account.node.email
    scopes = ["cloud-platform"]
  }
  lifecycle {
    create_before_destroy = true
  }
}

output "offer" {
  description = "an entry for buy.offers of a policy file"
  value = yamlencode({ gcp = {
    project    = var.project
    region     = var.region
    zones      = ["a", "b", "c"]
    template   = google_compute_instance_template.node.name
    types      = { (var.machine_type) = 4 }
    controller = var.controller_url
    agent      = var.agent_url
    command    = var.command
  } })
}
