/** A Backend that is dialled by TLS where servers have none, or without where that would leave the cluster. */
import {
  gatewaysUsing,
  isClusterHost,
  isDialledNear,
  isPlainBackend,
  isPlaceAlone,
  upstreamsOf,
} from '../backend-use.ts';
import type { Found, Rule } from '../rule.ts';
import type { Item, World } from '../world.ts';

// Defaults of vLLM, SGLang, TGI, llama.cpp, Ollama, LM Studio and LiteLLM, none of which has TLS there.
const plainPorts = [80, 1234, 3000, 4000, 5000, 8000, 8080, 11_434, 30_000];

function* dialledByTls(world: World, backend: Item<'Backend'>): Iterable<Found> {
  for (const { host, port } of upstreamsOf(world, backend)) {
    if (!plainPorts.includes(port) || (port !== 80 && !isClusterHost(host))) continue;
    const message = `${host}:${port} is dialled by TLS; servers speak plain HTTP on this port`;
    yield { manifest: backend.manifest, path: ['spec', 'upstream', 'port'], message };
  }
}

function* dialledPlain(world: World, backend: Item<'Backend'>): Iterable<Found> {
  const [upstream] = upstreamsOf(world, backend);
  if (upstream === undefined) return;
  const gateways = gatewaysUsing(world, backend);
  const isNear =
    gateways.length === 0
      ? isClusterHost(upstream.host)
      : gateways.every((each) => isDialledNear(each, upstream.host));
  if (isNear) return;
  const message = `${upstream.host} is no name of the cluster, and plain HTTP goes to private addresses alone: its calls are refused where it has another`;
  yield { manifest: backend.manifest, path: ['spec', 'upstream', 'scheme'], message };
}

export const backendPlainHttp: Rule = {
  id: 'backend-plain-http',
  severity: 'warn',
  title: 'A Backend dialled by TLS where servers speak plain HTTP, or in plain HTTP outside the cluster',
  why: 'The gateway dials a Backend by TLS unless it says scheme http. A server that speaks plain HTTP there answers with a failed handshake, and the caller sees a 502. In plain HTTP everybody on the way reads the call, so it goes to private addresses alone.',
  fix: 'Say scheme http for a server in the cluster; for any other put TLS in front of the server and name that port, for example 443 or 8443.',
  promises: ['S39'],
  *check(world) {
    for (const backend of world.own('Backend')) {
      if (isPlaceAlone(world, backend)) continue;
      yield* isPlainBackend(backend) ? dialledPlain(world, backend) : dialledByTls(world, backend);
    }
  },
  admission: [
    {
      resources: ['backends'],
      expression:
        "!has(object.spec.schema) || !has(object.spec.upstream) || !has(object.spec.upstream.port) || object.spec.upstream.port != 80 || (has(object.spec.upstream.scheme) && object.spec.upstream.scheme == 'http')",
      message: 'a Backend is dialled by TLS unless its scheme is http; on port 80 servers speak plain HTTP',
    },
  ],
};
