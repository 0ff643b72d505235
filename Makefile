# Everything a developer does, in one line each. Versions are pinned here.
GOLANGCI  = go run github.com/golangci/golangci-lint/v2/cmd/golangci-lint@v2.15.0
VERSION  ?= $(shell git describe --tags --always --dirty 2>/dev/null || echo dev)

.PHONY: run build test deps vet lint engine bench fuzz assets docs docker

run: ## the product on embedded defaults, with sample data
	go run ./cmd/xunjia

build: ## a static binary in bin/
	CGO_ENABLED=0 go build -trimpath -ldflags "-s -w -X main.version=$(VERSION)" -o bin/xunjia ./cmd/xunjia

test: deps vet lint ## everything: both databases, a real Redis, a real browser, foreign SDKs
	XUNJIA_TEST_REQUIRE=1 go test -race -shuffle=on -timeout 40m ./...
	XUNJIA_TEST_REQUIRE=1 bash sim/compat/run

deps: ## what the tests need from Debian; installs only what is missing
	@bash .ci/deps

vet:
	go vet ./...

lint:
	$(GOLANGCI) run ./...

engine: deps ## 10,000 quotes while the program is killed every 3 seconds; the tests do 2,000
	XUNJIA_TEST_REQUIRE=1 XUNJIA_TEST_FULL=1 go test -v -run '^TestKilledWhileQuoting$$' -timeout 30m ./cmd/xunjia

bench: deps build ## ratios measured in one run; see docs/benchmarks.md
	XUNJIA_TEST_REQUIRE=1 go test -run '^$$' -bench '^Benchmark(Callback|Lists|FanOut|Start)$$' -benchtime 10x -timeout 60m \
		./handlers ./outbox ./cmd/xunjia
	XUNJIA_TEST_REQUIRE=1 go test -run '^$$' -bench '^BenchmarkFanOutLarge$$' -benchtime 1x -timeout 30m ./outbox

assets: ## builds templates/assets from templates/src and templates/vendor
	go run ./cmd/assets

docs: ## writes the generated pages in docs/ and the golden files anew
	go test ./... -run 'Doc|Golden|Reference' -update

docker:
	docker build --build-arg VERSION=$(VERSION) -t xunjia:$(VERSION) .

fuzz: ## 200,000 inputs into the callback, pasted lists, workbooks, pictures and PDFs
	go test ./wechat -run '^$$' -fuzz FuzzCallback -fuzztime 200000x
	go test . -run '^$$' -fuzz FuzzParseList -fuzztime 200000x
	go test ./sheet -run '^$$' -fuzz FuzzRead -fuzztime 20000x
	go test ./media -run '^$$' -fuzz FuzzProcess -fuzztime 200000x
	go test ./media -run '^$$' -fuzz FuzzPDF -fuzztime 200000x
