/** A Backend on a port where servers speak plain HTTP. */
import { isClusterHost, isPlaceAlone, upstreamsOf } from '../backend-use.ts';
import type { Rule } from '../rule.ts';

// Defaults of vLLM, SGLang, TGI, llama.cpp, Ollama, LM Studio and LiteLLM, none of which has TLS there.
const plainPorts = [80, 1234, 3000, 4000, 5000, 8000, 8080, 11_434, 30_000];

export const backendPlainHttp: Rule = {
  id: 'backend-plain-http',
  severity: 'warn',
  title: 'A Backend on a port where servers speak plain HTTP',
  why: 'The gateway dials every Backend by TLS, because the call carries a key. A server that speaks plain HTTP there answers with a failed handshake, and the caller sees a 502.',
  fix: 'Put TLS in front of the server and name that port, for example 443 or 8443.',
  promises: ['S39'],
  *check(world) {
    for (const backend of world.own('Backend')) {
      if (isPlaceAlone(world, backend)) continue;
      for (const { host, port } of upstreamsOf(world, backend)) {
        if (!plainPorts.includes(port) || (port !== 80 && !isClusterHost(host))) continue;
        const message = `${host}:${port} is dialled by TLS; servers speak plain HTTP on this port`;
        yield { manifest: backend.manifest, path: ['spec', 'upstream', 'port'], message };
      }
    }
  },
  admission: [
    {
      resources: ['backends'],
      expression:
        '!has(object.spec.schema) || !has(object.spec.upstream) || !has(object.spec.upstream.port) || object.spec.upstream.port != 80',
      message: 'a Backend is dialled by TLS; on port 80 servers speak plain HTTP',
    },
  ],
};
