/** LoggingPolicy: what of requests and answers is recorded, and who gets a copy. Filters of routes name it with extensionRef. */
import { Type, type Static } from 'typebox';
import { flag, list, record, text } from './field.ts';
import { columns, statusOf, type KindDefinition, type Resource } from './resource.ts';
import { headerNameRules } from './rule.ts';

const spec = record('spec is the policy as it should be.', {
  captureRequest: Type.Optional(
    flag('captureRequest records bodies of requests; unset means as the gateway says, false means never.'),
  ),
  captureResponse: Type.Optional(
    flag('captureResponse records bodies of answers; unset means as the gateway says, false means never.'),
  ),
  redactHeaders: Type.Optional(
    list(
      'redactHeaders are headers whose values are not recorded, besides those that never are; unset means no more.',
      text('One header name.', { max: 127, rules: headerNameRules('redactHeaders') }),
      { max: 64 },
    ),
  ),
  sinkRef: Type.Optional(
    text(
      'sinkRef is one of otlp.sinks of the gateway that a call goes through, by name: it gets a copy of its record, besides the store of the platform; unset means none. A gateway without that sink sends none, which the status says.',
    ),
  ),
});

const status = statusOf({});

export type LoggingPolicySpec = Static<typeof spec>;
export type LoggingPolicyStatus = Static<typeof status>;
export type LoggingPolicy = Resource<LoggingPolicySpec, LoggingPolicyStatus>;

export const loggingPolicy: KindDefinition = {
  kind: 'LoggingPolicy',
  plural: 'loggingpolicies',
  shortName: 'lp',
  description: 'LoggingPolicy says what of calls is recorded, for routes whose filters name it.',
  spec,
  status,
  columns: columns([
    { name: 'Request', type: 'boolean', jsonPath: '.spec.captureRequest' },
    { name: 'Response', type: 'boolean', jsonPath: '.spec.captureResponse' },
  ]),
};
