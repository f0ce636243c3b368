/** `npm run synth`: writes all of dist/, one folder a chart, one file an object, the same bytes every time. */
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { App, YamlOutputType } from 'cdk8s';
import { DefaultsChart } from './defaults.ts';
import { ExamplesChart } from './examples.ts';
import { namespacesFirst, writeKustomization } from './kustomization.ts';
import { PlatformChart } from './platform.ts';

const outdir = process.env['CDK8S_OUTDIR'] ?? 'dist';
const app = new App({ outdir, yamlOutputType: YamlOutputType.FOLDER_PER_CHART_FILE_PER_RESOURCE });
const charts = [
  new PlatformChart(app, 'platform'),
  new DefaultsChart(app, 'defaults'),
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
