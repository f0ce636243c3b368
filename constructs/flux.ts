/** Flux Kustomizations, one a chart, in the order the charts need. Only for those who ask; the charts do not change. */
import { ApiObject, App, Chart, Duration, Names, YamlOutputType, type ChartProps } from 'cdk8s';
import type { Construct } from 'constructs';
import { present, refuse } from './custom-resource.ts';
import { durationText } from './duration-text.ts';

/** Where Flux finds what synth wrote. */
export interface FluxSource {
  /** The kind of source. */
  readonly kind: 'GitRepository' | 'OCIRepository' | 'Bucket';
  /** Its name. */
  readonly name: string;
}

/** Properties of FluxKustomizations. */
export interface FluxKustomizationsProps extends ChartProps {
  /** Where Flux finds what synth wrote. */
  readonly source: FluxSource;
  /**
   * The folder in the source that synth wrote.
   *
   * @default ./dist
   */
  readonly path?: string;
  /**
   * How often Flux looks.
   *
   * @default 10 minutes
   */
  readonly interval?: Duration;
  /**
   * How long Flux waits until all objects are ready.
   *
   * @default 5 minutes
   */
  readonly timeout?: Duration;
}

/** How a chart is synced. */
export interface FluxChartOptions {
  /**
   * What must be ready before: charts added earlier, or names of Kustomizations made elsewhere.
   *
   * @default nothing
   */
  readonly after?: readonly (Chart | string)[];
}

/**
 * Flux Kustomizations, one a chart: pruned, waited for, and one after the other where that is said. Needs one folder a
 * chart.
 *
 * @example
 * ```ts
 * import { App, YamlOutputType } from 'cdk8s';
 * import { AgentStack, FluxKustomizations } from '@clrk/constructs';
 *
 * const app = new App({ yamlOutputType: YamlOutputType.FOLDER_PER_CHART_FILE_PER_RESOURCE });
 * const triage = new AgentStack(app, 'triage', { image: 'ghcr.io/acme/triage:1.0.0' });
 * const flux = new FluxKustomizations(app, 'flux', { source: { kind: 'GitRepository', name: 'agents' } });
 * flux.addChart(triage, { after: ['clrk-platform'] });
 * app.synth();
 * ```
 */
export class FluxKustomizations extends Chart {
  readonly #props: FluxKustomizationsProps;
  readonly #added = new Map<Chart, string>();

  constructor(scope: Construct, id: string, props: FluxKustomizationsProps) {
    const { source, path, interval, timeout, ...chart } = props;
    super(scope, id, { namespace: 'flux-system', ...chart });
    this.#props = { source, ...present({ path, interval, timeout }) };
    this.node.addValidation({ validate: () => this.#problems() });
  }

  /**
   * Syncs one more chart.
   *
   * @example
   * ```ts
   * const flux = new FluxKustomizations(app, 'flux', { source: { kind: 'GitRepository', name: 'agents' } });
   * flux.addChart(chart);
   * ```
   */
  addChart(chart: Chart, { after = [] }: FluxChartOptions = {}): void {
    if (this.#added.has(chart)) refuse(this, `syncs ${chart.node.path} already`);
    const folder = Names.toDnsLabel(chart);
    const dependsOn = after.map((each) => ({ name: typeof each === 'string' ? each : this.#nameOf(each) }));
    const {
      source,
      path = './dist',
      interval = Duration.minutes(10),
      timeout = Duration.minutes(5),
    } = this.#props;
    this.#added.set(chart, folder);
    new ApiObject(this, folder, {
      apiVersion: 'kustomize.toolkit.fluxcd.io/v1',
      kind: 'Kustomization',
      metadata: { name: folder },
      spec: present({
        interval: durationText(interval),
        timeout: durationText(timeout),
        path: `${path.replace(/\/$/, '')}/${folder}`,
        sourceRef: { kind: source.kind, name: source.name },
        prune: true,
        wait: true,
        dependsOn: dependsOn.length > 0 ? dependsOn : undefined,
      }),
    });
  }

  #nameOf(chart: Chart): string {
    return this.#added.get(chart) ?? refuse(this, `add ${chart.node.path} before what comes after it`);
  }

  /** The paths written above must be the folders synth makes. */
  #problems(): string[] {
    const app = App.of(this);
    const numbered = app.charts.some((chart) => chart.node.dependencies.some((each) => Chart.isChart(each)));
    return [
      ...(app.yamlOutputType === YamlOutputType.FOLDER_PER_CHART_FILE_PER_RESOURCE
        ? []
        : [
            'needs one folder a chart: new App({ yamlOutputType: YamlOutputType.FOLDER_PER_CHART_FILE_PER_RESOURCE })',
          ]),
      ...(numbered
        ? ['charts that depend on one another get numbered folders; say it with `after` instead']
        : []),
    ];
  }
}
