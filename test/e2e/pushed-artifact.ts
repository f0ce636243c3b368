/** What a registry may hold that is no image: an artifact (a Helm chart, a signature) pushed under an image's name. */
import { createHash } from 'node:crypto';

const digestOf = (bytes: Buffer): string => `sha256:${createHash('sha256').update(bytes).digest('hex')}`;

async function must(response: Promise<Response>, what: string): Promise<Response> {
  const answer = await response;
  if (!answer.ok) throw new Error(`${what}: ${answer.status} ${await answer.text()}`);
  return answer;
}

/** Pushes `REPOSITORY:1` to the registry at `http://HOST`. */
export async function pushArtifact(host: string, repository: string): Promise<void> {
  const blob = Buffer.from('{"a":"chart"}');
  const base = `http://${host}/v2/${repository}`;
  const opened = await must(fetch(`${base}/blobs/uploads/`, { method: 'POST' }), 'upload');
  const upload = new URL(opened.headers.get('location') ?? '', base);
  upload.searchParams.set('digest', digestOf(blob));
  await must(fetch(upload, { method: 'PUT', body: blob }), 'blob');
  const descriptor = (mediaType: string) => ({ mediaType, digest: digestOf(blob), size: blob.length });
  const mediaType = 'application/vnd.oci.image.manifest.v1+json';
  const manifest = {
    schemaVersion: 2,
    mediaType,
    config: descriptor('application/vnd.cncf.helm.config.v1+json'),
    layers: [descriptor('application/vnd.cncf.helm.chart.content.v1.tar+gzip')],
  };
  const headers = { 'content-type': mediaType };
  await must(
    fetch(`${base}/manifests/1`, { method: 'PUT', headers, body: JSON.stringify(manifest) }),
    'manifest',
  );
}
