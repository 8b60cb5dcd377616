module mizan.local/tools/clouds

go 1.26.0

require (
	github.com/aws/karpenter-provider-aws v1.14.1
	k8s.io/autoscaler/cluster-autoscaler/apis v0.0.0-20240830133931-adfbe7e45277
)
