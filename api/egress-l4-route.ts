/** EgressL4Route: destinations by address, name and port that a gateway lets agents reach. */
import { Type, type Static } from 'typebox';
import { labelSelector } from './container.ts';
import { choice, integer, list, record, text } from './field.ts';
import { columns, type KindDefinition, type Resource } from './resource.ts';
import { backendRefs, extensionRef, parentRefs, routeStatus } from './route.ts';
import { cidrRules, hostnameRules } from './rule.ts';

const portRange = record(
  'PortRange is one port, or all from startPort to endPort.',
  {
    port: Type.Optional(integer('port is one port.', { min: 1, max: 65_535 })),
    startPort: Type.Optional(integer('startPort is the first port of a range.', { min: 1, max: 65_535 })),
    endPort: Type.Optional(integer('endPort is the last port of a range.', { min: 1, max: 65_535 })),
  },
  {
    rules: [
      {
        rule: 'has(self.port) ? !has(self.startPort) && !has(self.endPort) : has(self.startPort) && has(self.endPort)',
        message: 'set port, or startPort and endPort together',
      },
      {
        rule: '!has(self.startPort) || !has(self.endPort) || self.startPort <= self.endPort',
        message: 'startPort must not be above endPort',
      },
    ],
  },
);

const match = record(
  'Match opens what fits any of its CIDRs or names, on its ports; with neither it opens nothing.',
  {
    destinationCIDRs: Type.Optional(
      list(
        'destinationCIDRs are address ranges; unset means none.',
        text('One CIDR.', { max: 49, rules: cidrRules }),
        { max: 32 },
      ),
    ),
    destinationHostnames: Type.Optional(
      list(
        'destinationHostnames are names, exact or with one leading wildcard label; unset means none.',
        text('One name.', { rules: hostnameRules }),
        { max: 32 },
      ),
    ),
    ports: Type.Optional(
      list('ports are destination ports; unset means every port.', portRange, { max: 32 }),
    ),
    protocol: Type.Optional(
      choice('protocol is TCP; unset means TCP.', ['TCP', 'UDP'], {
        rules: [
          { rule: "self != 'UDP'", message: 'UDP routes are not supported: agents reach the world over TCP' },
        ],
      }),
    ),
    sourceAgents: Type.Optional(
      labelSelector('sourceAgents are the agents, by label, this is open to; unset means every agent.'),
    ),
  },
);

const spec = record('spec is the route as it should be.', {
  parentRefs: parentRefs(),
  rules: list(
    'rules each open destinations.',
    record('Rule opens what any of its matches names.', {
      matches: Type.Optional(list('matches are the destinations; unset means none.', match, { max: 8 })),
      filters: Type.Optional(
        list(
          'filters extend the rule; unset means none.',
          record(
            'Filter is one extension.',
            {
              type: choice('type is ExtensionRef.', ['ExtensionRef']),
              extensionRef: Type.Optional(extensionRef()),
            },
            {
              rules: [
                {
                  rule: 'has(self.extensionRef)',
                  message: 'a filter of type ExtensionRef needs extensionRef',
                },
              ],
            },
          ),
          { max: 8 },
        ),
      ),
      backendRefs: Type.Optional(
        backendRefs(
          'backendRefs are where it is dialled instead, one by weight: names, TLS and certificates stay those the agent asked for; unset means where the agent sent it.',
        ),
      ),
    }),
    { max: 16 },
  ),
});

const status = routeStatus();

export type EgressL4RouteSpec = Static<typeof spec>;
export type EgressL4RouteStatus = Static<typeof status>;
export type EgressL4Route = Resource<EgressL4RouteSpec, EgressL4RouteStatus>;

export const egressL4Route: KindDefinition = {
  kind: 'EgressL4Route',
  plural: 'egressl4routes',
  shortName: 'el4r',
  description: 'EgressL4Route opens destinations by address, name and port.',
  spec,
  status,
  columns: columns([{ name: 'Gateway', type: 'string', jsonPath: '.spec.parentRefs[*].name' }]),
};
