// Karpenter with its kwok cloud provider, as in sigs.k8s.io/karpenter/kwok, except that metrics and health probes listen on
// 127.0.0.1 alone: upstream binds both to every interface and has no option for it.
//
// Source: sigs.k8s.io/karpenter@v1.14.1 kwok/main.go and pkg/operator/operator.go.
package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"strconv"

	"github.com/awslabs/operatorpkg/serrors"
	"github.com/go-logr/zapr"
	coordinationv1 "k8s.io/api/coordination/v1"
	corev1 "k8s.io/api/core/v1"
	storagev1 "k8s.io/api/storage/v1"
	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/client-go/kubernetes"
	"k8s.io/klog/v2"
	"k8s.io/utils/clock"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/cache"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/healthz"
	"sigs.k8s.io/controller-runtime/pkg/log"
	"sigs.k8s.io/controller-runtime/pkg/manager"
	"sigs.k8s.io/controller-runtime/pkg/metrics/server"

	kwok "sigs.k8s.io/karpenter/kwok/cloudprovider"
	v1 "sigs.k8s.io/karpenter/pkg/apis/v1"
	"sigs.k8s.io/karpenter/pkg/cloudprovider/overlay"
	"sigs.k8s.io/karpenter/pkg/controllers"
	"sigs.k8s.io/karpenter/pkg/controllers/nodeoverlay"
	"sigs.k8s.io/karpenter/pkg/controllers/state"
	"sigs.k8s.io/karpenter/pkg/events"
	"sigs.k8s.io/karpenter/pkg/operator"
	"sigs.k8s.io/karpenter/pkg/operator/injection"
	"sigs.k8s.io/karpenter/pkg/operator/logging"
	"sigs.k8s.io/karpenter/pkg/operator/options"
)

const host = "127.0.0.1"

func main() {
	ctx := injection.WithOptionsOrDie(context.Background(), options.Injectables...)
	logger := serrors.NewLogger(zapr.NewLogger(logging.NewLogger(ctx, "controller")))
	log.SetLogger(logger)
	klog.SetLogger(logger)
	if err := run(log.IntoContext(ctx, logger)); err != nil {
		logger.Error(err, "karpenter ended")
		os.Exit(1)
	}
}

func run(ctx context.Context) error {
	// Before any connection, so that a faulty file ends the process instead of leaving it without an instance type.
	instanceTypes, err := kwok.ConstructInstanceTypes(ctx)
	if err != nil {
		return fmt.Errorf("reading instance types: %w", err)
	}
	op, err := newOperator(ctx)
	if err != nil {
		return err
	}
	undecorated := kwok.NewCloudProvider(ctx, op.GetClient(), instanceTypes)
	provider := overlay.Decorate(undecorated, op.GetClient(), op.InstanceTypeStore)
	cluster := state.NewCluster(op.Clock, op.GetClient(), provider)
	op.WithControllers(ctx, controllers.NewControllers(
		ctx, op.Manager, op.Clock, op.GetClient(), op.EventRecorder, provider, undecorated, cluster, op.InstanceTypeStore,
	)...)
	return op.Manager.Start(ctrl.SetupSignalHandler())
}

func newOperator(ctx context.Context) (*operator.Operator, error) {
	settings := options.FromContext(ctx)
	config, err := ctrl.GetConfig()
	if err != nil {
		return nil, fmt.Errorf("reading the kubeconfig: %w", err)
	}
	config.QPS, config.Burst = float32(settings.KubeClientQPS), settings.KubeClientBurst
	config.UserAgent = operator.AppName
	typed, err := kubernetes.NewForConfig(config)
	if err != nil {
		return nil, err
	}
	mgr, err := ctrl.NewManager(config, ctrl.Options{
		Logger:                 logging.IgnoreDebugEvents(log.FromContext(ctx)),
		Metrics:                server.Options{BindAddress: address(settings.MetricsPort)},
		HealthProbeBindAddress: address(settings.HealthProbePort),
		BaseContext:            func() context.Context { return ctx },
		Cache: cache.Options{ByObject: map[client.Object]cache.ByObject{
			&coordinationv1.Lease{}: {Field: fields.SelectorFromSet(fields.Set{"metadata.namespace": "kube-node-lease"})},
		}},
	})
	if err != nil {
		return nil, fmt.Errorf("setting up the manager: %w", err)
	}
	synced := func(req *http.Request) error {
		if mgr.GetCache().WaitForCacheSync(req.Context()) {
			return nil
		}
		return errors.New("failed to sync caches")
	}
	return &operator.Operator{
			Manager:             mgr,
			KubernetesInterface: typed,
			EventRecorder:       events.NewRecorder(mgr.GetEventRecorderFor(operator.AppName)), //nolint:staticcheck // as upstream
			Clock:               clock.RealClock{},
			InstanceTypeStore:   nodeoverlay.NewInstanceTypeStore(),
		}, errors.Join(
			addIndexes(ctx, mgr),
			mgr.AddHealthzCheck("healthz", healthz.Ping),
			mgr.AddReadyzCheck("manager", synced),
		)
}

func address(port int) string { return net.JoinHostPort(host, strconv.Itoa(port)) }

func addIndexes(ctx context.Context, mgr manager.Manager) error {
	return errors.Join(
		index(ctx, mgr, "spec.nodeName", func(pod *corev1.Pod) string { return pod.Spec.NodeName }),
		index(ctx, mgr, "spec.providerID", func(node *corev1.Node) string { return node.Spec.ProviderID }),
		index(ctx, mgr, "spec.nodeName", func(a *storagev1.VolumeAttachment) string { return a.Spec.NodeName }),
		index(ctx, mgr, "status.providerID", func(claim *v1.NodeClaim) string { return claim.Status.ProviderID }),
		index(ctx, mgr, "spec.nodeClassRef.group", func(claim *v1.NodeClaim) string { return claim.Spec.NodeClassRef.Group }),
		index(ctx, mgr, "spec.nodeClassRef.kind", func(claim *v1.NodeClaim) string { return claim.Spec.NodeClassRef.Kind }),
		index(ctx, mgr, "spec.nodeClassRef.name", func(claim *v1.NodeClaim) string { return claim.Spec.NodeClassRef.Name }),
		index(ctx, mgr, "spec.template.spec.nodeClassRef.group", func(p *v1.NodePool) string { return p.Spec.Template.Spec.NodeClassRef.Group }),
		index(ctx, mgr, "spec.template.spec.nodeClassRef.kind", func(p *v1.NodePool) string { return p.Spec.Template.Spec.NodeClassRef.Kind }),
		index(ctx, mgr, "spec.template.spec.nodeClassRef.name", func(p *v1.NodePool) string { return p.Spec.Template.Spec.NodeClassRef.Name }),
	)
}

func index[T any, P interface {
	*T
	client.Object
}](ctx context.Context, mgr manager.Manager, field string, value func(P) string) error {
	return mgr.GetFieldIndexer().IndexField(ctx, P(new(T)), field, func(o client.Object) []string {
		return []string{value(o.(P))}
	})
}
