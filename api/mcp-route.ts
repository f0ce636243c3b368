/** MCPRoute: the MCP servers a gateway lets agents reach, and which of their tools. */
import { Type, type Static } from 'typebox';
import { countWindow } from './count-window.ts';
import { choice, integer, list, record, text } from './field.ts';
import { columns, type KindDefinition, type Resource } from './resource.ts';
import { backendRefs, extensionRef, parentRefs, routeStatus } from './route.ts';
import { hostnameRules, regexRules } from './rule.ts';

// MCP names of tools are at most 128 characters; a glob of one needs no more.
const glob = (description: string) => text(description, { max: 128 });

function globs(description: string) {
  return list(description, glob('One glob; * is any text, ? any character.'), { max: 32 });
}

function regexes(description: string, max = 16) {
  return list(
    description,
    text('One RE2 pattern, found anywhere in the name.', { max: 256, rules: regexRules }),
    { max },
  );
}

const match = record(
  'Match is calls to its servers, by its methods, of its tools or resources; with nothing set, every call.',
  {
    servers: Type.Optional(
      list(
        'servers are hostnames of the route this applies to; unset means all of them.',
        text('One hostname.', { rules: hostnameRules }),
        { max: 16 },
      ),
    ),
    tools: Type.Optional(globs('tools are globs of the tools called; unset means every tool.')),
    toolsRegex: Type.Optional(
      regexes('toolsRegex are patterns of the tools called, besides tools; unset means none.'),
    ),
    resources: Type.Optional(
      list(
        'resources are globs of the resource URIs read; unset means every resource.',
        text('One glob, such as file:///docs/*.', { max: 1_024 }),
        { max: 32 },
      ),
    ),
    methods: Type.Optional(
      list(
        'methods are globs of JSON-RPC methods; unset means every method.',
        glob('One glob, such as tools/*.'),
        {
          max: 32,
        },
      ),
    ),
  },
);

const rateLimit = record('ToolRateLimit limits calls of some tools.', {
  tools: Type.Optional(globs('tools are globs of the tools counted; unset means every tool.')),
  toolsRegex: Type.Optional(
    regexes('toolsRegex are patterns of the tools counted, besides tools; unset means none.'),
  ),
  requests: integer('requests is how many calls fit in a window. Each message of a batch is a call.', {
    min: 1,
  }),
  window: countWindow(),
  scope: Type.Optional(
    choice(
      'scope is who shares a count: each agent has its own, each execution has, or there is one for the route; unset means PerAgent.',
      ['PerAgent', 'PerExecution', 'PerRoute'],
    ),
  ),
});

const argumentRule = record('ArgumentRule says with which arguments some tools may be called.', {
  tools: Type.Optional(
    globs('tools are globs of the tools it is about, without case; unset means every tool.'),
  ),
  toolsRegex: Type.Optional(
    regexes('toolsRegex are patterns of the tools it is about, besides tools; unset means none.', 4),
  ),
  action: Type.Optional(
    choice(
      'action is Allow: a call passes only where the expression holds; or Deny: only where it does not. Unset means Allow.',
      ['Allow', 'Deny'],
    ),
  ),
  expression: text(
    'expression is CEL of type bool over arguments, such as arguments.to.all(x, x.endsWith("@example.com")). Taken are operators, has, size, int, double, all, exists, exists_one, filter, and of texts contains, startsWith, endsWith, matches (RE2), lowerAscii, upperAscii. Without an answer, such as of a member that is missing, a call is refused.',
    { max: 1_024 },
  ),
});

const toolPolicy = record('toolPolicy says which tools may be called, for type ToolPolicy.', {
  allowedTools: Type.Optional(
    globs(
      'allowedTools are globs of tools that may be called; with allowedToolsRegex unset too, every tool.',
    ),
  ),
  allowedToolsRegex: Type.Optional(
    regexes(
      'allowedToolsRegex are patterns of tools that may be called, besides allowedTools; unset means none.',
    ),
  ),
  deniedTools: Type.Optional(
    globs('deniedTools are globs of tools that may not be called, whatever is allowed; unset means none.'),
  ),
  deniedToolsRegex: Type.Optional(
    regexes(
      'deniedToolsRegex are patterns of tools that may not be called, besides deniedTools; unset means none.',
    ),
  ),
  requireConfirmation: Type.Optional(
    globs('requireConfirmation are globs of tools a person must confirm; unset means none.'),
  ),
  argumentRules: Type.Optional(
    list(
      'argumentRules say with which arguments tools may be called: all that are about a tool must let its call pass; unset means with any.',
      argumentRule,
      { max: 8 },
    ),
  ),
  maxCallsPerExecution: Type.Optional(
    integer(
      'maxCallsPerExecution is how many calls of tools the rule lets through of one execution, over all gateways of the namespace; unset means unlimited.',
      { min: 1 },
    ),
  ),
  rateLimits: Type.Optional(
    list('rateLimits limit calls over time; unset means none.', rateLimit, { max: 8 }),
  ),
});

const filter = record(
  'Filter is one limit or extension.',
  {
    type: choice('type is which of the blocks below applies.', ['ToolPolicy', 'ExtensionRef']),
    toolPolicy: Type.Optional(toolPolicy),
    extensionRef: Type.Optional(extensionRef()),
  },
  {
    rules: [
      {
        rule: "(self.type == 'ToolPolicy') == has(self.toolPolicy) && (self.type == 'ExtensionRef') == has(self.extensionRef)",
        message: 'set exactly the block of the filter type: toolPolicy or extensionRef',
      },
    ],
  },
);

const spec = record('spec is the route as it should be.', {
  parentRefs: parentRefs(),
  hostnames: Type.Optional(
    list(
      'hostnames are the MCP servers, exact or with one leading wildcard label, on port 443; unset means the route opens nothing.',
      text('One name.', { rules: hostnameRules }),
      { max: 16 },
    ),
  ),
  deniedServerRequests: Type.Optional(
    list(
      'deniedServerRequests are what the servers may not ask of the agent: an answer of its model, input of its user, its directories, or anything else but a sign of life; unset means they may ask for everything.',
      choice('One kind of request.', ['Sampling', 'Elicitation', 'Roots', 'Other']),
      { max: 4 },
    ),
  ),
  rules: Type.Optional(
    list(
      'rules are tried in order, the first that matches applies; unset means calls of every kind pass.',
      record('Rule is what happens to the calls any of its matches names.', {
        matches: Type.Optional(list('matches are the calls; unset means every call.', match, { max: 8 })),
        filters: Type.Optional(
          list('filters limit or extend the rule; unset means none.', filter, { max: 8 }),
        ),
        backendRefs: Type.Optional(
          backendRefs(
            'backendRefs are where the calls go instead, by TLS under the name of the Backend, one by weight and the same for an execution; unset means where the agent sent them.',
          ),
        ),
      }),
      { max: 16 },
    ),
  ),
});

const status = routeStatus();

export type MCPRouteSpec = Static<typeof spec>;
export type MCPRouteStatus = Static<typeof status>;
export type MCPRoute = Resource<MCPRouteSpec, MCPRouteStatus>;

export const mcpRoute: KindDefinition = {
  kind: 'MCPRoute',
  plural: 'mcproutes',
  shortName: 'mcpr',
  description: 'MCPRoute opens MCP servers and says which of their tools may be called.',
  spec,
  status,
  columns: columns([
    { name: 'Gateway', type: 'string', jsonPath: '.spec.parentRefs[*].name' },
    { name: 'Hostnames', type: 'string', jsonPath: '.spec.hostnames[*]' },
  ]),
};
