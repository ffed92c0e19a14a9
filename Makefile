# Every target works from a fresh clone with nothing but Python 3.11 or newer.
.PHONY: demo run test coverage test-without-filters check format lock bench venv stop mutations api audit advisories sbom

# Tests start hundreds of processes: each would compile what one can leave for the others.
unexport PYTHONDONTWRITEBYTECODE
PY := .venv/bin/python
# Servers of their own for tests and checks, which need not outlive a crash: a running demonstration is not disturbed.
# Tests wait for servers and child processes, so one more than there are cores.
PROCESSES = $(shell $(PY) -c 'import os; print(min(4, 1 + (os.cpu_count() or 1)))')
WITH_SERVERS := MIGDATA_LOCAL=$(CURDIR)/.local/test MIGDATA_LOCAL_DURABLE=0 $(PY) -m migdata.local run

demo: venv  ## the whole portal with a demonstration country; ARGS=--once does the job and exits
	@$(PY) manage.py demo $(ARGS)

run: venv  ## the portal as it is, without loading the demonstration country
	@$(PY) manage.py demo --empty $(ARGS)

test: venv  ## all tests; ARGS="-k name" for some
	@$(PY) -m migdata.catalogs
	@$(WITH_SERVERS) $(PY) -m pytest -n $(PROCESSES) --dist loadfile --no-loadscope-reorder $(ARGS)
	@$(if $(ARGS),,$(MAKE) --no-print-directory test-without-filters)

coverage: venv  ## all tests, and which lines they reach: half as long again, and processes take more memory
	@$(MAKE) --no-print-directory test ARGS="--cov --cov-report=term"

test-without-filters: venv  ## tests of several agencies with the filters of the code gone: row-level security alone
	@MIGDATA_TEST_WITHOUT_FILTERS=1 $(WITH_SERVERS) $(PY) -m pytest -q -n 2 --dist loadfile \
		tests/attacks/test_row_level_security.py tests/attacks/test_rows_held_together.py \
		tests/attacks/test_pages_without_filters.py tests/agencies/test_scope.py tests/records/test_privacy.py \
		tests/test_what_is_stored.py

check: venv  ## style, types, layers, templates, migrations, deployment settings
	$(PY) -m ruff check .
	$(PY) -m ruff format --check .
	$(PY) -m migdata.local offline $(PY) -m mypy .
	.venv/bin/lint-imports --no-cache
	.venv/bin/djhtml --check templates
	$(WITH_SERVERS) $(PY) manage.py makemigrations --check --dry-run
	$(PY) manage.py check --deploy --fail-level WARNING
	.venv/bin/check-jsonschema --builtin-schema vendor.compose-spec docker-compose.yml

mutations: venv  ## the permission matrix with one rule less, for every rule: about half an hour
	@MUTATIONS=all $(WITH_SERVERS) $(PY) -m pytest -p no:cacheprovider tests/matrix/test_mutations.py $(ARGS)
	@$(WITH_SERVERS) $(PY) -m tests.matrix.mutated

api: venv  ## 30,000 questions to the API, made from its description, by every role
	@API_EXAMPLES=10 $(WITH_SERVERS) $(PY) -m pytest -p no:cacheprovider -s \
		tests/reports/test_api_by_its_description.py tests/records/test_intake_by_its_description.py $(ARGS)

audit: venv  ## known faults of the packages in our locks: asked online, else of the stored copy
	@$(PY) requirements/audit.py $(ARGS)

advisories: venv  ## write the stored copy of advisories anew; needs the service online
	@$(PY) requirements/audit.py --refresh

SBOM := .local/sbom.json

sbom: venv  ## the list of packages that run in production, with their hashes, as CycloneDX
	@mkdir -p .local
	@.venv/bin/cyclonedx-py requirements requirements/base.lock --pyproject pyproject.toml \
		--output-reproducible -o $(SBOM)

format: venv  ## write the style that check asks for
	$(PY) -m ruff check --fix .
	$(PY) -m ruff format .
	.venv/bin/djhtml templates

lock:  ## newest versions that pyproject.toml allows; needs uv
	@uv --version >/dev/null 2>&1 || { echo "make lock needs uv."; exit 1; }
	$(LOCK) -o requirements/base.lock
	$(LOCK) --extra local --group dev -o requirements/dev.lock

LOCK := uv pip compile pyproject.toml --upgrade --universal --python-version 3.11 --quiet \
	--generate-hashes --no-emit-index-url --no-header

bench: venv  ## measure against what others use; ARGS=--full or "--rows 1000000 --rounds 3"
	@$(PY) -m benchmarks $(ARGS)

stop: venv  ## stop the embedded servers that single commands have left running
	@$(PY) -m migdata.local stop

venv:
	@sh requirements/install.sh
