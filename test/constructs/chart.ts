/** A chart to put constructs in, and what it becomes. */
import { App, Chart, Testing } from 'cdk8s';

export interface Synthesized {
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly namespace?: string };
  readonly spec: Record<string, unknown>;
}

export function testChart(namespace?: string): Chart {
  return new Chart(new App(), 'test', namespace === undefined ? {} : { namespace });
}

export function synth(chart: Chart): Synthesized[] {
  return Testing.synth(chart) as Synthesized[];
}

export function specOf(chart: Chart, kind: string, name?: string): Record<string, unknown> {
  const found = synth(chart).filter(
    (each) => each.kind === kind && (name === undefined || each.metadata.name === name),
  );
  if (found.length !== 1 || found[0] === undefined)
    throw new Error(`${found.length} objects of kind ${kind}`);
  return found[0].spec;
}
