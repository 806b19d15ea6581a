# Set-up writes only to ignored folders: .venv/ and target/. Steps that are up to date are skipped.
ENVIRONMENT = python3 jupyter/setup
RUN = $(ENVIRONMENT) run
# In containers root is often the only user.
AS_ROOT = $(if $(filter 0,$(shell id -u)),--allow-root)

.PHONY: help report stored test browser lab notebooks assignment data study bench reference setup kernel mnist lock clean

help:
	@echo 'make report     execute the notebooks and write report/index.html'
	@echo 'make test       run all tests'
	@echo 'make browser    test JupyterLab and the report in Chromium (installs Playwright; make test does it too)'
	@echo 'make lab        open the notebooks in JupyterLab'
	@echo 'make notebooks  execute the notebooks and store their outputs in notebooks/'
	@echo 'make assignment write the notebooks as an exercise to assignment/'
	@echo 'make data       download MNIST to data/mnist/'
	@echo 'make study      go on with the study that STUDY names (learning-curves), for TIME (say 30m) or to its end'
	@echo 'make reference  compare with reference values: our copy, and those in HINGE_REFERENCE_DIR'
	@echo 'make bench      compare our speed with others (installs PyTorch, 5 GB on Linux)'
	@echo 'make kernel     set up what these targets need, and no more'
	@echo 'make lock       pin the newest Python packages in jupyter/setup/, jupyter/browser/ and bench/'
	@echo 'make clean      remove everything that make made, except data/mnist/'

report: stored kernel mnist
	@$(RUN) python -m report.build

# What there is to read until the kernel is set up; it needs the Python packages only.
stored:
	@$(ENVIRONMENT) packages
	@$(RUN) python -m report.build --stored || echo 'The stored results cannot be shown: the report is made from new ones.'

test: kernel mnist
	@$(RUN) python jupyter/tests/run.py

browser: kernel mnist
	@$(RUN) python jupyter/browser/run.py

lab: kernel mnist
	@$(RUN) python -m jupyter lab --ip=127.0.0.1 $(AS_ROOT) \
		--LabApp.default_url=/lab/tree/start-here.md $(LAB_OPTIONS) $(or $(LAB_FOLDER),notebooks)

notebooks: kernel mnist
	@$(RUN) python -m report.execute notebooks/*.ipynb

# With THRESHOLDS=hidden, what claims require cannot be read.
assignment:
	@$(ENVIRONMENT) packages
	@$(RUN) python -m assignment.exercise $(if $(filter hidden,$(THRESHOLDS)),--hide-thresholds)

data:
	@python3 data/fetch.py

# For targets that do not require MNIST: MNIST_DIR, otherwise the download, otherwise synthetic digits.
mnist:
	@[ -n "$$MNIST_DIR" ] || python3 data/fetch.py --timeout 10 || \
		echo 'MNIST is missing: the notebooks run on synthetic digits.'

# What is stored is taken from data/studies/ where code, data, libraries and processor are those that computed it.
STUDY = learning-curves
STUDY_PROGRAM = $(RUN) cargo run --quiet --locked --package hinge-study --
STORED_STUDY = data/studies/$(STUDY).parquet
study: setup mnist
	@$(STUDY_PROGRAM) run target/studies/$(STUDY) --sweep data/studies/$(STUDY).json \
		$(if $(wildcard $(STORED_STUDY)),--from $(STORED_STUDY)) $(if $(TIME),--time-budget $(TIME)); \
		$(STUDY_PROGRAM) collect target/studies/$(STUDY) --out target/studies/$(STUDY).parquet

bench: setup mnist
	@$(RUN) python bench/run.py $(if $(ANYWAY),--anyway)

reference: setup
	@$(RUN) cargo test --package hinge --test 'reference*'
	@$(RUN) cargo test --package hinge --lib augment::reference

kernel:
	@$(ENVIRONMENT) kernel

setup:
	@$(ENVIRONMENT) setup

lock:
	@python3 -m venv target/lock && target/lock/bin/pip install --quiet uv
	@for folder in jupyter/setup jupyter/browser jupyter/tests/hq bench; do \
		target/lock/bin/uv pip compile --quiet --universal --generate-hashes --python-version 3.10 \
			--no-header --no-annotate --upgrade -o $$folder/requirements.txt $$folder/requirements.in; \
	done

clean:
	@$(ENVIRONMENT) clean
