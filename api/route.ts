/** What the route kinds share: parents, backend references and the status a gateway writes for each parent. */
import { Type, type TSchema } from 'typebox';
import { choice, integer, labelLength, list, record, text } from './field.ts';
import { conditions, statusOf } from './resource.ts';

const parentRef = record(
  'ParentReference names the EgressGateway, or one listener of it, the route attaches to.',
  {
    group: Type.Optional(text('group is the API group; unset means clrk.apoxy.dev.')),
    kind: Type.Optional(text('kind is the parent kind; unset means EgressGateway.', { max: labelLength })),
    namespace: Type.Optional(
      text('namespace is the parent namespace; unset means that of the route.', { max: labelLength }),
    ),
    name: text('name is the EgressGateway.'),
    sectionName: Type.Optional(text('sectionName is one listener by name; unset means all of them.')),
    port: Type.Optional(integer('port is one listener by port; unset means any.', { min: 1, max: 65_535 })),
  },
);

export function parentRefs() {
  return list(
    'parentRefs are the gateways this route attaches to; unset means the route does nothing.',
    parentRef,
    { max: 32, min: 1 },
  );
}

export function backendRefs(description: string) {
  return list(
    description,
    record('BackendReference names a backend.', {
      group: Type.Optional(text('group is the API group; unset means clrk.apoxy.dev.')),
      kind: Type.Optional(text('kind is the backend kind; unset means Backend.', { max: labelLength })),
      namespace: Type.Optional(
        text('namespace is that of the backend; unset means that of the route.', { max: labelLength }),
      ),
      name: text('name is the backend.'),
      weight: Type.Optional(
        integer('weight is the share of traffic; unset means 1, 0 means none.', { max: 1_000_000 }),
      ),
      port: Type.Optional(
        integer('port is the port of the backend; unset means its own.', { min: 1, max: 65_535 }),
      ),
    }),
    { max: 16 },
  );
}

export function extensionRef() {
  return record('extensionRef names an object of another kind that extends this rule.', {
    group: text('group is its API group.'),
    kind: text('kind is its kind.', { max: labelLength }),
    name: text('name is its name.'),
  });
}

/** `more`: what a kind says beside it. */
export function routeStatus<T extends Record<string, TSchema> = Record<never, never>>(more?: T) {
  return statusOf({
    parents: Type.Optional(
      list(
        'parents say for each parent whether the route is attached.',
        record('RouteParentStatus is the state at one parent.', {
          parentRef,
          controllerName: Type.Optional(text('controllerName is who wrote this.')),
          conditions: Type.Optional(conditions()),
        }),
        { max: 32 },
      ),
    ),
    ...(more as T),
  });
}

/** Of a rule of an EgressHTTPRoute or an AIProviderRoute. */
export function ruleApproval() {
  return choice(
    'approval is Required where a person decides about each call first: it waits for four and a half minutes, and goes if it was allowed (kind Approval). Unset means calls go at once.',
    ['Required'],
  );
}
