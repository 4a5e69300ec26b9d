module github.com/paperspace-go/paperspace/examples/deploy

go 1.26.0

replace (
	github.com/paperspace-go/paperspace => ../..
	github.com/paperspace-go/paperspace/configfile => ../../configfile
)

require (
	github.com/paperspace-go/paperspace v0.1.0
	github.com/paperspace-go/paperspace/configfile v0.1.0
)

require (
	github.com/go-json-experiment/json v1.27.2 // indirect
	github.com/google/go-querystring v1.2.0 // indirect
	github.com/hashicorp/go-cleanhttp v0.5.2 // indirect
	github.com/hashicorp/go-retryablehttp v0.7.8 // indirect
	go.yaml.in/yaml/v3 v3.0.5 // indirect
)
