/**
 * What must hold before the first write. Every check runs, so that a person mends all of it at once; each failure says
 * what to do. Nothing here changes the cluster.
 */
import { ClrkError, errorMessage } from '../../contract/index.ts';
import type { Cluster } from '../cluster/cluster.ts';
import { find, installations, list, ownerOf, type Installation } from './installed.ts';
import { compareVersions } from './version-order.ts';

export interface Finding {
  readonly check: string;
  readonly level: 'ok' | 'warning' | 'error';
  readonly message: string;
  readonly hint?: string;
}

export interface PreflightInput {
  readonly action: 'install' | 'upgrade';
  readonly namespace: string;
  readonly version: string;
  readonly definitionNames: readonly string[];
  /** They will be written over where they are. */
  readonly overwritesDefinitions: boolean;
  readonly storageClass: string | undefined;
  readonly allowDowngrade: boolean;
}

// CEL rules in CRDs are stable from 1.29 on.
const oldestMinor = 29;

type Check = (cluster: Cluster, input: PreflightInput) => Promise<readonly Omit<Finding, 'check'>[]>;

const serverVersion: Check = async (cluster) => {
  const {
    major = '1',
    minor = '0',
    gitVersion = '',
  } = (await cluster.json({ path: '/version' })) as Record<string, string>;
  if (Number(major) === 1 && Number.parseInt(minor, 10) < oldestMinor) {
    const message = `Kubernetes ${gitVersion} is older than 1.${oldestMinor}`;
    return [{ level: 'error', message, hint: 'Upgrade the cluster: the kinds use CEL rules.' }];
  }
  return [{ level: 'ok', message: gitVersion }];
};

const needed: readonly (readonly [group: string, resource: string, namespaced: boolean])[] = [
  ['', 'namespaces', false],
  ['apiextensions.k8s.io', 'customresourcedefinitions', false],
  ['rbac.authorization.k8s.io', 'clusterroles', false],
  ['rbac.authorization.k8s.io', 'clusterrolebindings', false],
  ['admissionregistration.k8s.io', 'validatingadmissionpolicies', false],
  ['admissionregistration.k8s.io', 'validatingadmissionpolicybindings', false],
  ['apiregistration.k8s.io', 'apiservices', false],
  ['rbac.authorization.k8s.io', 'roles', true],
  ['', 'serviceaccounts', true],
  ['', 'services', true],
  ['', 'configmaps', true],
  ['', 'persistentvolumeclaims', true],
  ['apps', 'deployments', true],
  ['apps', 'statefulsets', true],
  ['networking.k8s.io', 'networkpolicies', true],
  ['policy', 'poddisruptionbudgets', true],
];

async function mayPatch(
  cluster: Cluster,
  namespace: string,
  [group, resource, namespaced]: (typeof needed)[number],
): Promise<boolean> {
  const resourceAttributes = { group, resource, verb: 'patch', ...(namespaced ? { namespace } : {}) };
  const review = {
    apiVersion: 'authorization.k8s.io/v1',
    kind: 'SelfSubjectAccessReview',
    spec: { resourceAttributes },
  };
  const answer = (await cluster.json({
    method: 'POST',
    path: '/apis/authorization.k8s.io/v1/selfsubjectaccessreviews',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(review),
  })) as { readonly status?: { readonly allowed?: boolean } };
  return answer.status?.allowed === true;
}

const rights: Check = async (cluster, { namespace }) => {
  const answers = await Promise.all(
    needed.map(async (each) => ({ each, allowed: await mayPatch(cluster, namespace, each) })),
  );
  const denied = answers.filter(({ allowed }) => !allowed).map(({ each: [, resource] }) => resource);
  if (denied.length === 0) return [{ level: 'ok', message: 'may write everything it installs' }];
  const message = `you may not write ${denied.join(', ')}`;
  return [{ level: 'error', message, hint: 'Ask for cluster-admin, or let who has it install.' }];
};

const definitions: Check = async (cluster, { definitionNames, overwritesDefinitions }) => {
  const path = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions';
  const found = await list(cluster, path);
  const ours = found.filter(({ metadata }) => definitionNames.includes(metadata.name));
  const owner = ours.map(ownerOf).find((each) => each !== undefined);
  if (owner !== undefined && overwritesDefinitions) {
    const message = `${owner} manages the CustomResourceDefinitions`;
    return [{ level: 'error', message, hint: 'Let it upgrade them, and use --crds never.' }];
  }
  return [{ level: 'ok', message: `${ours.length} of ${definitionNames.length} there already` }];
};

type Judgement = Omit<Finding, 'check'>;

function refuse(message: string, hint: string): Judgement {
  return { level: 'error', message, hint };
}

function judgeInstalled(installed: readonly Installation[], input: PreflightInput): Judgement {
  const { action, namespace } = input;
  const elsewhere = installed.find((each) => each.namespace !== namespace)?.namespace;
  if (elsewhere !== undefined) {
    return refuse(
      `it is installed in namespace ${elsewhere}, and there can be one in a cluster`,
      `Use -n ${elsewhere}, or uninstall that one first.`,
    );
  }
  const [here] = installed;
  if (here !== undefined) return judgeVersion(here, input);
  if (action === 'install') return { level: 'ok', message: 'nothing is installed' };
  return refuse(`nothing is installed in ${namespace}`, 'Use `clrk install`, or -n with its namespace.');
}

function judgeVersion({ namespace, owner, version }: Installation, input: PreflightInput): Judgement {
  if (owner !== undefined) {
    return refuse(
      `${owner} manages the installation in ${namespace}`,
      `Upgrade and uninstall it with ${owner}.`,
    );
  }
  if (version === undefined) return { level: 'ok', message: 'a version without a label is installed' };
  const order = compareVersions(version, input.version);
  if (order > 0 && !input.allowDowngrade) {
    return refuse(
      `${version} is installed, which is newer than ${input.version}`,
      'Take a newer clrk, or --allow-downgrade.',
    );
  }
  if (order !== 0 && input.action === 'install') {
    return refuse(`${version} is installed in ${namespace}`, 'Use `clrk upgrade`.');
  }
  return { level: 'ok', message: `${version} is installed` };
}

const existing: Check = async (cluster, input) => [judgeInstalled(await installations(cluster), input)];

const storage: Check = async (cluster, { storageClass, namespace }) => {
  const claim = `/api/v1/namespaces/${namespace}/persistentvolumeclaims/clrk-telemetry`;
  if ((await find(cluster, claim)) !== undefined) return [{ level: 'ok', message: 'the volumes are there' }];
  const classes = await list(cluster, '/apis/storage.k8s.io/v1/storageclasses');
  const names = classes.map(({ metadata }) => metadata.name).join(', ') || 'none';
  if (storageClass !== undefined) {
    if (classes.some(({ metadata }) => metadata.name === storageClass)) {
      return [{ level: 'ok', message: storageClass }];
    }
    const message = `there is no StorageClass ${storageClass}`;
    return [{ level: 'error', message, hint: `There are: ${names}.` }];
  }
  const isDefault = 'storageclass.kubernetes.io/is-default-class';
  const chosen = classes.find(({ metadata }) => metadata.annotations?.[isDefault] === 'true');
  if (chosen !== undefined) return [{ level: 'ok', message: `${chosen.metadata.name} (default)` }];
  const message = 'no StorageClass is the default, and the platform needs volumes';
  return [{ level: 'error', message, hint: `Name one with --storage-class. There are: ${names}.` }];
};

const enforce = 'pod-security.kubernetes.io/enforce';

const namespaceState: Check = async (cluster, { namespace }) => {
  const found = await find(cluster, `/api/v1/namespaces/${namespace}`);
  if (found === undefined) return [{ level: 'ok', message: `${namespace} will be made` }];
  if (found.metadata.deletionTimestamp !== undefined) {
    const message = `namespace ${namespace} is being deleted`;
    return [{ level: 'error', message, hint: 'Wait until it is gone, then try again.' }];
  }
  const level = found.metadata.labels?.[enforce];
  const pods = await list(cluster, `/api/v1/namespaces/${namespace}/pods`, 'app.kubernetes.io/part-of!=clrk');
  if (level !== 'restricted' && pods.length > 0) {
    const message = `namespace ${namespace} has ${pods.length} other pods and will enforce the restricted standard`;
    return [{ level: 'warning', message, hint: 'Give the platform a namespace of its own.' }];
  }
  return [{ level: 'ok', message: `${namespace}, pod security ${level ?? 'not enforced yet'}` }];
};

const checks: readonly (readonly [string, Check])[] = [
  ['version', serverVersion],
  ['rights', rights],
  ['definitions', definitions],
  ['installation', existing],
  ['storage', storage],
  ['namespace', namespaceState],
];

/** Every check's findings, in order. A check that cannot be made is a failed one; no server at all is thrown. */
export async function preflight(cluster: Cluster, input: PreflightInput): Promise<readonly Finding[]> {
  const findings: Finding[] = [];
  for (const [check, judge] of checks) {
    try {
      findings.push(...(await judge(cluster, input)).map((each) => ({ check, ...each })));
    } catch (error) {
      if (error instanceof ClrkError && error.code === 'CLUSTER_UNREACHABLE') throw error;
      findings.push({ check, level: 'error', message: errorMessage(error) });
    }
  }
  return findings;
}
