/** EgressGateway: the only way out of a sandbox; it decides, inspects and records. */
import { Type, type Static } from 'typebox';
import { labelSelector } from './container.ts';
import { otlp } from './egress-otlp.ts';
import { choice, duration, integer, labelLength, list, record, text } from './field.ts';
import { gatewayWorkload } from './gateway-workload.ts';
import { columns, conditions, labelName, statusOf, type KindDefinition, type Resource } from './resource.ts';
import { runningPolicies } from './running-policy.ts';

function secretRef(description: string) {
  return record(description, {
    name: text('name is the Secret.'),
    namespace: Type.Optional(
      text('namespace is ignored: the Secret is in the namespace of the gateway.', { max: labelLength }),
    ),
  });
}

const listener = record(
  'Listener takes one kind of traffic.',
  {
    name: text('name is the listener, for sectionName of routes.', { max: labelLength }),
    protocol: choice(
      'protocol is what the traffic speaks; UDP is refused.',
      ['TCP', 'TLS', 'HTTP', 'HTTPS', 'UDP'],
      {
        rules: [
          {
            rule: "self != 'UDP'",
            message: 'UDP listeners are not supported: agents reach the world over TCP',
          },
        ],
      },
    ),
    port: Type.Optional(
      integer('port is the destination port; unset means every port no other listener names.', {
        min: 1,
        max: 65_535,
      }),
    ),
    tls: Type.Optional(
      record('tls is what happens to TLS; unset means it passes through for TLS and ends here for HTTPS.', {
        mode: Type.Optional(
          choice('mode is Terminate to inspect, Passthrough not to; unset means Passthrough.', [
            'Passthrough',
            'Terminate',
          ]),
        ),
        caCertRef: Type.Optional(
          secretRef(
            'caCertRef is a Secret with tls.crt and tls.key of the CA to sign with; unset means a CA made for the gateway.',
          ),
        ),
      }),
    ),
    allowedRoutes: Type.Optional(
      record('allowedRoutes are the routes that may attach; unset means those of the same namespace.', {
        namespaces: Type.Optional(
          record('namespaces are where routes may come from; unset means Same.', {
            from: Type.Optional(
              choice('from is Same, All or Selector; unset means Same.', ['Same', 'All', 'Selector']),
            ),
            selector: Type.Optional(labelSelector('selector chooses namespaces for from Selector.')),
          }),
        ),
        kinds: Type.Optional(
          list(
            'kinds are the kinds that may attach; unset means every route kind.',
            record('RouteKind is one kind.', {
              group: Type.Optional(text('group is its API group; unset means clrk.apoxy.dev.')),
              kind: text('kind is the kind.', { max: labelLength }),
            }),
            { max: 8 },
          ),
        ),
      }),
    ),
  },
  {
    rules: [
      {
        rule: "!has(self.tls) || !has(self.tls.mode) || self.tls.mode != 'Terminate' || self.protocol in ['TLS', 'HTTPS']",
        message: 'tls.mode Terminate needs protocol TLS or HTTPS',
      },
    ],
  },
);

const upstreamTLS = record(
  'upstreamTLS is how upstream servers are verified; unset means by the public roots.',
  {
    additionalTrustBundleSecretRef: Type.Optional(
      secretRef(
        'additionalTrustBundleSecretRef is a Secret whose keys all hold PEM roots, besides the public ones.',
      ),
    ),
    hostAliases: Type.Optional(
      list(
        'hostAliases pin names of upstream servers to an address; unset means DNS.',
        record('HostAlias is one address and its names.', {
          ip: text('ip is the address.', {
            max: 45,
            rules: [{ rule: 'isIP(self)', message: 'hostAliases.ip must be an IP address' }],
          }),
          hostnames: Type.Optional(list('hostnames are the names.', text('One name.'), { max: 32 })),
        }),
        { max: 32 },
      ),
    ),
  },
);

const spec = record(
  'spec is the gateway as it should be.',
  {
    defaultPolicy: Type.Optional(
      choice(
        'defaultPolicy is what happens to destinations no route names; unset means deny-all.',
        ['allow-all', 'deny-all'],
        { default: 'deny-all' },
      ),
    ),
    enforcement: Type.Optional(
      choice(
        'enforcement is Enforce, or Audit: what no route opens passes, without a credential, and is recorded as what would be denied. Never-open and private addresses, EgressDenyPolicies, MCPRoutes at their hosts, approvals, budgets and limits hold all the same. Unset means Enforce.',
        ['Enforce', 'Audit'],
      ),
    ),
    onUnlisted: Type.Optional(
      choice(
        'onUnlisted is what happens to calls to destinations no route opens: Deny, or Ask: each waits for a person (`clrk approvals`) and carries no credential. Bytes that are no HTTP, and calls that the routes of a host do not take, are denied all the same. It needs deny-all and Enforce. Unset means Deny.',
        ['Deny', 'Ask'],
      ),
    ),
    listeners: list('listeners are the traffic it takes.', listener, { max: 16, min: 1, keys: ['name'] }),
    otlp: Type.Optional(otlp),
    upstreamTLS: Type.Optional(upstreamTLS),
    dns: Type.Optional(
      record('dns is how upstream names are resolved; unset means the defaults.', {
        lookupFamily: Type.Optional(
          choice('lookupFamily is which addresses are used; unset means V4Preferred.', [
            'V4Preferred',
            'V4Only',
            'V6Only',
            'Auto',
            'All',
          ]),
        ),
      }),
    ),
    ...gatewayWorkload,
    requestTimeout: Type.Optional(
      duration('requestTimeout is how long one upstream request may take; unset means 5m.', 'requestTimeout'),
    ),
  },
  {
    rules: [
      {
        rule: "!has(self.onUnlisted) || self.onUnlisted != 'Ask' || ((!has(self.defaultPolicy) || self.defaultPolicy == 'deny-all') && (!has(self.enforcement) || self.enforcement == 'Enforce'))",
        message:
          'onUnlisted Ask needs defaultPolicy deny-all and enforcement Enforce: the others let pass what it would ask about',
      },
    ],
  },
);

const status = statusOf({
  selector: Type.Optional(text('selector is the label selector of its pods, for autoscalers.')),
  readyReplicas: Type.Optional(integer('readyReplicas is the number of replicas that are ready.')),
  running: runningPolicies(),
  listenerCount: Type.Optional(integer('listenerCount is the number of listeners.')),
  listeners: Type.Optional(
    list(
      'listeners say how each listener stands.',
      record('ListenerStatus is one listener.', {
        name: text('name is the listener.', { max: labelLength }),
        port: Type.Optional(integer('port is its destination port.', { max: 65_535 })),
        backendAddress: Type.Optional(
          text('backendAddress is where workers send its traffic.', { max: 512 }),
        ),
        attachedRoutes: Type.Optional(integer('attachedRoutes is the number of routes attached.')),
        conditions: Type.Optional(conditions()),
      }),
      { max: 16, keys: ['name'] },
    ),
  ),
});

export type EgressGatewaySpec = Static<typeof spec>;
export type EgressGatewayStatus = Static<typeof status>;
export type EgressGateway = Resource<EgressGatewaySpec, EgressGatewayStatus>;

export const egressGateway: KindDefinition = {
  kind: 'EgressGateway',
  plural: 'egressgateways',
  shortName: 'egw',
  scale: {
    specReplicasPath: '.spec.replicas',
    statusReplicasPath: '.status.readyReplicas',
    labelSelectorPath: '.status.selector',
  },
  description: 'EgressGateway is the way out of the sandboxes: it decides, inspects and records.',
  // `clrk-egress-NAME` is a Service.
  name: labelName(51),
  spec,
  status,
  columns: columns([
    { name: 'Policy', type: 'string', jsonPath: '.spec.defaultPolicy' },
    { name: 'Listeners', type: 'integer', jsonPath: '.status.listenerCount' },
    { name: 'Replicas', type: 'integer', jsonPath: '.spec.replicas' },
    { name: 'Ready Pods', type: 'integer', jsonPath: '.status.readyReplicas' },
  ]),
};
