/** `npm run synth`: writes all of dist/, one folder a chart, one file an object, the same bytes every time. */
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { App, YamlOutputType } from 'cdk8s';
import { AdmissionChart } from './admission.ts';
import { argocdConfigMap } from './argocd.ts';
import { DefaultsChart } from './defaults.ts';
import { ExamplesChart } from './examples.ts';
import { crdsChartFiles } from './helm/crds-chart.ts';
import { platformChartFiles, type ChartFiles } from './helm/platform-chart.ts';
import { namespacesFirst, writeKustomization } from './kustomization.ts';
import { PlatformChart } from './platform.ts';

const outdir = process.env['CDK8S_OUTDIR'] ?? 'dist';
const app = new App({ outdir, yamlOutputType: YamlOutputType.FOLDER_PER_CHART_FILE_PER_RESOURCE });
const platform = new PlatformChart(app, 'platform');
const charts = [
  platform,
  new DefaultsChart(app, 'defaults'),
  new AdmissionChart(app, 'admission'),
  new ExamplesChart(app, 'examples', { standIn: true }),
  new ExamplesChart(app, 'examples-openai', { standIn: false }),
];
const folders = charts.map((chart) => join(outdir, chart.node.id));
// An object that is gone from the code must be gone from git.
for (const folder of folders) rmSync(folder, { recursive: true, force: true });
app.synth();
for (const folder of folders) {
  namespacesFirst(folder);
  // The platform is of no use without its kinds; they are one folder for everyone (`npm run generate`).
  writeKustomization(folder, folder === join(outdir, 'platform') ? ['../../crds'] : []);
}

function writeHelmChart(name: string, files: ChartFiles): void {
  const folder = join(outdir, 'charts', name);
  rmSync(folder, { recursive: true, force: true });
  for (const [file, text] of files) {
    mkdirSync(dirname(join(folder, file)), { recursive: true });
    writeFileSync(join(folder, file), text);
  }
}

const withClickhouse = new PlatformChart(new App(), 'platform', { installClickhouse: true });
writeHelmChart('clrk', platformChartFiles(platform, withClickhouse));
writeHelmChart('clrk-crds', crdsChartFiles('crds'));

mkdirSync(join(outdir, 'argocd'), { recursive: true });
writeFileSync(
  join(outdir, 'argocd/argocd-cm.yaml'),
  argocdConfigMap('gitops/argocd/resource_customizations'),
);
