/**
 * What a support bundle is made of: our objects, how the platform's workloads and pods stand, events, the checks of `clrk doctor`. It
 * asks for no Secret, no ConfigMap and no log: what is never read cannot get out. Reads only; what may not be read is named.
 */
import { kinds } from '../../api/index.ts';
import type { Cluster } from '../cluster/cluster.ts';
import { ownGroup, ownVersion } from '../cluster/discovery.ts';
import { readEvents } from '../cluster/events.ts';
import { listAll, noObjects, type Listed } from '../cluster/list-all.ts';
import { tolerate } from '../cluster/tolerate.ts';
import { look } from '../doctor/look.ts';
import { isFields, type Fields } from '../render/object-fields.ts';
import { Redaction } from './redaction.ts';

interface BundlePlace {
  readonly platform: string;
  /** Undefined: all. */
  readonly namespace: string | undefined;
  readonly program: string;
  readonly now: Date;
  readonly signal: AbortSignal;
}

const fieldsOf = (value: unknown): Fields => (isFields(value) ? value : {});
const listOf = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : []);

function conditionsOf(status: Fields): readonly object[] {
  return listOf(status['conditions']).map((each) => {
    const { type, status: is, reason } = fieldsOf(each);
    return { type, status: is, reason };
  });
}

/** Of a Deployment or StatefulSet: picked, because its template is full of other things. */
function workloadFacts({ metadata, spec, status }: Fields): object {
  const stands = fieldsOf(status);
  const containers = listOf(fieldsOf(fieldsOf(fieldsOf(spec)['template'])['spec'])['containers']);
  return {
    metadata: { name: fieldsOf(metadata)['name'], namespace: fieldsOf(metadata)['namespace'] },
    wanted: fieldsOf(spec)['replicas'],
    ready: stands['readyReplicas'] ?? 0,
    updated: stands['updatedReplicas'] ?? 0,
    containers: containers.map((each) => ({ name: fieldsOf(each)['name'], image: fieldsOf(each)['image'] })),
    conditions: conditionsOf(stands),
  };
}

function stateFacts(state: unknown): object {
  const [[phase, facts] = ['', {}]] = Object.entries(fieldsOf(state));
  const { reason, exitCode, signal, startedAt, finishedAt } = fieldsOf(facts);
  return { phase, reason, exitCode, signal, startTime: startedAt, eventTime: finishedAt };
}

function podFacts({ metadata, spec, status }: Fields): object {
  const stands = fieldsOf(status);
  return {
    metadata: { name: fieldsOf(metadata)['name'], namespace: fieldsOf(metadata)['namespace'] },
    node: { name: fieldsOf(spec)['nodeName'] },
    phase: stands['phase'],
    reason: stands['reason'],
    conditions: conditionsOf(stands),
    containers: listOf(stands['containerStatuses']).map((each) => {
      const { name, ready, restartCount, image, state, lastState } = fieldsOf(each);
      return { name, ready, restartCount, image, state: stateFacts(state), before: stateFacts(lastState) };
    }),
  };
}

class Collector {
  readonly unseen: string[] = [];
  readonly #cluster: Cluster;
  readonly #place: BundlePlace;

  constructor(cluster: Cluster, place: BundlePlace) {
    this.#cluster = cluster;
    this.#place = place;
  }

  async tolerate<T>(what: string, absent: T, read: () => Promise<T>): Promise<T> {
    return await tolerate({ what, absent, say: (line) => void this.unseen.push(line) }, read);
  }

  async list(what: string, path: string, query: Record<string, string> = {}): Promise<Listed['objects']> {
    const { signal } = this.#place;
    const { objects, isCut } = await this.tolerate(what, noObjects, () =>
      listAll(this.#cluster, { path, query, signal }),
    );
    if (isCut) this.unseen.push(`${what}: there are more than ${objects.length}`);
    return objects;
  }

  async objects(): Promise<readonly object[]> {
    const { namespace } = this.#place;
    const scope = namespace === undefined ? '' : `/namespaces/${encodeURIComponent(namespace)}`;
    const found: object[] = [];
    // One after another: a bundle is in no hurry, and the API server is perhaps what is not well.
    for (const { kind, plural } of kinds) {
      const objects = await this.list(plural, `/apis/${ownGroup}/${ownVersion}${scope}/${plural}`);
      found.push(...objects.map((object) => ({ ...object, kind })));
    }
    return found;
  }

  /** Of the platform, and of what the operator made in the namespace. */
  async parts(group: string, plural: string): Promise<readonly Fields[]> {
    const { platform, namespace } = this.#place;
    const of = (where: string, labelSelector: string): Promise<Listed['objects']> =>
      this.list(`${plural} ${labelSelector}`, `${group}${where}/${plural}`, { labelSelector });
    const made = namespace === undefined ? '' : `/namespaces/${encodeURIComponent(namespace)}`;
    const [ours, theirs] = await Promise.all([
      of(`/namespaces/${encodeURIComponent(platform)}`, 'app.kubernetes.io/part-of=clrk'),
      of(made, 'app.kubernetes.io/managed-by=clrk-operator'),
    ]);
    return [...ours, ...theirs];
  }
}

/** Redacted. */
export async function collectBundle(cluster: Cluster, place: BundlePlace): Promise<object> {
  const collector = new Collector(cluster, place);
  const { namespace, signal } = place;
  const noEvents = { events: [], isCut: false };
  const checks = await collector.tolerate('checks', [], () => look(cluster, place));
  const version = await collector.tolerate('version', {}, () => cluster.json({ path: '/version', signal }));
  const objects = await collector.objects();
  const deployments = await collector.parts('/apis/apps/v1', 'deployments');
  const statefulSets = await collector.parts('/apis/apps/v1', 'statefulsets');
  const pods = await collector.parts('/api/v1', 'pods');
  const { events } = await collector.tolerate('events', noEvents, () =>
    readEvents(cluster, { namespace, signal }),
  );
  const redaction = new Redaction();
  for (const each of [objects, events]) redaction.learn(each);
  const { gitVersion } = fieldsOf(version);
  return {
    kind: 'SupportBundle',
    made: place.now.toISOString(),
    program: place.program,
    server: typeof gitVersion === 'string' ? gitVersion : 'unknown',
    namespace: namespace ?? 'all',
    checks: checks.map(({ check, level, message }) => ({ check, level, message: redaction.text(message) })),
    objects: redaction.redact(objects),
    workloads: redaction.redact([...deployments, ...statefulSets].map(workloadFacts)),
    pods: redaction.redact(pods.map(podFacts)),
    events: redaction.redact(events),
    unseen: collector.unseen.map((each) => redaction.text(each)),
  };
}
