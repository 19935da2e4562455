# drive_watch and api, built by Google from the source that infra/package.py packs.

locals {
  environment = merge(var.settings, local.given)

  given = {
    KHANA_BACKEND   = "google"
    KHANA_PROJECT   = var.project
    KHANA_BUCKET    = google_storage_bucket.invoices.name
    KHANA_DATABASE  = local.database
    KHANA_LOG_LEVEL = var.log_level
    KHANA_LOG_FORM  = "json"
    KHANA_TELEMETRY = "google"
    TZ              = var.time_zone

    # Monitoring drops each point that doesn't say where it is from:
    # https://cloud.google.com/stackdriver/docs/reference/telemetry/v1.metrics
    OTEL_RESOURCE_ATTRIBUTES = "cloud.region=${var.region}"
  }

  # Either Cloud Run asks who is there, or the API does.
  guard = var.sign_in == null ? { KHANA_ACCESS = "none" } : {
    KHANA_ACCESS           = "required"
    KHANA_GOOGLE_CLIENT_ID = var.sign_in.client_id
    KHANA_READERS          = var.sign_in.readers
    KHANA_EDITORS          = var.sign_in.editors
    KHANA_ADMINS           = var.sign_in.admins
  }

  sign_in = var.drive_as_person ? {
    KHANA_DRIVE_SIGN_IN = google_secret_manager_secret.of["drive-sign-in"].id
    } : var.drive_subject == null ? {} : {
    KHANA_DRIVE_SUBJECT = var.drive_subject
  }
}

resource "google_storage_bucket_object" "source" {
  for_each = toset(["drive_watch", "api", "webhooks"])

  bucket = google_storage_bucket.logs.name
  name   = "source/${each.key}-${filemd5("${path.module}/../../build/${each.key}.zip")}.zip"
  source = "${path.module}/../../build/${each.key}.zip"
}

resource "google_storage_bucket_iam_member" "build" {
  bucket = google_storage_bucket.logs.name
  role   = "roles/storage.objectViewer"
  member = google_service_account.of["build"].member
}

resource "google_artifact_registry_repository_iam_member" "build" {
  repository = google_artifact_registry_repository.builds.name
  location   = var.region
  role       = "roles/artifactregistry.writer"
  member     = google_service_account.of["build"].member
}

resource "google_cloudfunctions2_function" "drive_watch" {
  name         = "${var.name}-drive-watch"
  location     = var.region
  description  = "Looks at Drive and takes in what is new."
  kms_key_name = var.kms_key

  build_config {
    runtime           = "python311"
    entry_point       = "drive_watch"
    service_account   = google_service_account.of["build"].id
    docker_repository = google_artifact_registry_repository.builds.id

    source {
      storage_source {
        bucket = google_storage_bucket_object.source["drive_watch"].bucket
        object = google_storage_bucket_object.source["drive_watch"].name
      }
    }
  }

  service_config {
    service_account_email            = google_service_account.of["drive-watch"].email
    ingress_settings                 = "ALLOW_ALL" # the API calls it too; nobody without an ID token
    timeout_seconds                  = 540
    available_memory                 = "512Mi"
    available_cpu                    = "1"
    max_instance_count               = 2
    max_instance_request_concurrency = 1

    environment_variables = merge(local.environment, local.sign_in, {
      KHANA_DRIVE_FOLDERS = join(",", var.drive_folders)
      KHANA_DRIVE_PUSH    = var.drive_push == null ? "" : var.drive_push
      KHANA_WATCH_TIMEOUT = "300"
    })
  }

  depends_on = [
    google_project_iam_member.of,
    google_storage_bucket_iam_member.build,
    google_artifact_registry_repository_iam_member.build,
    google_kms_crypto_key_iam_member.agents,
  ]
}

resource "google_cloudfunctions2_function" "api" {
  name         = "${var.name}-api"
  location     = var.region
  description  = "Serves the API and the page."
  kms_key_name = var.kms_key

  build_config {
    runtime           = "python311"
    entry_point       = "api"
    service_account   = google_service_account.of["build"].id
    docker_repository = google_artifact_registry_repository.builds.id

    source {
      storage_source {
        bucket = google_storage_bucket_object.source["api"].bucket
        object = google_storage_bucket_object.source["api"].name
      }
    }
  }

  service_config {
    service_account_email            = google_service_account.of["api"].email
    ingress_settings                 = "ALLOW_ALL"
    timeout_seconds                  = 300
    available_memory                 = "1Gi"
    available_cpu                    = "1"
    max_instance_count               = 10
    max_instance_request_concurrency = 8

    environment_variables = merge(local.environment, local.guard, {
      KHANA_FONT            = "DejaVuSans.ttf" # infra/package.py puts it there
      KHANA_DRIVE_WATCH_URL = google_cloudfunctions2_function.drive_watch.service_config[0].uri
      KHANA_READ_NOW_URL    = google_cloud_run_v2_service.read_now.uri
      THREADS               = "8" # as many as come in at once; functions-framework has four a CPU
    })

    dynamic "secret_environment_variables" {
      for_each = var.sign_in[*]
      content {
        key        = "KHANA_GOOGLE_CLIENT_SECRET"
        project_id = var.project
        secret     = google_secret_manager_secret.of["client-secret"].secret_id
        version    = "latest"
      }
    }
  }

  depends_on = [
    google_project_iam_member.of,
    google_storage_bucket_iam_member.build,
    google_artifact_registry_repository_iam_member.build,
    google_kms_crypto_key_iam_member.agents,
  ]
}

locals {
  drive_watch_callers = {
    scheduler = google_service_account.of["push"].member
    api       = google_service_account.of["api"].member
  }
}

resource "google_cloud_run_v2_service_iam_member" "drive_watch" {
  for_each = local.drive_watch_callers

  name     = google_cloudfunctions2_function.drive_watch.name
  location = var.region
  role     = "roles/run.invoker"
  member   = each.value
}

resource "google_cloud_run_v2_service_iam_member" "api" {
  # Strangers get as far as the API, which asks for a proof, where it is told to (local.guard).
  for_each = toset(var.sign_in == null ? var.api_callers : ["allUsers"])

  name     = google_cloudfunctions2_function.api.name
  location = var.region
  role     = "roles/run.invoker"
  member   = each.value
}

locals {
  # Each is there where it is wanted, for one account alone.
  secrets = {
    drive-sign-in = { wanted = var.drive_as_person, account = "drive-watch" }
    client-secret = { wanted = var.sign_in != null, account = "api" }
  }
}

resource "google_secret_manager_secret" "of" {
  for_each = { for name, each in local.secrets : name => each if each.wanted }

  secret_id = "${var.name}-${each.key}"

  replication {
    user_managed {
      replicas {
        location = var.region

        dynamic "customer_managed_encryption" {
          for_each = var.kms_key[*]
          content {
            kms_key_name = customer_managed_encryption.value
          }
        }
      }
    }
  }

  depends_on = [google_project_service.api, google_kms_crypto_key_iam_member.agents]
}

resource "google_secret_manager_secret_iam_member" "of" {
  for_each = google_secret_manager_secret.of

  secret_id = each.value.id
  role      = "roles/secretmanager.secretAccessor"
  member    = google_service_account.of[local.secrets[each.key].account].member
}
