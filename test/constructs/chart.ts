/** A chart to put constructs in, and what it becomes. */
import { App, Chart, Testing, Yaml } from 'cdk8s';
import { parseManifestText, validate } from '../../policy/index.ts';

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

/** What `clrk validate` refuses of these objects, one line each. */
export function errorsOf(objects: readonly object[]): string[] {
  const text = objects.map((each) => Yaml.stringify(each)).join('---\n');
  const parsed = parseManifestText(text, 'test.k8s.yaml');
  const { findings, undecided } = validate({ ...parsed, files: 1, skipped: [] }, { now: new Date(0) });
  const errors = findings.filter(({ severity }) => severity === 'error');
  return [
    ...errors.map(
      ({ rule, object, message }) => `${rule}: ${object?.kind ?? ''}/${object?.name ?? ''}: ${message}`,
    ),
    ...(undecided ? ['undecided'] : []),
  ];
}
