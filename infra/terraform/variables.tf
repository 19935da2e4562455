variable "project" {
  description = "Id of the Google Cloud project, which is there and has billing."
  type        = string

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{4,28}[a-z0-9]$", var.project))
    error_message = "A project's id has 6 to 30 small letters, digits and hyphens."
  }
}

variable "region" {
  description = "Where everything runs and is kept."
  type        = string
  default     = "me-central1"

  validation {
    condition     = can(regex("^[a-z]+-[a-z]+[0-9]$", var.region))
    error_message = "Name one region, such as me-central1 or europe-west1."
  }
}

variable "time_zone" {
  description = "Where the office is: its day is `today` of a rule, its hours those of `schedule`."
  type        = string
  default     = "Asia/Riyadh"

  # A name that isn't known would be UTC without a word; Scheduler refuses it.
  validation {
    condition     = can(regex("^[A-Z][A-Za-z]+(/[A-Z][A-Za-z0-9_+-]*)+$", var.time_zone))
    error_message = "A name of the IANA database, such as Asia/Dubai or Africa/Cairo."
  }
}

variable "name" {
  description = "What the names of all resources begin with; two of them stand side by side in a project."
  type        = string
  default     = "khana"

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{2,13}[a-z0-9]$", var.name)) # the database is called so
    error_message = "From 4 to 15 small letters, digits and hyphens, no hyphen at the end."
  }
}

variable "image" {
  description = "The container of extract, by its digest: `make deploy` pushes it and fills this in."
  type        = string

  validation {
    condition     = can(regex("@sha256:[0-9a-f]{64}$", var.image))
    error_message = "Name the image by its digest (…@sha256:…): a tag may change under what runs."
  }
}

variable "drive_folders" {
  description = "Folders of Drive to watch, by link or id."
  type        = list(string)
  default     = []
}

variable "drive_subject" {
  description = "E-mail of the person that the service account acts for (domain-wide delegation)."
  type        = string
  default     = null
}

variable "drive_as_person" {
  description = "Whether a person signs in to Drive, with `khana drive login`, into a secret made here."
  type        = bool
  default     = false
}

variable "drive_push" {
  description = "Where Drive is to call when something is new: the output `page` with /v1/drive:notify; takes sign_in."
  type        = string
  default     = null

  validation {
    condition     = var.drive_push == null || can(regex("^https://.+/v1/drive:notify$", var.drive_push))
    error_message = "The API's address, as the output `page` says it, with /v1/drive:notify."
  }

  validation {
    condition     = var.drive_push == null || var.sign_in != null
    error_message = "Drive shows no ID token: it gets as far as the API only where sign_in is set."
  }
}

variable "schedule" {
  description = "How often Drive is looked at, in cron's form; six times an hour at least, or no alert tells of looks that fail."
  type        = string
  default     = "* * * * *"

  validation {
    condition     = length(split(" ", var.schedule)) == 5
    error_message = "Five parts, as in `*/5 * * * *`."
  }
}

variable "api_callers" {
  description = "Who may call the API and see the page: user:…, group:…, serviceAccount:… or domain:…."
  type        = list(string)
  default     = []

  validation {
    condition = alltrue([
      for member in var.api_callers : can(regex("^(user|group|serviceAccount|domain):[^ ]+$", member))
    ])
    error_message = "Only user:…, group:…, serviceAccount:… and domain:…: nobody gets in without a name."
  }
}

variable "sign_in" {
  description = "Has the API face the web and ask for keys or Google's sign-in itself; null leaves it to api_callers."
  type = object({
    client_id = string
    readers   = optional(string, "")
    editors   = optional(string, "")
    admins    = optional(string, "")
  })
  default = null

  validation {
    condition     = var.sign_in == null || can(regex("\\.apps\\.googleusercontent\\.com$", var.sign_in.client_id))
    error_message = "client_id is that of an OAuth client: ….apps.googleusercontent.com."
  }

  validation {
    condition     = var.sign_in == null || length(var.api_callers) == 0
    error_message = "Either sign_in or api_callers: an ID token can't be shown to both at once."
  }
}

variable "max_readers" {
  description = "Instances of extract at most: what a peak may cost, and how fast it is over."
  type        = number
  default     = 20

  validation {
    condition     = var.max_readers >= 1 && var.max_readers <= 1000
    error_message = "From 1 to 1,000."
  }
}

variable "kms_key" {
  description = "Key of Cloud KMS that encrypts all that is kept (bucket, database, topics, images, functions, secrets); Google's own if null."
  type        = string
  default     = null

  validation {
    condition = var.kms_key == null || can(regex(
      "^projects/[^/]+/locations/[^/]+/keyRings/[^/]+/cryptoKeys/[^/]+$", var.kms_key
    ))
    error_message = "projects/P/locations/L/keyRings/R/cryptoKeys/K, in the region of the rest."
  }
}

variable "access_logs" {
  description = "Whether logs are kept of who read and wrote the bucket. Google writes them, whom an organisation with domain restricted sharing lets in only by an exception."
  type        = bool
  default     = true
}

variable "alert_email" {
  description = "Who is told when something is wrong."
  type        = string

  validation {
    condition     = can(regex("^[^@ ]+@[^@ ]+$", var.alert_email))
    error_message = "An e-mail address."
  }
}

variable "billing_account" {
  description = "Billing account for the budget; no budget if null."
  type        = string
  default     = null
}

variable "monthly_budget" {
  description = "In the account's currency; half, nine tenths and all of it are told."
  type        = number
  default     = 50

  validation {
    condition     = var.monthly_budget > 0
    error_message = "More than 0."
  }
}

variable "settings" {
  description = "Other settings of docs/settings.md, for all that runs: { KHANA_TEMPLATE_NAMES = \"acme/*=acme\" }."
  type        = map(string)
  default     = {}

  validation {
    condition     = alltrue([for name in keys(var.settings) : can(regex("^KHANA_[A-Z_]+$", name))])
    error_message = "Names as in docs/settings.md: KHANA_…."
  }
}

variable "database" {
  description = "A database that was restored, which is to take the place of the one made here: docs/operate.md."
  type        = string
  default     = null

  validation {
    condition     = var.database == null || can(regex("^[a-z][a-z0-9-]{2,61}[a-z0-9]$", var.database))
    error_message = "The id of a database: from 4 to 63 small letters, digits and hyphens."
  }
}

variable "log_level" {
  description = "debug, info, warning or error."
  type        = string
  default     = "info"

  validation {
    condition     = contains(["debug", "info", "warning", "error"], var.log_level)
    error_message = "debug, info, warning or error."
  }
}

variable "keep_data" {
  description = "Whether bucket and database outlive `make destroy`; false lets it delete them."
  type        = bool
  default     = true
}
