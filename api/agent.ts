/** What the two agent kinds share: the process, the pool, the limits and the gateways. Apart so that both stay alike. */
import { Type } from 'typebox';
import { agentEnvironment, argumentList, templateMetadata } from './container.ts';
import { list, quantity, record, text } from './field.ts';
import { imageRules } from './rule.ts';

export function agentTemplate() {
  return record('template is what runs in the sandbox.', {
    metadata: Type.Optional(
      templateMetadata('metadata adds labels and annotations to revisions; unset means none.'),
    ),
    spec: record('spec is the process in the sandbox.', {
      image: text('image is the OCI image of the agent.', { max: 512, rules: imageRules }),
      command: Type.Optional(
        argumentList('command replaces the entrypoint of the image; unset means that of the image.'),
      ),
      args: Type.Optional(argumentList('args follow the command; unset means none.')),
      env: Type.Optional(agentEnvironment()),
    }),
  });
}

export function workerPoolRef() {
  return text('workerPoolRef is the WorkerPool it runs on, in the same namespace.');
}

export function agentResources() {
  return record('resources are what one execution may use; unset means 1 CPU and 512Mi.', {
    cpu: Type.Optional(quantity('cpu is cores; unset or 0 means 1.')),
    memory: Type.Optional(quantity('memory is bytes; unset or 0 means 512Mi.')),
    ephemeralStorage: Type.Optional(
      quantity('ephemeralStorage is bytes written outside state; unset or 0 means unlimited.'),
    ),
  });
}

export function egressRefs() {
  return list(
    'egressRefs are the gateways it reaches the world through, the first one that has a listener for a destination; unset means it reaches nothing.',
    record('EgressReference names an EgressGateway.', {
      gatewayRef: text('gatewayRef is the EgressGateway, in the same namespace.'),
    }),
    { max: 8 },
  );
}

export function revisionNames() {
  return {
    latestCreatedRevisionName: Type.Optional(
      text('latestCreatedRevisionName is the newest AgentSandboxRevision.'),
    ),
    latestReadyRevisionName: Type.Optional(
      text('latestReadyRevisionName is the AgentSandboxRevision that is run.'),
    ),
  };
}
