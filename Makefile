.DEFAULT_GOAL := help
SETUP := functions/local/setup.sh
BIN := .venv/bin

.PHONY: help
help: ## Lists what there is to make.
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "make %-16s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

.PHONY: run
run: setup ## Starts Khana, reads the sample invoices, keeps watching data/inbox.
	@$(BIN)/khana serve --samples samples

.PHONY: run-google
run-google: setup-dev ## Starts Khana on Google Cloud's client libraries, against doubles of the cloud.
	@$(BIN)/python -m tests.emulators.run_google

.PHONY: setup
setup: ## Sets up what running needs, and only that.
	@$(SETUP)

.PHONY: setup-dev
setup-dev: ## Sets up what tests and checks need, too.
	@$(SETUP) dev

.PHONY: test
test: setup-dev ## Runs the tests, in two processes; in this one alone with JOBS=0.
	$(BIN)/pytest -n $(or $(JOBS),2) --dist worksteal -m "not slow and not image and not infra"

.PHONY: test-slow
test-slow: setup-dev ## Runs the tests that take longer.
	$(BIN)/pytest -m slow

.PHONY: test-training
test-training: ## Runs the tests of the training, with its packages and fonts.
	@$(SETUP) training
	$(BIN)/python -m training.fonts install
	$(BIN)/pytest tests/training

.PHONY: test-postman
test-postman: ## Runs the Postman collection against a Khana, with newman from npm.
	@$(SETUP) postman
	@[ -x build/newman/node_modules/.bin/newman ] || \
	    npm install --silent --no-audit --no-fund --prefix build/newman newman@6.2.2
	$(BIN)/pytest -m "slow or not slow" tests/functions/api/test_postman.py

.PHONY: image-check
image-check: setup-dev ## Builds the container image, starts it, and has it read (as root; minutes).
	@$(SETUP) image
	$(BIN)/pytest -m image tests/image -rP

.PHONY: sbom
sbom: setup-dev ## Writes what is in the container image to build/sbom.json (CycloneDX; as root).
	@$(SETUP) image
	PYTHONPATH=.:tests $(BIN)/python tests/image/containers.py >build/image.tar
	$(BIN)/uv run --quiet --script infra/sbom.py <build/image.tar >build/sbom.json
	@rm build/image.tar

.PHONY: test-infra
test-infra: setup-dev ## Holds infra/terraform to the provider's schema, to rules, and to a security linter.
	@# Google's provider as classes: 67 MB, for these tests alone.
	@[ -d build/provider ] || $(BIN)/uv pip install --quiet --no-deps --target build/provider \
	    cdktn-provider-google==21.1.0
	$(BIN)/pytest -m infra tests/infra
	$(BIN)/uv tool run --quiet checkov==3.3.30 --directory infra/terraform --config-file infra/checkov.yaml

.PHONY: plan
plan: setup ## Shows what `make deploy` would change on Google Cloud.
	@infra/deploy.sh plan

.PHONY: deploy
deploy: setup ## Puts Khana on Google Cloud: docs/deploy.md.
	@infra/deploy.sh deploy

.PHONY: destroy
destroy: setup ## Takes Khana off Google Cloud.
	@infra/deploy.sh destroy

.PHONY: smoke
smoke: setup ## Puts a sample through what is deployed.
	@infra/deploy.sh smoke

.PHONY: accuracy
accuracy: ## Measures the numeric reader on font families that it never saw (5,000 fields a set).
	@$(SETUP) training
	$(BIN)/python -m training.fonts install
	$(BIN)/python -m training.evaluate --split test

.PHONY: accuracy-pages
accuracy-pages: setup-dev ## Measures how moved pages are found and their templates chosen.
	@# One thread: times are those of one core.
	OPENBLAS_NUM_THREADS=1 $(BIN)/python -m training.pages --write

.PHONY: accuracy-quality
accuracy-quality: setup-dev ## Measures which damaged boxes are called so; a minute.
	$(BIN)/python -m training.pages.quality --write

.PHONY: accuracy-colored
accuracy-colored: ## Measures how numbers under coloured stamps are read; a minute.
	@$(SETUP) training
	$(BIN)/python -m training.fonts install
	$(BIN)/python -m training.colored --write

.PHONY: accuracy-vouched
accuracy-vouched: ## Measures what a rule that holds saves of review; four minutes.
	@$(SETUP) training
	$(BIN)/python -m training.fonts install
	$(BIN)/python -m training.vouched --write

.PHONY: accuracy-words
accuracy-words: ## Measures what text fields make of words, and of texts that their boxes cut; ten minutes.
	@$(SETUP) training
	$(BIN)/python -m training.fonts install
	$(BIN)/python -m training.texts --write

.PHONY: compare
compare: ## Measures the reader beside Tesseract and a CNN per digit, which it makes first: 40 minutes of a core.
	@$(SETUP) training
	$(BIN)/python -m training.fonts install
	$(BIN)/python -m training.baseline
	$(BIN)/python -m training.tesseract
	$(BIN)/python -m training.evaluate --split test --rivals 200 --write

.PHONY: bench
bench: ## Measures speed, and writes docs/speed.md.
	@$(SETUP) training
	$(BIN)/python -m tests.bench --write

.PHONY: chaos
chaos: setup-dev ## Simulates 10,000 invoices with everything going wrong; an hour and a half. SEED=1 picks a run.
	PYTHONPATH=.:tests $(BIN)/python -m tests.chaos --seed $(or $(SEED),1) --invoices $(or $(INVOICES),10000) --write

.PHONY: pictures
pictures: setup-dev ## Makes the pictures of the README, and one of every page in build/pictures.
	$(BIN)/python -m docs.pictures.make

.PHONY: train
train: ## Makes the numeric reader from nothing: hours; stops and goes on at any time.
	@$(SETUP) training
	$(BIN)/python -m training.fonts install
	$(BIN)/python -m training.train --rounds 33
	$(BIN)/python -m training.train --first 33 --rounds 55 --rate 2e-3 --fall 1
	$(BIN)/python -m training.export

.PHONY: lint
lint: setup-dev ## Checks style and types.
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

.PHONY: audit
audit: setup-dev ## Looks for known holes in the locked packages and for unsafe code.
	$(BIN)/uv tool run bandit==1.9.4 --quiet --recursive --severity-level medium core functions
	$(BIN)/uv tool run pip-audit==2.10.1 --strict --disable-pip --no-deps -r requirements.lock

.PHONY: conformance
conformance: setup-dev ## Holds our Firestore double against Google's own system tests.
	$(BIN)/python -m tests.emulators.conformance

.PHONY: lock
lock: setup-dev ## Renews the lock files from the requirements*.in files.
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --upgrade \
	    requirements.in -o requirements.lock
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --upgrade \
	    requirements-dev.in -o requirements-dev.lock
	@# Without what only PyTorch's builds for graphics cards need: the build itself brings it.
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --no-annotate --upgrade \
	    training/requirements.in | grep -vE '^(nvidia|cuda|triton)' > training/requirements.lock
