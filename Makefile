# make run    install, build, create the database, deploy the flows, load demo data, serve
# make test   install, build, check the house, run every test
# Both are safe to repeat: a step whose inputs did not change is skipped.
SHELL := /bin/bash
.ONESHELL:
.SHELLFLAGS := -eu -o pipefail -c
MAKEFLAGS += --no-print-directory
export PATH := $(CURDIR)/.venv/bin:$(PATH)
export FLASK_APP := app
export PIP_DISABLE_PIP_VERSION_CHECK := 1
STAMPS := .make
# the browser's files, and whatever may name an icon of the sprite
FRONT := package-lock.json $(shell find app processes -path app/static/dist -prune -o -type f \
  \( -path 'app/static/*' -o -name '*.html' -o -name '*.py' -o -name '*.toml' \) -print)
PAGES := $(shell find app -name '*.html')
TEXTS := $(wildcard app/translations/en/*.po processes/*/en.po)
WORKERS ?= 2
# the Python that .venv is made of: Debian's own where it can be, because it is built with all
# optimizations; one without them is a quarter slower
PYTHON ?= $(shell /usr/bin/python3 -c 'import ensurepip, sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo /usr/bin/python3 || echo python3)

# what somebody removed is made again, whatever its stamp says
gone = $(if $(wildcard $(1)),,$(shell rm -f $(addprefix $(STAMPS)/,$(2))))
$(call gone,.venv/bin/pip,venv runtime development node)
$(call gone,node_modules/.package-lock.json,node)
$(call gone,app/static/dist/manifest.json,front)
$(call gone,app/translations/en/LC_MESSAGES/messages.mo,texts)
$(call gone,app/__pycache__/templates,pages)

.NOTPARALLEL:
.PHONY: run serve test test-postgres test-rabbitmq story check bench reliability docs-pictures lock build data clean

run: $(STAMPS)/runtime $(STAMPS)/papers build data serve

serve:
	@echo "» serving on http://$${SHUNLIU_BIND:-127.0.0.1:8000} (stop with Ctrl+C)"
	export SHUNLIU_SHOW_DEMO_PEOPLE="$${SHUNLIU_SHOW_DEMO_PEOPLE:-True}"
	exec gunicorn -c python:app.server 'app:create_app()'

data: $(STAMPS)/runtime build
	@echo "» database, flows, demo people and data"
	SHUNLIU_LOG_LEVEL=$${SHUNLIU_LOG_LEVEL:-WARNING} flask prepare

# compiled here, because the server itself may not write beside its code; it starts sooner
build: $(STAMPS)/front $(STAMPS)/texts $(STAMPS)/pages
	@python -m compileall -q app handlers config.py

test: $(STAMPS)/development build $(STAMPS)/system-test $(STAMPS)/system-reliability $(STAMPS)/servers check
	@echo "» tests"
	export FLOW_COVERAGE=$(CURDIR)/$(STAMPS)/taken
	rm -rf "$$FLOW_COVERAGE"
	python -m tests.servers redis -- pytest -q -n $(WORKERS) --dist loadfile -m "not browser" --ignore tests/flow_coverage
	pytest -q tests/flow_coverage
	pytest -q -n $(WORKERS) --dist loadfile -m "browser and not story"
	$(MAKE) test-postgres

# what stands on a database, on PostgreSQL
test-postgres: $(STAMPS)/development build $(STAMPS)/servers
	@echo "» the same on PostgreSQL"
	python -m tests.servers postgres redis -- pytest -q -n $(WORKERS) --dist loadfile -m "database and not browser" \
	  $(addprefix --ignore tests/,flow_coverage forms check bpmn)

# the contract of the job runners with Celery over RabbitMQ instead of Redis (two minutes; brings Erlang)
test-rabbitmq: $(STAMPS)/development build
	@[ -x /usr/lib/rabbitmq/bin/rabbitmq-server ] || { $(call apt,rabbitmq-server); }
	python -m tests.servers rabbitmq -- pytest -q tests/jobs/test_runner_contract.py -k rabbitmq

# from the lead to the refund, by eleven people in Chromium (a minute and more)
story: $(STAMPS)/development build $(STAMPS)/system-test
	pytest -q -m story tests/browser

check: $(STAMPS)/development
	@echo "» house rules"
	ruff check .
	ruff format --check .

# the pictures of docs/, taken by the tests
docs-pictures: $(STAMPS)/development build $(STAMPS)/system-test
	mkdir -p docs/img
	PICTURES_FOLDER=docs/img pytest -q tests/browser/test_story_customer.py tests/browser/test_demo.py tests/browser/test_monitor.py

bench: $(STAMPS)/development build
	python -m tests.bench

# what happens when everything is killed, locked, full or set wrong, in the long version (half an hour)
reliability: $(STAMPS)/development build $(STAMPS)/system-reliability
	python -m tests.reliability

# the requirement files with hashes, after a change of requirements*.in
lock: $(STAMPS)/development
	command -v pip-compile >/dev/null || pip install -q pip-tools
	for name in requirements requirements-dev; do
	  pip-compile -q --generate-hashes --no-emit-index-url --no-emit-find-links --strip-extras --allow-unsafe -o $$name.txt $$name.in
	done

clean:
	rm -rf .venv .make node_modules app/static/dist

$(STAMPS)/venv:
	@mkdir -p $(STAMPS)
	if [ ! -x .venv/bin/pip ]; then
	  echo "» a Python environment in .venv, of $(PYTHON)"
	  $(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Shunliu needs Python 3.11 or newer: apt-get install python3"; exit 1; }
	  $(PYTHON) -m venv .venv 2>/dev/null || { $(call apt,python3-venv); rm -rf .venv; $(PYTHON) -m venv .venv; }
	fi
	touch $@

$(STAMPS)/runtime: requirements.txt | $(STAMPS)/venv
	@echo "» Python packages"
	pip install -q --require-hashes -r requirements.txt
	touch $@

$(STAMPS)/development: requirements-dev.txt | $(STAMPS)/venv
	@echo "» Python packages for tests"
	pip install -q --require-hashes -r requirements-dev.txt
	touch $@ $(STAMPS)/runtime

$(STAMPS)/node: package-lock.json | $(STAMPS)/venv
	@if ! command -v npm >/dev/null; then
	  echo "» Node.js, which this machine has not"
	  pip install -q --require-hashes -r requirements-node.txt
	fi
	echo "» front-end packages"
	npm ci --silent --no-audit --no-fund --ignore-scripts
	touch $@

$(STAMPS)/front: $(STAMPS)/node $(FRONT)
	@echo "» the front end"
	node app/static/build.mjs
	touch $@

$(STAMPS)/texts: $(TEXTS) | $(STAMPS)/venv
	@[ -e $(STAMPS)/runtime ] || [ -e $(STAMPS)/development ] || $(MAKE) $(STAMPS)/runtime
	flask i18n compile
	touch $@

$(STAMPS)/pages: $(PAGES) requirements.txt | $(STAMPS)/venv
	@[ -e $(STAMPS)/runtime ] || [ -e $(STAMPS)/development ] || $(MAKE) $(STAMPS)/runtime
	flask pages
	touch $@

# what PDFs are drawn with; without it everything else works
$(STAMPS)/papers: | $(STAMPS)/venv
	@python -c 'import ctypes.util as c, sys; sys.exit(c.find_library("pango-1.0") is None or c.find_library("pangoft2-1.0") is None)' || ( $(call apt,libpango-1.0-0 libpangoft2-1.0-0) ) || true
	fc-list :lang=zh 2>/dev/null | grep -q . || ( $(call apt,fontconfig fonts-noto-cjk) ) || true
	touch $@

$(STAMPS)/system-test: $(STAMPS)/papers | $(STAMPS)/venv
	@command -v chromium >/dev/null || { $(call apt,chromium); }
	fc-list :lang=zh 2>/dev/null | grep -q . || { $(call apt,fonts-noto-cjk); }
	touch $@

# what the tests start servers of their own with, and judge the files of docs/operate.md with;
# tests/servers.py says loudly what is missing
$(STAMPS)/servers: | $(STAMPS)/venv
	@( command -v initdb || ls /usr/lib/postgresql/*/bin/initdb ) >/dev/null 2>&1 || ( $(call apt,postgresql) ) || true
	command -v redis-server >/dev/null || ( $(call apt,redis-server) ) || true
	PATH="$$PATH:/usr/sbin" command -v nginx >/dev/null || ( $(call apt,nginx-light) ) || true
	command -v systemd-analyze >/dev/null || ( $(call apt,systemd) ) || true
	touch $@

$(STAMPS)/system-reliability: | $(STAMPS)/venv
	@ls /usr/lib/*/faketime/libfaketime.so.1 >/dev/null 2>&1 || { $(call apt,libfaketime); }
	touch $@

# system packages are installed where that is allowed, else named in one line
define apt
if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
  echo "» system package $(1)"; apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq $(1) >/dev/null; \
else echo "Please install $(1) first: sudo apt-get install $(1)"; exit 1; fi
endef
