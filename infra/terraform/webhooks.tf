# Who is to be told of an invoice is told once a minute; what doesn't arrive waits in the database.

resource "google_cloudfunctions2_function" "webhooks" {
  name         = "${var.name}-webhooks"
  location     = var.region
  description  = "Tells webhooks what became of invoices."
  kms_key_name = var.kms_key

  build_config {
    runtime           = "python311"
    entry_point       = "webhooks"
    service_account   = google_service_account.of["build"].id
    docker_repository = google_artifact_registry_repository.builds.id

    source {
      storage_source {
        bucket = google_storage_bucket_object.source["webhooks"].bucket
        object = google_storage_bucket_object.source["webhooks"].name
      }
    }
  }

  service_config {
    service_account_email            = google_service_account.of["webhooks"].email
    ingress_settings                 = "ALLOW_INTERNAL_ONLY" # Scheduler alone calls it
    timeout_seconds                  = 120
    available_memory                 = "512Mi"
    available_cpu                    = "1"
    max_instance_count               = 2
    max_instance_request_concurrency = 1
    environment_variables            = local.environment
  }

  depends_on = [
    google_kms_crypto_key_iam_member.agents,
    google_project_iam_member.of,
    google_storage_bucket_iam_member.build,
    google_artifact_registry_repository_iam_member.build,
  ]
}

resource "google_cloud_run_v2_service_iam_member" "webhooks" {
  name     = google_cloudfunctions2_function.webhooks.name
  location = var.region
  role     = "roles/run.invoker"
  member   = google_service_account.of["push"].member
}

resource "google_cloud_scheduler_job" "tell" {
  name             = "${var.name}-tell"
  region           = var.region
  schedule         = "* * * * *"
  time_zone        = var.time_zone
  attempt_deadline = "120s"

  http_target {
    uri         = google_cloudfunctions2_function.webhooks.service_config[0].uri
    http_method = "POST"

    oidc_token {
      service_account_email = google_service_account.of["push"].email
      audience              = google_cloudfunctions2_function.webhooks.service_config[0].uri
    }
  }

  # The next round comes soon enough.
  retry_config {
    retry_count = 0
  }
}
