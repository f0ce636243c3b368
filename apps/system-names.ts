/**
 * Names and numbers of an installation that manifests and processes share. The processes' side is contract/, which apps
 * may not import (folder table); test/apps/system-names.test.ts holds the two together.
 */
export const systemNamespace = 'clrk-system';
export const platformImage = 'clrk.apoxy.dev/clrk:0.1.0';
/** Made by the installer, not by git: credentials a role, addresses of this installation. */
export const platformAuthSecret = 'clrk-platform-auth';
export const platformSettings = 'clrk-platform';
export const ingressConfigSecret = 'clrk-ingress-config';

export const ports = { health: 8083, ingressHttp: 8080, otlpHttp: 4318, telemetryApi: 8097 } as const;

export const variables = {
  podName: 'POD_NAME',
  podNamespace: 'POD_NAMESPACE',
  podIp: 'POD_IP',
  configSecret: 'CLRK_CONFIG_SECRET',
  platformAuthDir: 'CLRK_PLATFORM_AUTH_DIR',
  natsUrl: 'CLRK_NATS_URL',
  platformCidrs: 'CLRK_PLATFORM_CIDRS',
  insecureRegistries: 'CLRK_INSECURE_REGISTRIES',
  platformImage: 'CLRK_PLATFORM_IMAGE',
  dataDir: 'CLRK_DATA_DIR',
} as const;

export const labels = {
  name: 'app.kubernetes.io/name',
  partOf: 'app.kubernetes.io/part-of',
  /** `clrk dev` opens a port of this machine for such a Service. */
  expose: 'clrk.apoxy.dev/expose',
} as const;
