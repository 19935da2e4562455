# One account for each function, and each may do what its code calls for and nothing else. The roles
# on single things stand beside those things.

locals {
  accounts = {
    drive-watch = "Follows Drive, fills the bucket"
    extract     = "Reads what is in the bucket"
    read-now    = "Reads boxes that are being drawn; may do nothing"
    api         = "Serves the API and the page"
    webhooks    = "Tells webhooks what became of invoices"
    build       = "Builds the functions"
    push        = "Pub/Sub and Scheduler call the functions as this"
  }

  # Only whole projects have roles for these. Written out: checkov looks at each grant, but at none
  # that it would have to compute.
  project_roles = {
    "drive-watch database" = { account = "drive-watch", role = "roles/datastore.user" }
    "extract database"     = { account = "extract", role = "roles/datastore.user" }
    "api database"         = { account = "api", role = "roles/datastore.user" }
    "webhooks database"    = { account = "webhooks", role = "roles/datastore.user" }
    "drive-watch traces"   = { account = "drive-watch", role = "roles/telemetry.tracesWriter" }
    "drive-watch metrics"  = { account = "drive-watch", role = "roles/telemetry.metricsWriter" }
    "extract traces"       = { account = "extract", role = "roles/telemetry.tracesWriter" }
    "extract metrics"      = { account = "extract", role = "roles/telemetry.metricsWriter" }
    "api traces"           = { account = "api", role = "roles/telemetry.tracesWriter" }
    "api metrics"          = { account = "api", role = "roles/telemetry.metricsWriter" }
    "webhooks traces"      = { account = "webhooks", role = "roles/telemetry.tracesWriter" }
    "webhooks metrics"     = { account = "webhooks", role = "roles/telemetry.metricsWriter" }
    "build logs"           = { account = "build", role = "roles/logging.logWriter" }
    "build sources"        = { account = "build", role = "roles/storage.objectViewer" }
    "push events"          = { account = "push", role = "roles/eventarc.eventReceiver" }
  }

  # Of a role that is for one thing alone, for which. Of the databases of the project that is the one
  # that Khana uses; of the buckets the one that Google puts each function's source into before it is built, and
  # makes itself with the first.
  narrowed = {
    "roles/datastore.user" = {
      title      = "${var.name}-database"
      expression = "resource.name == \"projects/${var.project}/databases/${local.database}\""
    }
    "roles/storage.objectViewer" = {
      title      = "${var.name}-sources"
      expression = "resource.name.startsWith(\"projects/_/buckets/gcf-v2-sources-${data.google_project.this.number}-${var.region}\")"
    }
  }
}

resource "google_service_account" "of" {
  for_each = local.accounts

  account_id   = "${var.name}-${each.key}"
  display_name = each.value
  depends_on   = [google_project_service.api]
}

resource "google_project_iam_member" "of" {
  for_each = local.project_roles

  project = var.project
  role    = each.value.role
  member  = google_service_account.of[each.value.account].member

  dynamic "condition" {
    for_each = lookup(local.narrowed, each.value.role, null)[*]
    content {
      title      = condition.value.title
      expression = condition.value.expression
    }
  }
}

# Acting for a person without a key takes a signature of the account's own.
resource "google_service_account_iam_member" "signs_for_itself" {
  count = var.drive_subject == null ? 0 : 1

  service_account_id = google_service_account.of["drive-watch"].name
  role               = "roles/iam.serviceAccountTokenCreator"
  member             = google_service_account.of["drive-watch"].member
}

# What Google's own services do with what is ours, as their agents.
locals {
  agent         = "service-${data.google_project.this.number}@"
  pubsub_agent  = "serviceAccount:${local.agent}gcp-sa-pubsub.iam.gserviceaccount.com"
  storage_agent = "serviceAccount:${local.agent}gs-project-accounts.iam.gserviceaccount.com"
}
