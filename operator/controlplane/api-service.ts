/**
 * By whom the cluster's API server believes telemetry: the CA goes into the APIService that the manifests brought. Nothing is
 * made here: without one, nobody wants records in the cluster's API.
 */
import { aggregatedApiService } from '../../contract/index.ts';
import type { CertificateAndKey } from '../../pki/index.ts';
import type { Context } from '../context.ts';
import { kinds } from '../kind.ts';

export async function trustTelemetry(context: Context, ca: CertificateAndKey): Promise<void> {
  const observed = context.world.get(kinds.apiService, undefined, aggregatedApiService);
  if (observed === undefined) return;
  const caBundle = Buffer.from(ca.certificatePem).toString('base64');
  const wanted = { metadata: { name: aggregatedApiService }, spec: { caBundle } };
  await context.applier.apply(kinds.apiService, wanted, observed);
}
