/**
 * Pulls of images for one worker: a real store and a registry that answers nothing for some names. The store has a door for this
 * bench, as those who ask are in other processes.
 */
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { openImageStore } from '../../../oci/index.ts';
import { temporaryDirectory, writeLayout } from '../../../test/oci/image-fixture.ts';
import {
  honestCaller,
  keepAsking,
  numberAt,
  type Part,
  type Place,
  type SharedThing,
} from '../shared-thing.ts';

const silentName = 'silent';
const manifestType = 'application/vnd.oci.image.manifest.v1+json';

async function listen(listener: RequestListener): Promise<Server> {
  const server = createServer(listener).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return server;
}

const portOf = (server: Server): number => (server.address() as AddressInfo).port;

/** Every name leads to the one image of the layout, but for those that are silent. */
function registryOf(layout: string, digest: string): RequestListener {
  return ({ url = '' }, response) => {
    if (url.includes(silentName)) return;
    const [, kind, wanted = ''] = /\/(manifests|blobs)\/([^/?]+)/.exec(url) ?? [];
    const name = kind === 'manifests' && !wanted.startsWith('sha256:') ? digest : wanted;
    const file = join(layout, 'blobs', 'sha256', name.slice('sha256:'.length));
    if (kind === undefined || !existsSync(file)) {
      response.writeHead(url === '/v2/' ? 200 : 404).end();
      return;
    }
    const type = kind === 'manifests' ? manifestType : 'application/octet-stream';
    response.writeHead(200, { 'content-type': type, 'docker-content-digest': name }).end(readFileSync(file));
  };
}

async function openPulls(): Promise<Part> {
  const directory = await temporaryDirectory();
  const layout = join(directory, 'layout');
  const digest = await writeLayout(layout, { layers: [[{ name: 'a', content: 'a' }]] });
  const registry = await listen(registryOf(layout, digest));
  const store = await openImageStore({ directory: join(directory, 'store') });
  const door = await listen((request, response) => {
    const asked = new URL(request.url ?? '', 'http://door');
    const gone = new AbortController();
    response.once('close', () => gone.abort());
    const [tenant, name] = ['tenant', 'name'].map((key) => asked.searchParams.get(key) ?? '') as [
      string,
      string,
    ];
    store.pull(`127.0.0.1:${portOf(registry)}/${name}:1`, { tenant, signal: gone.signal }).then(
      () => response.end(),
      () => response.writeHead(503).end(),
    );
  });
  return {
    place: { port: portOf(door) },
    [Symbol.asyncDispose]: async () => {
      for (const server of [door, registry]) {
        server.closeAllConnections();
        server.close();
      }
      await store[Symbol.asyncDispose]();
      await rm(directory, { recursive: true, force: true });
    },
  };
}

async function pull(place: Place, tenant: string, name: string, signal?: AbortSignal): Promise<boolean> {
  const url = `http://127.0.0.1:${numberAt(place, 'port')}/?tenant=${tenant}&name=${name}`;
  const answer = await fetch(url, signal === undefined ? {} : { signal });
  await answer.arrayBuffer();
  return answer.ok;
}

export const pulls: SharedThing = {
  role: 'worker',
  name: 'pulls of images',
  hostile: 'wants 200 images of a registry that takes requests and answers none',
  open: openPulls,
  fill: (place, tally, signal) => {
    let next = 0;
    return keepAsking({ atOnce: 200, perSecond: 400 }, tally, signal, () =>
      pull(place, 'mall', `${silentName}${(next += 1)}`, signal),
    );
  },
  honest: (place) => {
    let next = 0;
    return honestCaller(async () => {
      if (!(await pull(place, 'shop', `image${(next += 1)}`))) throw new Error('not pulled');
    });
  },
};
