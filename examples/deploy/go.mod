module github.com/paperspace-go/paperspace/examples/deploy

go 1.26.0

replace github.com/paperspace-go/paperspace => ../..

require (
	github.com/paperspace-go/paperspace v0.0.0-00010101000000-000000000000
	sigs.k8s.io/yaml v1.6.0
)

require (
	github.com/go-json-experiment/json v1.27.2 // indirect
	github.com/google/go-querystring v1.2.0 // indirect
	github.com/hashicorp/go-cleanhttp v0.5.2 // indirect
	github.com/hashicorp/go-retryablehttp v0.7.8 // indirect
	go.yaml.in/yaml/v2 v2.4.2 // indirect
)
