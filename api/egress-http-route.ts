/** EgressHTTPRoute: which HTTP calls to which hosts a gateway lets agents make, by method, path, query, header and body. */
import { Type, type Static } from 'typebox';
import { labelSelector } from './container.ts';
import { choice, flag, integer, list, record, text } from './field.ts';
import { columns, type KindDefinition, type Resource } from './resource.ts';
import { extensionRef, parentRefs, routeStatus, ruleApproval } from './route.ts';
import { framingHeaders, headerNameRules, hostnameRules, notAmong } from './rule.ts';

/** What a gateway writes itself, puts a key into, or has a field of its own for. */
const ungovernedHeaders = [
  ...framingHeaders,
  'content-type',
  'expect',
  'authorization',
  'proxy-authorization',
  'cookie',
  'accept-encoding',
  'range',
  'if-range',
];

const path = record(
  'path is the path, compared in the one form in which it is also sent; paths that servers may read in two ways are refused.',
  {
    type: choice(
      'type is how value is compared: Exact, PathPrefix (it and what is below it), Template ({name} and * within a segment, ** for any number of segments) or RegularExpression (RE2, the whole path).',
      ['Exact', 'PathPrefix', 'Template', 'RegularExpression'],
    ),
    value: text('value is a path, or what paths are to be like.', { max: 256, pattern: '^[!-~]+$' }),
  },
  {
    rules: [
      {
        rule: "self.type == 'RegularExpression' || (self.value.startsWith('/') && !self.value.matches('[?#;%\\\\\\\\]|//|[.](/|$)'))",
        message:
          'path.value starts with / and has no query, no escapes, no empty, dot or semicolon parts: no server may read it in two ways',
      },
      {
        rule: "self.type != 'Template' || (self.value.matches('^([^{}]|[{][A-Za-z0-9_]+[}])*$') && !self.value.matches('[^/][*][*]|[*][*][^/]'))",
        message:
          'a Template has {name} or * within a segment, and ** as a whole segment: /repos/{owner}/*/issues, /repos/acme/**',
      },
      {
        rule: "self.type != 'RegularExpression' || self.value.size() <= 200",
        message: 'a regular expression has at most 200 characters',
      },
      {
        rule: "self.type != 'RegularExpression' || (''.matches(self.value) ? true : true)",
        message: 'path.value must be an RE2 regular expression, such as /v[0-9]+/items/[^/]+',
      },
      {
        rule: "self.type != 'RegularExpression' || (!self.value.matches('\\\\\\\\[pPCQE]') && !self.value.contains('[:'))",
        message:
          'a pattern must not use Unicode classes, [:classes:], \\Q or \\C: write the characters, such as [A-Za-z0-9]',
      },
    ],
  },
);

function values(description: string) {
  return list(description, text('One value.', { max: 256, pattern: '^[ -~]+$' }), { max: 16 });
}

const match = record('Match is calls that fit all of what is set.', {
  methods: list(
    'methods are the methods, as they are written; GET is not HEAD, and * is every one but CONNECT and TRACE.',
    text('One method.', {
      max: 32,
      pattern: '^([*]|[A-Z][A-Z-]*)$',
      rules: [
        {
          rule: "!(self in ['CONNECT', 'TRACE'])",
          message: 'CONNECT and TRACE never pass a gateway',
        },
      ],
    }),
    { max: 16, min: 1 },
  ),
  path: Type.Optional(path),
  queryParams: Type.Optional(
    list(
      'queryParams each stand exactly once in the query; unset means any query.',
      record('QueryParam is one parameter.', {
        name: text('name is its name, decoded.', { max: 128, pattern: '^[A-Za-z0-9_.-]+$' }),
        values: Type.Optional(values('values are what it may be, decoded; unset means anything.')),
      }),
      { max: 8 },
    ),
  ),
  headers: Type.Optional(
    list(
      'headers each stand exactly once in the head; unset means any head.',
      record('Header is one field of the head.', {
        name: text('name is its name, in any case.', {
          max: 128,
          rules: [
            ...headerNameRules('name'),
            {
              rule: `${notAmong(ungovernedHeaders)} && !self.lowerAscii().startsWith('x-clrk-')`,
              message:
                'no rule can be about this header: the gateway writes it, drops it or puts a key into it',
            },
          ],
        }),
        values: Type.Optional(values('values are what it may be; unset means anything.')),
      }),
      { max: 8 },
    ),
  ),
  contentTypes: Type.Optional(
    list(
      'contentTypes are media types of which a body must have one; a call without a body fits. Unset means any.',
      text('One media type, without parameters.', {
        max: 128,
        pattern: '^[a-z0-9!#$&^_.+-]+/[a-z0-9!#$&^_.+-]+$',
      }),
      { max: 16 },
    ),
  ),
  maxBodyBytes: Type.Optional(
    integer(
      'maxBodyBytes is how long a body may be, as it is sent; a longer one is refused or cut off. Unset means any.',
    ),
  ),
  webSocket: Type.Optional(
    flag('webSocket lets GET calls of this match become WebSockets; unset means they may not.'),
  ),
});

/** Of no rule: they frame or route a call, bear a key, or decide about what was judged. The gateway has the whole list. */
const unchangedHeaders = [
  ...ungovernedHeaders,
  'content-encoding',
  'x-api-key',
  'api-key',
  'x-goog-api-key',
  'x-auth-token',
  'private-token',
];

function changedName() {
  return text('name is the header.', {
    max: 127,
    pattern: '^[A-Za-z0-9-]+$',
    rules: [
      {
        rule: `${notAmong(unchangedHeaders)} && !self.lowerAscii().startsWith('x-clrk-') && !self.lowerAscii().startsWith('sec-')`,
        message: 'no rule may change this header: it frames the call, bears a key, or is the platform\u2019s',
      },
    ],
  });
}

function written(description: string) {
  return list(
    description,
    record('Header is one header.', {
      name: changedName(),
      value: text('value is sent as it stands here; no secret belongs here.', {
        max: 512,
        pattern: '^[!-~]([ -~]*[!-~])?$',
      }),
    }),
    { max: 8, keys: ['name'] },
  );
}

const requestHeaderModifier = record(
  'requestHeaderModifier changes the head of calls after they were judged; a header that a credential writes is the credential\u2019s.',
  {
    set: Type.Optional(written('set headers are sent once, in place of the agent\u2019s.')),
    add: Type.Optional(written('add headers are sent beside the agent\u2019s.')),
    remove: Type.Optional(list('remove headers are not sent.', changedName(), { max: 8 })),
  },
);

const responseHeaderModifier = record('responseHeaderModifier changes the head of answers.', {
  remove: list(
    'remove headers do not reach the agent.',
    text('name is the header.', {
      max: 127,
      pattern: '^[A-Za-z0-9-]+$',
      rules: [
        {
          rule: notAmong([...framingHeaders, 'content-type', 'content-encoding', 'date']),
          message: 'this header frames the answer',
        },
      ],
    }),
    { max: 8, min: 1 },
  ),
});

const filter = record(
  'Filter is one extension.',
  {
    type: choice('type is ExtensionRef, RequestHeaderModifier or ResponseHeaderModifier.', [
      'ExtensionRef',
      'RequestHeaderModifier',
      'ResponseHeaderModifier',
    ]),
    extensionRef: Type.Optional(extensionRef()),
    requestHeaderModifier: Type.Optional(requestHeaderModifier),
    responseHeaderModifier: Type.Optional(responseHeaderModifier),
  },
  {
    rules: [
      {
        rule: "self.type != 'ExtensionRef' || (has(self.extensionRef) && self.extensionRef.kind in ['LoggingPolicy', 'RateLimitPolicy'])",
        message: 'a filter of an EgressHTTPRoute names a LoggingPolicy or a RateLimitPolicy in extensionRef',
      },
      {
        rule: "(self.type == 'RequestHeaderModifier') == has(self.requestHeaderModifier) && (self.type == 'ResponseHeaderModifier') == has(self.responseHeaderModifier) && (self.type == 'ExtensionRef') == has(self.extensionRef)",
        message:
          'set exactly the field of the type: extensionRef, requestHeaderModifier or responseHeaderModifier',
      },
    ],
  },
);

const spec = record('spec is the route as it should be.', {
  parentRefs: parentRefs(),
  hostnames: list(
    'hostnames are the hosts, exact or with one leading wildcard label.',
    text('One name.', { rules: hostnameRules }),
    { max: 16, min: 1 },
  ),
  ports: Type.Optional(
    list('ports are destination ports; unset means 443.', integer('One port.', { min: 1, max: 65_535 }), {
      max: 8,
      min: 1,
    }),
  ),
  sourceAgents: Type.Optional(
    labelSelector('sourceAgents are the agents, by label, this is open to; unset means every agent.'),
  ),
  rules: list(
    'rules are tried in order; a call that no rule of any route takes is refused.',
    record('Rule lets through what any of its matches takes.', {
      matches: list('matches are the calls.', match, { max: 16, min: 1 }),
      approval: Type.Optional(ruleApproval()),
      filters: Type.Optional(list('filters extend the rule; unset means none.', filter, { max: 8 })),
    }),
    { max: 16, min: 1 },
  ),
});

const status = routeStatus();

export type EgressHTTPRouteSpec = Static<typeof spec>;
export type EgressHTTPRouteStatus = Static<typeof status>;
export type EgressHTTPRoute = Resource<EgressHTTPRouteSpec, EgressHTTPRouteStatus>;

export const egressHttpRoute: KindDefinition = {
  kind: 'EgressHTTPRoute',
  plural: 'egresshttproutes',
  shortName: 'ehr',
  description: 'EgressHTTPRoute opens HTTP calls to hosts by method, path, query, header and body.',
  spec,
  status,
  columns: columns([
    { name: 'Gateway', type: 'string', jsonPath: '.spec.parentRefs[*].name' },
    { name: 'Hostnames', type: 'string', jsonPath: '.spec.hostnames[*]' },
  ]),
};
