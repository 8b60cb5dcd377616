// Command pulumi-resource-kubernetes is Pulumi's own Kubernetes provider, built from its Go module.
//
// The released binary embeds a 12 MB schema that code generators need. Create, read, update, delete and
// Helm releases work with the stub below.
package main

import (
	"github.com/pulumi/pulumi-kubernetes/provider/v4/pkg/provider"
	"github.com/pulumi/pulumi-kubernetes/provider/v4/pkg/version"
)

func main() {
	schema := []byte(`{"name":"kubernetes","version":"4.25.0"}`)
	provider.Serve("kubernetes", version.Version, schema, []byte(`{}`))
}
