/** An Approval as the commands read it. What an agent wrote of it is foreign: only printForeign and tables show it. */
import type { Approval } from '../../api/index.ts';

export type { Approval };

/** `tools/call send_mail`, `DELETE /files/1?x=1`. */
export function renderWhat({ spec: { request } }: Approval): string {
  const { method, path = '', query = '', tool, model } = request.call;
  const what =
    tool === undefined ? `${method} ${path}${query}` : `${method} ${tool}${query === '' ? '' : ` ${query}`}`;
  return model === undefined ? what : `${what} (model ${model})`;
}

function renderFact(name: string, value: string | number | undefined): string[] {
  return value === undefined ? [] : [`${`${name}:`.padEnd(12)} ${value}`];
}

function renderDecision({ spec: { decision }, status }: Approval): string[] {
  if (decision === undefined) return renderFact('Decision', 'none yet');
  const { answer, for: scope = 'Once', decidedBy, reason } = decision;
  return [
    ...renderFact('Decision', `${answer} for ${scope} by ${decidedBy}`),
    ...renderFact('Reason', reason),
    ...renderFact('Until', status?.validUntil),
  ];
}

/** For a person who is about to decide. */
export function renderApproval(approval: Approval): string[] {
  const { metadata, spec, status } = approval;
  const { request } = spec;
  const { call, agent, route } = request;
  return [
    ...renderFact('Approval', `${metadata.namespace}/${metadata.name}`),
    ...renderFact(
      'Phase',
      `${status?.phase ?? 'Pending'}${status?.call === undefined ? '' : `, call ${status.call.toLowerCase()}`}`,
    ),
    ...renderFact('Agent', `${agent.kind} ${agent.name}, invocation ${request.invocation}`),
    ...renderFact('Wants', renderWhat(approval)),
    ...renderFact('At', `${call.host}:${call.port}${call.tool === undefined ? '' : (call.path ?? '')}`),
    ...renderFact('Arguments', call.arguments),
    ...renderFact('Digest', call.argumentsDigest),
    ...renderFact('Body', call.bodyBytes === undefined ? undefined : `${call.bodyBytes} bytes, not shown`),
    ...renderFact('Shown', call.cut === true ? 'in part: something was too long' : undefined),
    ...renderFact('By rule of', `${route.kind} ${route.namespace}/${route.name}, gateway ${request.gateway}`),
    ...renderFact('Waits until', request.expiresAt),
    ...renderDecision(approval),
  ];
}
