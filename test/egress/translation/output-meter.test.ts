/** A translated stream that grows past what its budget counts with ends with an error in the agent's API. */
import { expect, test } from 'vitest';
import {
  chatCodecs,
  OutputMeter,
  StreamAnswer,
  type CallTranslation,
} from '../../../egress/translation/index.ts';

const call: CallTranslation = {
  from: chatCodecs.anthropic,
  to: chatCodecs.openai,
  ...{ framing: 'sse', upstreamFraming: 'sse', upstreamMediaType: 'text/event-stream', stream: true },
  context: { model: 'claude', asksUsage: true, id: 'i', created: 0 },
};
const chunk = (text: string): Buffer =>
  Buffer.from(`data: {"id":"c","model":"m","choices":[{"index":0,"delta":{"content":"${text}"}}]}\n\n`);

test('S48: by its letters', () => {
  const meter = new OutputMeter(2);
  const answer = new StreamAnswer(call, meter);
  expect(String(answer.push(chunk('x'.repeat(64))))).not.toContain('BUDGET_CUT');
  expect(answer.hasFailed).toBe(false);
  expect(String(answer.push(chunk('y')))).toMatch(
    /"y".*event: error\ndata: \{"type":"error".*BUDGET_CUT.*\n\n$/s,
  );
  expect([answer.hasFailed, answer.isUnreadable, String(answer.push(chunk('z')))]).toEqual([true, false, '']);
  expect(meter.estimate).toBe(17);
});

test('by what its upstream tells', () => {
  const meter = new OutputMeter(2);
  meter.tell(2);
  expect(meter.isOver).toBe(false);
  meter.tell(3);
  meter.tell(1);
  expect([meter.isOver, meter.estimate]).toEqual([true, 3]);
});
