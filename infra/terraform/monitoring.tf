# What each alert means and what to do: docs/operate.md.

resource "google_monitoring_notification_channel" "email" {
  display_name = "${var.name}: whoever is on duty"
  type         = "email"

  labels = {
    email_address = var.alert_email
  }

  depends_on = [google_project_service.api]
}

# What the functions say when it happens, by the filter that finds it. tests/infra holds both to it.
locals {
  said = {
    given-up = {
      title = "Invoices could not be read"
      by    = google_cloud_run_v2_service.extract.name
      words = "given up:"
    }
    sign-in = {
      title = "Drive refuses the sign-in"
      by    = google_cloudfunctions2_function.drive_watch.name
      words = "sign in again|sign_in_|no_credentials|unsafe_credentials"
    }
  }

  found = {
    for key, each in local.said : key => join(" ", [
      "resource.type=\"cloud_run_revision\"",
      "resource.labels.service_name=\"${each.by}\"",
      "(textPayload=~\"${each.words}\" OR jsonPayload.message=~\"${each.words}\")",
    ])
  }
}

resource "google_logging_metric" "said" {
  for_each = local.said

  name        = "${var.name}-${each.key}"
  description = each.value.title
  filter      = local.found[each.key]

  metric_descriptor {
    metric_kind = "DELTA"
    value_type  = "INT64"
    unit        = "1"
  }
}

# By the log itself and not by the metric, which Monitoring knows some minutes after it was made, so
# that the first deployment would fail:
# https://github.com/hashicorp/terraform-provider-google/issues/11102
resource "google_monitoring_alert_policy" "said" {
  for_each = local.said

  display_name          = "${var.name}: ${each.value.title}"
  combiner              = "OR"
  notification_channels = [google_monitoring_notification_channel.email.id]

  conditions {
    display_name = each.value.title

    condition_matched_log {
      filter = local.found[each.key]
    }
  }

  documentation {
    content   = "What it means and what to do: docs/operate.md, under `${each.key}`."
    mime_type = "text/markdown"
  }

  alert_strategy {
    auto_close = "86400s"

    notification_rate_limit {
      period = "3600s"
    }
  }
}

locals {
  requests = "metric.type=\"run.googleapis.com/request_count\" resource.type=\"cloud_run_revision\""
  of_subscription = join(" ", [
    "metric.type=\"pubsub.googleapis.com/subscription/%s\"",
    "resource.type=\"pubsub_subscription\"",
    "resource.labels.subscription_id=\"%s\"",
  ])

  # Each sums or takes the largest of `filter` over `window`, and rings above `above` for `lasting`.
  alerts = {
    # A look that waits for a busy Drive fails after some minutes, and the next one waits for its end:
    # in ten minutes there are three.
    drive-fails = {
      title   = "Looks at Drive fail"
      filter  = "${local.requests} resource.labels.service_name=\"${google_cloudfunctions2_function.drive_watch.name}\" metric.labels.response_code_class=\"5xx\""
      reducer = "ALIGN_DELTA"
      window  = "3600s"
      above   = 5
      lasting = "0s"
    }
    queue-old = {
      title   = "Invoices wait for more than 15 minutes"
      filter  = format(local.of_subscription, "oldest_unacked_message_age", google_pubsub_subscription.extract.name)
      reducer = "ALIGN_MAX"
      window  = "60s"
      above   = 900
      lasting = "300s"
    }
    dead-letters = {
      title   = "Events ended as dead letters"
      filter  = format(local.of_subscription, "num_undelivered_messages", google_pubsub_subscription.dead.name)
      reducer = "ALIGN_MAX"
      window  = "60s"
      above   = 0
      lasting = "0s"
    }
    webhooks-fail = {
      title   = "Webhooks are not told"
      filter  = "${local.requests} resource.labels.service_name=\"${google_cloudfunctions2_function.webhooks.name}\" metric.labels.response_code_class=\"5xx\""
      reducer = "ALIGN_DELTA"
      window  = "3600s"
      above   = 5
      lasting = "0s"
    }
    api-fails = {
      title   = "The API answers with faults of its own"
      filter  = "${local.requests} resource.labels.service_name=\"${google_cloudfunctions2_function.api.name}\" metric.labels.response_code_class=\"5xx\""
      reducer = "ALIGN_DELTA"
      window  = "300s"
      above   = 10
      lasting = "0s"
    }
  }
}

resource "google_monitoring_alert_policy" "of" {
  for_each = local.alerts

  display_name          = "${var.name}: ${each.value.title}"
  combiner              = "OR"
  notification_channels = [google_monitoring_notification_channel.email.id]

  conditions {
    display_name = each.value.title

    condition_threshold {
      filter          = each.value.filter
      comparison      = "COMPARISON_GT"
      threshold_value = each.value.above
      duration        = each.value.lasting

      aggregations {
        alignment_period     = each.value.window
        per_series_aligner   = each.value.reducer
        cross_series_reducer = each.value.reducer == "ALIGN_DELTA" ? "REDUCE_SUM" : "REDUCE_MAX"
      }
    }
  }

  documentation {
    content   = "What it means and what to do: docs/operate.md, under `${each.key}`."
    mime_type = "text/markdown"
  }

  alert_strategy {
    auto_close = "86400s"
  }
}

# Nothing at all is the failure that no error tells of. Looks that work are missed, not calls: who may
# not call is refused (403) each minute.
resource "google_monitoring_alert_policy" "no_looks" {
  display_name          = "${var.name}: No look at Drive works"
  combiner              = "OR"
  notification_channels = [google_monitoring_notification_channel.email.id]

  conditions {
    display_name = "No look that worked for an hour"

    condition_absent {
      filter   = "${local.requests} resource.labels.service_name=\"${google_cloudfunctions2_function.drive_watch.name}\" metric.labels.response_code_class=\"2xx\""
      duration = "3600s"

      aggregations {
        alignment_period     = "300s"
        per_series_aligner   = "ALIGN_DELTA"
        cross_series_reducer = "REDUCE_SUM"
      }
    }
  }

  documentation {
    content   = "What it means and what to do: docs/operate.md, under `no-looks`."
    mime_type = "text/markdown"
  }
}

locals {
  charts = concat([
    { title = "Looks at Drive, by answer", filter = "${local.requests} resource.labels.service_name=\"${google_cloudfunctions2_function.drive_watch.name}\"", aligner = "ALIGN_RATE", by = "metric.label.response_code_class" },
    { title = "Readings, by answer", filter = "${local.requests} resource.labels.service_name=\"${google_cloud_run_v2_service.extract.name}\"", aligner = "ALIGN_RATE", by = "metric.label.response_code_class" },
    { title = "Time of a reading, p95 (ms)", filter = "metric.type=\"run.googleapis.com/request_latencies\" resource.type=\"cloud_run_revision\" resource.labels.service_name=\"${google_cloud_run_v2_service.extract.name}\"", aligner = "ALIGN_PERCENTILE_95", by = "resource.label.service_name" },
    { title = "Invoices that wait", filter = format(local.of_subscription, "num_undelivered_messages", google_pubsub_subscription.extract.name), aligner = "ALIGN_MAX", by = "resource.label.subscription_id" },
    { title = "Age of the oldest that waits (s)", filter = format(local.of_subscription, "oldest_unacked_message_age", google_pubsub_subscription.extract.name), aligner = "ALIGN_MAX", by = "resource.label.subscription_id" },
    { title = "The API, by answer", filter = "${local.requests} resource.labels.service_name=\"${google_cloudfunctions2_function.api.name}\"", aligner = "ALIGN_RATE", by = "metric.label.response_code_class" },
    ], [
    for key, each in local.said :
    { title = each.title, filter = "metric.type=\"logging.googleapis.com/user/${google_logging_metric.said[key].name}\" resource.type=\"cloud_run_revision\"", aligner = "ALIGN_RATE", by = "resource.label.service_name" }
  ])
}

resource "google_monitoring_dashboard" "khana" {
  dashboard_json = jsonencode({
    displayName = var.name
    gridLayout = {
      columns = "2"
      widgets = [
        for chart in local.charts : {
          title = chart.title
          xyChart = {
            dataSets = [{
              timeSeriesQuery = {
                timeSeriesFilter = {
                  filter = chart.filter
                  aggregation = {
                    alignmentPeriod    = "60s"
                    perSeriesAligner   = chart.aligner
                    crossSeriesReducer = chart.aligner == "ALIGN_RATE" ? "REDUCE_SUM" : "REDUCE_MAX"
                    groupByFields      = [chart.by]
                  }
                }
              }
            }]
          }
        }
      ]
    }
  })
}

resource "google_billing_budget" "month" {
  count = var.billing_account == null ? 0 : 1

  billing_account = var.billing_account
  display_name    = var.name

  budget_filter {
    projects = ["projects/${data.google_project.this.number}"]
  }

  amount {
    specified_amount {
      units = tostring(floor(var.monthly_budget))
    }
  }

  dynamic "threshold_rules" {
    for_each = [0.5, 0.9, 1.0]
    content {
      threshold_percent = threshold_rules.value
    }
  }

  all_updates_rule {
    monitoring_notification_channels = [google_monitoring_notification_channel.email.id]
  }
}
