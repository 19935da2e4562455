output "page" {
  description = "The page and the API."
  value       = google_cloudfunctions2_function.api.service_config[0].uri
}

output "drive_account" {
  description = "Share the folders of Drive with this address, as a viewer."
  value       = google_service_account.of["drive-watch"].email
}

output "drive_sign_in" {
  description = "Where `khana drive login --drive-sign-in` keeps a person's sign-in."
  value       = one([for name, each in google_secret_manager_secret.of : each.id if name == "drive-sign-in"])
}

output "bucket" {
  description = "Keeps the files."
  value       = google_storage_bucket.invoices.name
}

output "database" {
  description = "Keeps the results."
  value       = local.database
}

output "images" {
  description = "Where images are pushed."
  value       = "${var.region}-docker.pkg.dev/${var.project}/${google_artifact_registry_repository.images.name}"
}

output "dashboard" {
  description = "How it goes."
  value       = "https://console.cloud.google.com/monitoring/dashboards/builder/${basename(google_monitoring_dashboard.khana.id)}?project=${var.project}"
}
