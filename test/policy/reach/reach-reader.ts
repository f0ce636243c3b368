/**
 * Reads the closed set the way its documentation tells a person to: find the region, the protocol, the first clause that
 * fits the call. Knows nothing of policies, so that it cannot agree with the gateway by being the gateway.
 */
import { isIP } from 'node:net';
import { cidrContains, parseCidr, parseHostname, parseIp, providerOfHost } from '../../../contract/index.ts';
import { isGlob, matchesGlob } from '../../../egress/pipeline/glob.ts';
import { isPlainPath } from '../../../egress/pipeline/identify.ts';
import { parseRpcBody } from '../../../egress/body/json-rpc.ts';
import { judgeMessage } from '../../../egress/pipeline/mcp.ts';
import type {
  Access,
  AgentReach,
  CallMatch,
  Clause,
  DestinationSet,
  Outcome,
} from '../../../policy/reach/index.ts';
import type { Attempt } from './random/attempt.ts';
import { renderWay } from './way.ts';

function matchesPattern(pattern: string, name: string): boolean {
  return pattern === name || (pattern.startsWith('*.') && pattern.slice(1) === name.slice(name.indexOf('.')));
}

function holdsName({ names, wildcards, others }: DestinationSet, name: string): boolean {
  if (names.includes(name)) return true;
  if (wildcards.some(({ pattern, except }) => matchesPattern(pattern, name) && !except.includes(name)))
    return true;
  return others !== undefined && !others.except.some((pattern) => matchesPattern(pattern, name));
}

function holdsAddress({ addresses }: DestinationSet, text: string): boolean {
  const address = parseIp(text)!;
  const within = (cidrs: readonly string[]) => cidrs.some((cidr) => cidrContains(parseCidr(cidr)!, address));
  return within(addresses.cidrs) && !within(addresses.except);
}

type Fit = 'yes' | 'no' | 'unknown';

function fits({ matches }: Clause, { path, model }: Attempt): Fit {
  let result: Fit = 'no';
  for (const { models, endpoints } of matches) {
    if (endpoints.length > 0 && !(isPlainPath(path) && endpoints.some((glob) => matchesGlob(glob, path))))
      continue;
    if (models.length === 0) return 'yes';
    if (model === undefined) result = 'unknown';
    else if (models.some((glob) => matchesGlob(glob, model))) return 'yes';
  }
  return result;
}

/** A denial cannot be dodged by what cannot be read: no model, an odd path, a glob that is none. */
function isDenied(matches: readonly CallMatch[], { path, model }: Pick<Attempt, 'path' | 'model'>): boolean {
  const takes = (globs: readonly string[], text: string): boolean =>
    globs.some((glob) => matchesGlob(glob, text) || !isGlob(glob));
  return matches.some(
    ({ models, endpoints }) =>
      (endpoints.length === 0 || !isPlainPath(path) || takes(endpoints, path)) &&
      (models.length === 0 || model === undefined || takes(models, model)),
  );
}

/** The listed MCPRoutes must let the request through; which tool that is, their own function says. */
function passesMcp({ mcp }: Access, { rpc, hostname }: Attempt): boolean {
  if (mcp === undefined) return true;
  if (rpc === undefined) return false;
  const params = rpc.tool === undefined ? {} : { name: rpc.tool };
  const body = parseRpcBody(
    Buffer.from(JSON.stringify({ jsonrpc: '2.0', id: 1, method: rpc.method, params })),
  );
  return body!.messages.every(
    (each) =>
      judgeMessage(mcp.routes, each, { host: hostname ?? '', open: mcp.othersPass }).refusal === undefined,
  );
}

function outcomesOf(access: Access, attempt: Attempt): readonly Outcome[] {
  if (!passesMcp(access, attempt)) return [];
  for (const clause of access.clauses) {
    if (clause.denied === true && isDenied(clause.matches, attempt)) return [];
    if (clause.denied === true) continue;
    const fit = fits(clause, attempt);
    if (fit === 'yes') return clause.outcomes;
    // A call that names no model is not taken by a later clause either.
    if (fit === 'unknown') return access.otherwise;
  }
  return access.otherwise;
}

/** Some of the calls sent to a Backend may be denied there, by the name it gives the model. */
function isDeniedAtBackend({ denied }: Outcome, { path, model }: Attempt): boolean {
  if (denied === undefined) return false;
  const rename = denied.renames.find(({ from }) => model !== undefined && matchesGlob(from, model));
  return isDenied(denied.matches, { path, model: rename?.to ?? model });
}

const protocols = { tls: ['HTTPS', 'TLS'], http1: ['HTTP'], raw: ['TCP'] } as const;

export function readReach(reach: readonly AgentReach[], attempt: Attempt): string[] {
  const { hostname, ip, port } = attempt;
  const regions = reach
    .find(({ agent }) => agent === attempt.agent)!
    .regions.filter(
      ({ destinations, ports }) =>
        ports.some(({ start, end }) => port >= start && port <= end) &&
        (hostname === undefined
          ? isIP(ip) !== 0 && holdsAddress(destinations, ip)
          : holdsName(destinations, hostname)),
    );
  if (regions.length > 1) throw new Error(`in ${regions.length} regions at once`);
  const wanted: readonly string[] = protocols[attempt.wire];
  const access = regions[0]?.value.find(({ protocol }) => wanted.includes(protocol));
  if (access === undefined) return [];
  const name = hostname === undefined ? undefined : parseHostname(hostname);
  // On the hosts of providers a path that can be read in two ways never passes (S34).
  const inspected = access.protocol.startsWith('HTTP');
  if (inspected && name !== undefined && providerOfHost(name) !== undefined && !isPlainPath(attempt.path))
    return [];
  const ways = outcomesOf(access, attempt)
    .filter((outcome) => outcome.refused === undefined && !isDeniedAtBackend(outcome, attempt))
    .map(({ backend, pinned, credentials, budgets }) => {
      const target = backend === undefined ? `${hostname ?? ip}:${port}` : `${backend.host}:${backend.port}`;
      return renderWay({ protocol: access.protocol, target, pinned, credentials, budgets });
    });
  return [...new Set(ways)].sort();
}
