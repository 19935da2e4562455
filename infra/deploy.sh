#!/usr/bin/env bash
# Puts Khana on Google Cloud, and takes it away:  infra/deploy.sh plan|deploy|destroy|smoke
# With terraform.tfvars and state.gcs.tfbackend in infra/terraform: docs/deploy.md.
set -euo pipefail
cd "$(dirname "$0")/.."
TERRAFORM=(terraform -chdir=infra/terraform)
PYTHON=.venv/bin/python

say() { printf '%s\n' "$*" >&2; }

check() {
  local missing=()
  for tool in "$@"; do
    command -v "$tool" >/dev/null || missing+=("$tool")
  done
  if ((${#missing[@]})); then
    say "Missing here: ${missing[*]}. See docs/deploy.md, \"What you need\"."
    exit 1
  fi
  for file in terraform.tfvars state.gcs.tfbackend; do
    if [[ ! -f infra/terraform/$file ]]; then
      say "infra/terraform/$file is missing: copy $file.example and fill it in."
      exit 1
    fi
  done
}

init() { "${TERRAFORM[@]}" init -input=false -backend-config=state.gcs.tfbackend >&2; }

NOTHING=none@sha256:$(printf '0%.0s' {1..64}) # stands for an image where there is none yet

# Where images are pushed; empty before the first deployment.
registry() { "${TERRAFORM[@]}" output -raw images 2>/dev/null || true; }

# The digest of an image in the registry; empty if it is not there.
pushed() {
  gcloud artifacts docker images describe "$1" --format='value(image_summary.digest)' 2>/dev/null || true
}

# The image of this commit, $1 being the registry.
named() { printf '%s' "$1/khana:$(git rev-parse --short=12 HEAD)"; }

# The very first time: the APIs, then the accounts that Google's services act as, which otherwise come
# into being at their first use, too late for what is granted to them (a key of one's own is, by what
# the registry waits for), then the registry before what runs from it.
begin() {
  local project
  project=$("${TERRAFORM[@]}" console -var "image=$NOTHING" <<<var.project | tr -d '"')
  "${TERRAFORM[@]}" apply -input=false -auto-approve -var "image=$NOTHING" \
    -target=google_project_service.api >&2
  gcloud storage service-agent --project="$project" >&2
  for service in pubsub firestore artifactregistry run cloudfunctions secretmanager eventarc \
    cloudscheduler; do
    gcloud beta services identity create --service="$service.googleapis.com" --project="$project" >&2
  done
  "${TERRAFORM[@]}" apply -input=false -auto-approve -var "image=$NOTHING" \
    -target=google_artifact_registry_repository.images >&2
  "${TERRAFORM[@]}" apply -input=false -auto-approve -refresh-only -var "image=$NOTHING" >&2
}

# Builds and pushes the image of this commit unless it is there, and prints its name with the digest.
image() {
  local images name digest
  images=$(registry)
  if [[ -z $images ]]; then
    begin
    images=$(registry)
  fi
  name=$(named "$images")
  digest=$(pushed "$name")
  if [[ -z $digest ]]; then
    gcloud auth configure-docker "${images%%/*}" --quiet >&2
    docker build -f functions/extract/Dockerfile --platform linux/amd64 -t "$name" . >&2
    docker push "$name" >&2
    digest=$(pushed "$name")
  fi
  printf '%s' "$images/khana@$digest"
}

# The same without making anything: what stands for it where it is not there.
planned() {
  local images digest=
  images=$(registry)
  if [[ -n $images ]]; then
    digest=$(pushed "$(named "$images")")
  fi
  if [[ -n $digest ]]; then
    printf '%s' "$images/khana@$digest"
  else
    say "The image of this commit is not pushed yet: the plan shows a digest of zeros."
    printf '%s' "$NOTHING"
  fi
}

case ${1:-} in
  plan | deploy)
    check terraform gcloud docker git
    if [[ -n $(git status --porcelain) ]]; then
      say "There are changes that are not committed: what runs must have a commit to its name."
      exit 1
    fi
    init
    "$PYTHON" infra/package.py drive_watch api webhooks >&2
    if [[ $1 == plan ]]; then
      image=$(planned)
      "${TERRAFORM[@]}" plan -input=false -var "image=$image"
    else
      image=$(image)
      "${TERRAFORM[@]}" apply -var "image=$image"
    fi
    ;;
  smoke)
    check terraform gcloud
    init
    url=$("${TERRAFORM[@]}" output -raw page)
    "$PYTHON" infra/smoke.py "$url" --token "$(gcloud auth print-identity-token)"
    ;;
  destroy)
    check terraform gcloud
    init
    say "This removes Khana from Google Cloud. Bucket and database stay unless keep_data is false."
    "$PYTHON" infra/package.py drive_watch api webhooks >&2
    "${TERRAFORM[@]}" destroy -var "image=$NOTHING"
    ;;
  *)
    say "infra/deploy.sh plan|deploy|destroy|smoke"
    exit 2
    ;;
esac
