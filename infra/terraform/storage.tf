# The bucket of invoices. Whoever deletes an invoice deletes its object; versioning and soft deletion
# give a mistake a month.
resource "google_storage_bucket" "invoices" {
  name          = "${var.project}-${var.name}"
  location      = var.region
  force_destroy = !var.keep_data

  uniform_bucket_level_access = true
  public_access_prevention    = "enforced"

  versioning {
    enabled = true
  }

  soft_delete_policy {
    retention_duration_seconds = 7 * 24 * 3600
  }

  lifecycle_rule {
    action {
      type = "Delete"
    }
    condition {
      days_since_noncurrent_time = 30
      with_state                 = "ARCHIVED"
    }
  }

  # Invoices are looked at for weeks and kept for years.
  lifecycle_rule {
    action {
      type          = "SetStorageClass"
      storage_class = "NEARLINE"
    }
    condition {
      age = 90
    }
  }

  lifecycle_rule {
    action {
      type = "AbortIncompleteMultipartUpload"
    }
    condition {
      age = 2
    }
  }

  dynamic "logging" {
    for_each = var.access_logs ? [google_storage_bucket.logs.name] : []
    content {
      log_bucket        = logging.value
      log_object_prefix = "invoices"
    }
  }

  dynamic "encryption" {
    for_each = var.kms_key[*]
    content {
      default_kms_key_name = encryption.value
    }
  }

  depends_on = [google_kms_crypto_key_iam_member.agents]
}

# Who read and wrote what, and the sources that the functions are built from.
resource "google_storage_bucket" "logs" {
  name          = "${var.project}-${var.name}-logs"
  location      = var.region
  force_destroy = !var.keep_data

  uniform_bucket_level_access = true
  public_access_prevention    = "enforced"

  versioning {
    enabled = true
  }

  lifecycle_rule {
    action {
      type = "Delete"
    }
    condition {
      age            = 400
      matches_prefix = ["invoices"]
    }
  }

  dynamic "encryption" {
    for_each = var.kms_key[*]
    content {
      default_kms_key_name = encryption.value
    }
  }

  depends_on = [google_kms_crypto_key_iam_member.agents]
}

# Cloud Storage writes its access logs as this.
resource "google_storage_bucket_iam_member" "access_logs" {
  count = var.access_logs ? 1 : 0

  bucket = google_storage_bucket.logs.name
  role   = "roles/storage.objectCreator"
  member = "group:cloud-storage-analytics@google.com"
}

locals {
  # drive_watch creates; extract reads, and creates what announces the other pages of a file that
  # holds an invoice a page; the API does both, has objects read again and deletes.
  bucket_roles = {
    "drive-watch creates" = { account = "drive-watch", role = "roles/storage.objectCreator" }
    "drive-watch reads"   = { account = "drive-watch", role = "roles/storage.objectViewer" }
    "extract reads"       = { account = "extract", role = "roles/storage.objectViewer" }
    "extract creates"     = { account = "extract", role = "roles/storage.objectCreator" }
    "api"                 = { account = "api", role = "roles/storage.objectUser" }
  }
}

resource "google_storage_bucket_iam_member" "invoices" {
  for_each = local.bucket_roles

  bucket = google_storage_bucket.invoices.name
  role   = each.value.role
  member = google_service_account.of[each.value.account].member
}

# Every service that keeps something of Khana's encrypts it with the key, as an agent of its own.
resource "google_kms_crypto_key_iam_member" "agents" {
  for_each = var.kms_key == null ? {} : {
    storage   = local.storage_agent
    pubsub    = local.pubsub_agent
    database  = "serviceAccount:${local.agent}gcp-sa-firestore.iam.gserviceaccount.com"
    images    = "serviceAccount:${local.agent}gcp-sa-artifactregistry.iam.gserviceaccount.com"
    run       = "serviceAccount:${local.agent}serverless-robot-prod.iam.gserviceaccount.com"
    functions = "serviceAccount:${local.agent}gcf-admin-robot.iam.gserviceaccount.com"
    secrets   = "serviceAccount:${local.agent}gcp-sa-secretmanager.iam.gserviceaccount.com"
  }

  crypto_key_id = var.kms_key
  role          = "roles/cloudkms.cryptoKeyEncrypterDecrypter"
  member        = each.value
  depends_on    = [google_project_service.api]
}
