/**
 * kube-apiserver's and kube-controller-manager's command lines. Pure, apart from the processes that run them, so that
 * every flag can carry its reason.
 */
import type { ControlPlaneCertificates } from './certificates.ts';

export interface ApiServerInput {
  readonly port: number;
  readonly etcdPort: number;
  readonly serviceCidr: string;
  readonly tokenFile: string;
  readonly certificates: ControlPlaneCertificates;
}

// The issuer every service-account token carries; the name clusters use by default.
const issuer = 'https://kubernetes.default.svc.cluster.local';

export function apiServerArgs(input: ApiServerInput): readonly string[] {
  const { path } = input.certificates;
  return [
    '--bind-address=127.0.0.1',
    `--secure-port=${input.port}`,
    '--advertise-address=127.0.0.1',
    // Endpoints may not be loopback addresses; nothing here reaches the API through the `kubernetes` Service.
    '--endpoint-reconciler-type=none',
    `--etcd-servers=https://127.0.0.1:${input.etcdPort}`,
    `--etcd-cafile=${path('ca.crt')}`,
    `--etcd-certfile=${path('etcd-client.crt')}`,
    `--etcd-keyfile=${path('etcd-client.key')}`,
    `--tls-cert-file=${path('apiserver.crt')}`,
    `--tls-private-key-file=${path('apiserver.key')}`,
    `--client-ca-file=${path('ca.crt')}`,
    `--token-auth-file=${input.tokenFile}`,
    '--anonymous-auth=false',
    '--authorization-mode=Node,RBAC',
    `--service-account-issuer=${issuer}`,
    `--service-account-key-file=${path('sa.pub')}`,
    `--service-account-signing-key-file=${path('sa.key')}`,
    `--service-cluster-ip-range=${input.serviceCidr}`,
    // Logs of pods come from the node agent's kubelet endpoint.
    `--kubelet-client-certificate=${path('kubelet-client.crt')}`,
    `--kubelet-client-key=${path('kubelet-client.key')}`,
    `--kubelet-certificate-authority=${path('ca.crt')}`,
    '--kubelet-preferred-address-types=InternalIP',
    // Aggregated API servers know by these who really calls, and are dialled at their pods' addresses.
    `--requestheader-client-ca-file=${path('front-proxy-ca.crt')}`,
    '--requestheader-allowed-names=front-proxy-client',
    '--requestheader-extra-headers-prefix=X-Remote-Extra-',
    '--requestheader-group-headers=X-Remote-Group',
    '--requestheader-username-headers=X-Remote-User',
    `--proxy-client-cert-file=${path('front-proxy-client.crt')}`,
    `--proxy-client-key-file=${path('front-proxy-client.key')}`,
    '--enable-aggregator-routing=true',
    // Workers are privileged: they make sandboxes.
    '--allow-privileged=true',
    '--profiling=false',
    '--event-ttl=24h',
    // A stopping supervisor must not wait out the default minute of watches.
    '--shutdown-delay-duration=0s',
  ];
}

export interface ControllerManagerInput {
  readonly port: number;
  readonly kubeconfig: string;
  readonly serviceCidr: string;
  readonly certificates: ControlPlaneCertificates;
}

/** What one machine needs; the rest (cloud, autoscaling, attach/detach, certificates …) only costs memory. */
export const controllers = [
  'deployment-controller',
  'replicaset-controller',
  'statefulset-controller',
  'daemonset-controller',
  'job-controller',
  'cronjob-controller',
  'disruption-controller',
  // The API server's service proxy reads Endpoints, everything else EndpointSlices.
  'endpoints-controller',
  'endpointslice-controller',
  'endpointslice-mirroring-controller',
  'garbage-collector-controller',
  'namespace-controller',
  'serviceaccount-controller',
  'serviceaccount-token-controller',
  'root-ca-certificate-publisher-controller',
  'persistentvolume-binder-controller',
  'persistentvolume-protection-controller',
  'persistentvolumeclaim-protection-controller',
  'pod-garbage-collector-controller',
  'node-lifecycle-controller',
  'resourcequota-controller',
  'clusterrole-aggregation-controller',
  'ttl-after-finished-controller',
  'validatingadmissionpolicy-status-controller',
] as const;

export function controllerManagerArgs(input: ControllerManagerInput): readonly string[] {
  const { path } = input.certificates;
  return [
    `--kubeconfig=${input.kubeconfig}`,
    `--authentication-kubeconfig=${input.kubeconfig}`,
    `--authorization-kubeconfig=${input.kubeconfig}`,
    '--bind-address=127.0.0.1',
    `--secure-port=${input.port}`,
    `--tls-cert-file=${path('controller-manager.crt')}`,
    `--tls-private-key-file=${path('controller-manager.key')}`,
    '--authorization-always-allow-paths=/healthz',
    '--leader-elect=false',
    '--use-service-account-credentials=true',
    `--service-account-private-key-file=${path('sa.key')}`,
    `--root-ca-file=${path('ca.crt')}`,
    `--service-cluster-ip-range=${input.serviceCidr}`,
    `--controllers=${controllers.join(',')}`,
    '--profiling=false',
  ];
}
