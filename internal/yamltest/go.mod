module github.com/paperspace-go/paperspace/internal/yamltest

go 1.26

require (
	github.com/goccy/go-yaml v1.19.2
	github.com/paperspace-go/paperspace v0.1.0
	github.com/stretchr/testify v1.12.1
	go.yaml.in/yaml/v3 v3.0.5
	gopkg.in/yaml.v3 v3.0.1
	sigs.k8s.io/yaml v1.6.0
)

require (
	github.com/go-json-experiment/json v1.27.2 // indirect
	github.com/google/go-querystring v1.2.0 // indirect
	github.com/hashicorp/go-cleanhttp v0.5.2 // indirect
	github.com/hashicorp/go-retryablehttp v0.7.8 // indirect
	go.yaml.in/yaml/v2 v2.4.2 // indirect
)

replace github.com/paperspace-go/paperspace => ../..
