module github.com/paperspace-go/paperspace/examples/costs

go 1.26.0

replace github.com/paperspace-go/paperspace => ../..

require (
	github.com/jedib0t/go-pretty/v6 v6.8.3
	github.com/paperspace-go/paperspace v0.0.0-00010101000000-000000000000
)

require (
	github.com/go-json-experiment/json v1.27.2 // indirect
	github.com/google/go-querystring v1.2.0 // indirect
	github.com/hashicorp/go-cleanhttp v0.5.2 // indirect
	github.com/hashicorp/go-retryablehttp v0.7.8 // indirect
	github.com/mattn/go-runewidth v0.0.16 // indirect
	github.com/rivo/uniseg v0.4.7 // indirect
	golang.org/x/sys v0.30.0 // indirect
	golang.org/x/text v0.22.0 // indirect
)
