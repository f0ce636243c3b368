/** An EgressGateway's status: listeners with their routes, and Programmed when every ready replica runs the config. Pure. */
import { ports, type GatewayStatus, type RecordExport, type RecordSink } from '../../contract/index.ts';
import type { Fault } from '../fault.ts';
import type { Deployment, EgressGateway } from '../kind.ts';
import { graceLeft, previousConditions } from '../pending.ts';
import { runningPolicies } from '../running-policy.ts';
import { setConditions, summaryFindings, type Finding, type Summary } from '../runtime/index.ts';
import { gatewayReplicas, gatewaySelector } from './children.ts';
import { exportFinding, sinksFinding } from './export-finding.ts';

export interface GatewayObservation {
  readonly gateway: EgressGateway;
  readonly deployment: Deployment | undefined;
  /** Live data planes of this gateway. */
  readonly reports: readonly GatewayStatus[];
  /** Digest of the config in force; undefined before the first. */
  readonly digest: string | undefined;
  /** Attached routes by listener name. */
  readonly attached: ReadonlyMap<string, number>;
  /** Spec or name faults: nothing was written. */
  readonly fault: Fault | undefined;
  /** A reference that is missing (trust bundle, own CA). */
  readonly missing: Fault | undefined;
  /** Who is to get a copy of its records; undefined: nobody. */
  readonly recordExport: RecordExport | undefined;
  /** Who is to get copies of some. */
  readonly recordSinks: readonly RecordSink[];
  readonly now: number;
}

const accepted: Finding = { type: 'Accepted', status: 'True', reason: 'Accepted', message: '' };

export function gatewayStatus(observation: GatewayObservation): object {
  const { gateway, now } = observation;
  const generation = gateway.metadata.generation ?? 0;
  const previous = previousConditions(gateway);
  const findings = [
    observation.fault === undefined
      ? accepted
      : { ...accepted, status: 'False' as const, ...observation.fault },
    resolvedRefs(observation),
    programmed(observation),
  ];
  const summary = summarize(findings, observation);
  // Beside what makes it ready: no call waits for a copy of its record.
  const current = currentReports(observation);
  const exported = [
    exportFinding(observation.recordExport, current) ?? [],
    sinksFinding(observation.recordSinks, current) ?? [],
  ].flat();
  return {
    observedGeneration: generation,
    selector: Object.entries(gatewaySelector(gateway))
      .map((pair) => pair.join('='))
      .join(','),
    readyReplicas: observation.deployment?.status?.readyReplicas ?? 0,
    running: runningPolicies(observation.reports),
    listenerCount: gateway.spec.listeners.length,
    listeners: gateway.spec.listeners.map((listener) => listenerStatus(observation, listener)),
    conditions: setConditions([...findings, ...summaryFindings(summary)].concat(exported), {
      previous,
      generation,
      now,
    }),
  };
}

function currentReports({ reports, digest }: GatewayObservation): readonly GatewayStatus[] {
  return reports.filter((report) => !report.draining && report.configDigest === digest);
}

function resolvedRefs({ missing }: GatewayObservation): Finding {
  if (missing === undefined) {
    return { type: 'ResolvedRefs', status: 'True', reason: 'ResolvedRefs', message: '' };
  }
  return { type: 'ResolvedRefs', status: 'False', ...missing };
}

function programmed({ gateway, deployment, reports, digest }: GatewayObservation): Finding {
  const type = 'Programmed';
  if (digest === undefined) {
    return { type, status: 'False', reason: 'ConfigPending', message: 'no config compiled yet' };
  }
  const ready = deployment?.status?.readyReplicas ?? 0;
  // One that is ready is a way out: how many there should be is Ready's matter.
  if (ready < 1) {
    const wanted = gatewayReplicas(gateway);
    if (wanted === 0) {
      const message = 'replicas is 0: its agents have no way out';
      return { type, status: 'False', reason: 'ScaledToZero', message };
    }
    const message = `${ready} of ${wanted} replicas ready`;
    return { type, status: 'False', reason: 'GatewayNotProgrammed', message };
  }
  const serving = reports.filter((report) => !report.draining);
  const current = serving.filter((report) => report.configDigest === digest).length;
  // Every replica that takes connections must run it, and as many must report as are ready.
  if (current < ready || current < serving.length) {
    const message = `${current} of ${Math.max(ready, serving.length)} replicas run config ${short(digest)}`;
    return { type, status: 'False', reason: 'GatewayNotProgrammed', message };
  }
  return { type, status: 'True', reason: 'GatewayProgrammed', message: `config ${short(digest)}` };
}

function short(digest: string): string {
  return digest.slice(0, 'sha256:'.length + 12);
}

function summarize(findings: readonly Finding[], observation: GatewayObservation): Summary {
  const failed = findings.find((finding) => finding.status !== 'True');
  if (failed === undefined) {
    const wanted = gatewayReplicas(observation.gateway);
    const ready = observation.deployment?.status?.readyReplicas ?? 0;
    if (ready < wanted) {
      const message = `${ready} of ${wanted} replicas ready`;
      return { state: 'pending', reason: 'ReplicasNotReady', message };
    }
    return { state: 'ready', reason: 'GatewayProgrammed', message: 'every replica runs the current config' };
  }
  const { reason, message } = failed;
  if (failed.type === 'Accepted') return { state: 'stalled', reason, message };
  const late = graceLeft(previousConditions(observation.gateway), 'ResolvedRefs', observation.now) === 0;
  if (failed.type === 'ResolvedRefs' && late) return { state: 'stalled', reason, message };
  return { state: 'pending', reason, message };
}

type Listener = EgressGateway['spec']['listeners'][number];

function listenerStatus(observation: GatewayObservation, listener: Listener): object {
  const { gateway, attached, now } = observation;
  const before = (gateway.status?.listeners ?? []).find((each) => each.name === listener.name);
  const udp = listener.protocol === 'UDP';
  const finding: Finding = udp
    ? { type: 'Accepted', status: 'False', reason: 'UnsupportedProtocol', message: 'UDP is not supported' }
    : accepted;
  return {
    name: listener.name,
    ...(listener.port === undefined ? {} : { port: listener.port }),
    backendAddress: `clrk-egress-${gateway.metadata.name}.${gateway.metadata.namespace}.svc:${ports.egressFrame}`,
    attachedRoutes: udp ? 0 : (attached.get(listener.name) ?? 0),
    conditions: setConditions([finding], {
      previous: before === undefined ? [] : previousConditions({ status: before }),
      generation: gateway.metadata.generation ?? 0,
      now,
    }),
  };
}
