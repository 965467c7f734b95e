# Noroshi (狼煙). `make help` says what there is.
SWIFT ?= swift
# One job per core; the hub's modules are small and the machine's memory is not the limit.
RELEASE = -c release --static-swift-stdlib

.PHONY: help run build test night drills texts check format bench cluster histories fuzz fortnight deb sbom man packages clean

help: ## says this
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

packages:
	@deploy/install-debian-packages build

build: packages ## the program, optimised: .build/release/noroshi
	$(SWIFT) build $(RELEASE) --product noroshi

run: build ## the demonstration: hub, town, gateway and a replayed earthquake
	.build/release/noroshi demo

test: ## every test, with the programs they speak to installed first; make test ROOM="Targeting Web": these rooms alone
	@deploy/install-debian-packages tests
	@Tests/outside/install
	Tests/run $(ROOM)

night: packages ## a simulated night: make night SEED=7 tells it, make night NIGHTS=10000 plays so many
	NOROSHI_ROOM=Night $(SWIFT) build --product noroshi-night
	.build/debug/noroshi-night $(SEED) $(if $(NIGHTS),--nights $(NIGHTS)) $(if $(FROM),--from $(FROM)) $(if $(PLANT),--plant $(PLANT))

fortnight: packages ## a fortnight of a whole town's shelters, 70 edges with 150 tablets each: make fortnight SEED=7; a small one: EDGES=7 TABLETS=15 STORY=1
	NOROSHI_ROOM=Fortnight $(SWIFT) build $(RELEASE) --product noroshi-fortnight
	.build/release/noroshi-fortnight $(SEED) $(if $(EDGES),--edges $(EDGES)) $(if $(TABLETS),--tablets $(TABLETS)) $(if $(DAYS),--days $(DAYS)) $(if $(COUNT),--count $(COUNT)) $(if $(PLANT),--plant $(PLANT)) $(if $(STORY),--story)

drills: packages ## ten thousand acts of drills by chance, and no byte of them at a live far end: make drills SEED=7 DRILLS=100000
	NOROSHI_ROOM=Drills $(SWIFT) build --build-tests
	NOROSHI_ROOM=Drills NOROSHI_DRILLS=$(or $(DRILLS),10000) $(if $(SEED),NOROSHI_SEED=$(SEED)) $(SWIFT) test --skip-build --disable-xctest --filter "LiveFarEndTests/live"

check: build ## settings, towns and templates of the demonstration, traps in rooms that read from outside, and sentences that are not Japanese first
	Tests/traps/find
	Tests/words/find
	.build/release/noroshi check

texts: ## every text on one page: .build/texts.html, and Templates/texts.txt for the review
	NOROSHI_ROOM=Rendering $(SWIFT) build --build-tests
	NOROSHI_ROOM=Rendering NOROSHI_WRITE_TEXTS=$(CURDIR)/.build/texts.html $(SWIFT) test --skip-build --disable-xctest --filter "TextBookTests"
	@echo ".build/texts.html"

format: ## lays out the sources as swift-format has it
	$(SWIFT) format --in-place --recursive Package.swift Sources Channels Tests

bench: ## measures beside peers: Benchmarks/README.md
	@deploy/install-debian-packages bench
	$(SWIFT) build $(RELEASE) --product noroshi
	$(SWIFT) build $(RELEASE) --product noroshi-bench
	Benchmarks/run

cluster: build ## three database nodes and two hubs on loopback, killed and stopped in the middle of everything, and a report: make cluster ROUNDS=10
	@deploy/install-debian-packages cluster
	deploy/cluster/play --rounds $(or $(ROUNDS),1)

histories: build ## two hubs, three databases and etcd, each killed, stopped, cut off, filled up and given a wrong clock, and whether every promise held: make histories SEED=7 SECONDS=300 SEEDS=3
	@deploy/install-debian-packages histories
	$(SWIFT) build $(RELEASE) --product noroshi-histories
	deploy/cluster/histories --seed $(or $(SEED),1) --seeds $(or $(SEEDS),1) --seconds $(or $(SECONDS),120)

fuzz: packages ## feeds the readers what a fuzzer finds, a minute each: Tests/fuzz/run
	Tests/fuzz/run

deb: build ## a Debian package of it: .build/noroshi_*.deb
	@deploy/install-debian-packages deb
	deploy/deb

sbom: ## the bill of materials, CycloneDX: .build/noroshi.cdx.json
	deploy/third-parties sbom > .build/noroshi.cdx.json

man: ## man pages from the program's own help: .build/man
	$(SWIFT) build --product noroshi
	deploy/manpages .build/debug/noroshi .build/man

clean:
	rm -rf .build
