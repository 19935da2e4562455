resource "google_firestore_database" "results" {
  name        = var.name
  location_id = var.region
  type        = "FIRESTORE_NATIVE"

  concurrency_mode                  = "OPTIMISTIC"
  point_in_time_recovery_enablement = "POINT_IN_TIME_RECOVERY_ENABLED"
  delete_protection_state           = var.keep_data ? "DELETE_PROTECTION_ENABLED" : "DELETE_PROTECTION_DISABLED"
  deletion_policy                   = "DELETE"

  dynamic "cmek_config" {
    for_each = var.kms_key[*]
    content {
      kms_key_name = cmek_config.value
    }
  }

  depends_on = [google_project_service.api, google_kms_crypto_key_iam_member.agents]
}

# What is used; a restored one comes with the indexes of its backup.
locals {
  database = var.database == null ? google_firestore_database.results.name : var.database
}

# Declared once, beside the code whose queries need them; its tests hold the queries to them.
locals {
  declared = jsondecode(file("${path.module}/../../core/adapters/google/firestore.indexes.json"))

  indexes = {
    for index in local.declared.indexes :
    join(",", concat([index.collectionGroup], [
      for field in index.fields : "${field.fieldPath} ${field.order}"
    ])) => index
  }
  unindexed = {
    for field in local.declared.fieldOverrides :
    "${field.collectionGroup}.${field.fieldPath}" => field
  }
}

resource "google_firestore_index" "query" {
  for_each = local.indexes

  database    = google_firestore_database.results.name
  collection  = each.value.collectionGroup
  query_scope = each.value.queryScope

  dynamic "fields" {
    for_each = each.value.fields
    content {
      field_path = fields.value.fieldPath
      order      = fields.value.order
    }
  }
}

# What nobody looks for need not be indexed, and costs nothing to write.
resource "google_firestore_field" "unindexed" {
  for_each = local.unindexed

  database   = google_firestore_database.results.name
  collection = each.value.collectionGroup
  field      = each.value.fieldPath

  index_config {}
}

resource "google_firestore_backup_schedule" "daily" {
  database  = google_firestore_database.results.name
  retention = "1209600s" # 14 days

  daily_recurrence {}
}

resource "google_firestore_backup_schedule" "weekly" {
  database  = google_firestore_database.results.name
  retention = "8467200s" # 14 weeks, the longest

  weekly_recurrence {
    day = "SUNDAY"
  }
}
