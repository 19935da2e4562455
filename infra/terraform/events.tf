# From the bucket to extract: a storage notification is a message of Pub/Sub, pushed until it is
# acknowledged. After the last try it is a dead letter, and extract tells the invoice so.

resource "google_pubsub_topic" "incoming" {
  name                       = "${var.name}-incoming"
  kms_key_name               = var.kms_key
  message_retention_duration = "604800s" # 7 days, for a replay of everything
  depends_on                 = [google_project_service.api, google_kms_crypto_key_iam_member.agents]
}

resource "google_pubsub_topic" "dead" {
  name         = "${var.name}-dead"
  kms_key_name = var.kms_key
  depends_on   = [google_project_service.api, google_kms_crypto_key_iam_member.agents]
}

resource "google_storage_notification" "incoming" {
  bucket             = google_storage_bucket.invoices.name
  topic              = google_pubsub_topic.incoming.id
  payload_format     = "JSON_API_V1" # a push without data is none to functions-framework (400)
  event_types        = ["OBJECT_FINALIZE"]
  object_name_prefix = "invoices/"
  depends_on         = [google_pubsub_topic_iam_member.publishers]
}

resource "google_pubsub_subscription" "extract" {
  name  = "${var.name}-extract"
  topic = google_pubsub_topic.incoming.id

  ack_deadline_seconds       = 300 # as long as a request to extract may take
  message_retention_duration = "604800s"

  push_config {
    push_endpoint = google_cloud_run_v2_service.extract.uri

    oidc_token {
      service_account_email = google_service_account.of["push"].email
      audience              = google_cloud_run_v2_service.extract.uri
    }
  }

  retry_policy {
    minimum_backoff = "10s"
    maximum_backoff = "600s"
  }

  dead_letter_policy {
    dead_letter_topic     = google_pubsub_topic.dead.id
    max_delivery_attempts = 10
  }

  expiration_policy {
    ttl = "" # never
  }

  depends_on = [google_cloud_run_v2_service_iam_member.extract]
}

resource "google_eventarc_trigger" "dead" {
  name            = "${var.name}-dead"
  location        = var.region
  service_account = google_service_account.of["push"].email

  matching_criteria {
    attribute = "type"
    value     = "google.cloud.pubsub.topic.v1.messagePublished"
  }

  transport {
    pubsub {
      topic = google_pubsub_topic.dead.id
    }
  }

  destination {
    cloud_run_service {
      service = google_cloud_run_v2_service.extract.name
      region  = var.region
    }
  }

  depends_on = [
    google_project_iam_member.of,
    google_cloud_run_v2_service_iam_member.extract,
  ]
}

# Dead letters stay to be looked at, whatever becomes of the call.
resource "google_pubsub_subscription" "dead" {
  name                       = "${var.name}-dead"
  topic                      = google_pubsub_topic.dead.id
  message_retention_duration = "2678400s" # 31 days

  expiration_policy {
    ttl = ""
  }
}

locals {
  topic_roles = {
    "storage tells of objects"        = { topic = google_pubsub_topic.incoming.name, member = local.storage_agent }
    "Pub/Sub puts dead letters there" = { topic = google_pubsub_topic.dead.name, member = local.pubsub_agent }
  }
}

resource "google_pubsub_topic_iam_member" "publishers" {
  for_each = local.topic_roles

  topic  = each.value.topic
  role   = "roles/pubsub.publisher"
  member = each.value.member
}

# To move a message to the dead letters, Pub/Sub takes it from where it was.
resource "google_pubsub_subscription_iam_member" "dead" {
  subscription = google_pubsub_subscription.extract.name
  role         = "roles/pubsub.subscriber"
  member       = local.pubsub_agent
}

resource "google_service_account_iam_member" "pubsub_signs" {
  service_account_id = google_service_account.of["push"].name
  role               = "roles/iam.serviceAccountTokenCreator"
  member             = local.pubsub_agent
}

resource "google_cloud_scheduler_job" "look" {
  name             = "${var.name}-look"
  region           = var.region
  schedule         = var.schedule
  time_zone        = var.time_zone
  attempt_deadline = "600s"

  http_target {
    uri         = google_cloudfunctions2_function.drive_watch.service_config[0].uri
    http_method = "POST"

    oidc_token {
      service_account_email = google_service_account.of["push"].email
      audience              = google_cloudfunctions2_function.drive_watch.service_config[0].uri
    }
  }

  # The next look comes soon enough.
  retry_config {
    retry_count = 0
  }
}
