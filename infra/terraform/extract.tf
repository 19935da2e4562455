resource "google_artifact_registry_repository" "images" {
  repository_id = var.name
  location      = var.region
  format        = "DOCKER"
  kms_key_name  = var.kms_key

  docker_config {
    immutable_tags = true
  }

  cleanup_policies {
    id     = "keep-the-newest"
    action = "KEEP"
    most_recent_versions {
      keep_count = 10
    }
  }

  cleanup_policies {
    id     = "delete-old-ones"
    action = "DELETE"
    condition {
      older_than = "7776000s" # 90 days
    }
  }

  depends_on = [google_project_service.api, google_kms_crypto_key_iam_member.agents]
}

# What Google builds the functions into. Each build moves the tags of the one before.
resource "google_artifact_registry_repository" "builds" {
  repository_id = "${var.name}-builds"
  location      = var.region
  format        = "DOCKER"
  kms_key_name  = var.kms_key

  cleanup_policies {
    id     = "keep-the-newest"
    action = "KEEP"
    most_recent_versions {
      keep_count = 10
    }
  }

  cleanup_policies {
    id     = "delete-old-ones"
    action = "DELETE"
    condition {
      older_than = "7776000s" # 90 days
    }
  }

  depends_on = [google_project_service.api, google_kms_crypto_key_iam_member.agents]
}

resource "google_cloud_run_v2_service" "extract" {
  name     = "${var.name}-extract"
  location = var.region
  # Pub/Sub and Eventarc come from inside; nobody else has anything to say here.
  ingress             = "INGRESS_TRAFFIC_INTERNAL_ONLY"
  deletion_protection = false

  template {
    service_account                  = google_service_account.of["extract"].email
    timeout                          = "300s"
    max_instance_request_concurrency = 1
    encryption_key                   = var.kms_key

    scaling {
      min_instance_count = 0
      max_instance_count = var.max_readers
    }

    containers {
      image = var.image

      resources {
        limits = {
          cpu    = "1"
          memory = "1Gi"
        }
        startup_cpu_boost = true
        cpu_idle          = true
      }

      dynamic "env" {
        for_each = local.environment
        content {
          name  = env.key
          value = env.value
        }
      }

      startup_probe {
        tcp_socket {
          port = 8080
        }
        period_seconds    = 1
        failure_threshold = 30
      }
    }
  }

  depends_on = [google_project_service.api, google_kms_crypto_key_iam_member.agents]
}

resource "google_cloud_run_v2_service_iam_member" "extract" {
  name     = google_cloud_run_v2_service.extract.name
  location = var.region
  role     = "roles/run.invoker"
  member   = google_service_account.of["push"].member
}

# The same image, its second target: reads boxes that somebody is drawing, for the API alone.
resource "google_cloud_run_v2_service" "read_now" {
  name                = "${var.name}-read-now"
  location            = var.region
  ingress             = "INGRESS_TRAFFIC_ALL" # the API stands outside a VPC, and shows an ID token
  deletion_protection = false

  template {
    service_account                  = google_service_account.of["read-now"].email
    timeout                          = "60s"
    max_instance_request_concurrency = 1
    encryption_key                   = var.kms_key

    scaling {
      min_instance_count = 0
      max_instance_count = 3
    }

    containers {
      image = var.image

      resources {
        limits = {
          cpu    = "1"
          memory = "1Gi"
        }
        startup_cpu_boost = true
        cpu_idle          = true
      }

      dynamic "env" {
        for_each = merge(var.settings, {
          FUNCTION_TARGET         = "read_now"
          FUNCTION_SIGNATURE_TYPE = "http"
          KHANA_LOG_LEVEL         = var.log_level
          KHANA_LOG_FORM          = "json"
          TZ                      = var.time_zone
        })
        content {
          name  = env.key
          value = env.value
        }
      }
    }
  }

  depends_on = [google_project_service.api, google_kms_crypto_key_iam_member.agents]
}

resource "google_cloud_run_v2_service_iam_member" "read_now" {
  name     = google_cloud_run_v2_service.read_now.name
  location = var.region
  role     = "roles/run.invoker"
  member   = google_service_account.of["api"].member
}
