/**
 * By whom the cluster's API server believes telemetry: the CA goes into the APIServices that the manifests brought. Nothing is
 * made here: without one, nobody wants records in the cluster's API.
 */
import { aggregatedApiService, metricsApiService } from '../../contract/index.ts';
import type { CertificateAndKey } from '../../pki/index.ts';
import type { Context } from '../context.ts';
import { kinds } from '../kind.ts';

/** Records, and the figures made of them. */
export const apiServices: readonly string[] = [aggregatedApiService, metricsApiService];

export async function trustTelemetry(context: Context, ca: CertificateAndKey): Promise<void> {
  const caBundle = Buffer.from(ca.certificatePem).toString('base64');
  for (const name of apiServices) {
    const observed = context.world.get(kinds.apiService, undefined, name);
    if (observed === undefined) continue;
    const wanted = { metadata: { name }, spec: { caBundle } };
    await context.applier.apply(kinds.apiService, wanted, observed);
  }
}
