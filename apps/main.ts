/** `npm run synth`: writes all of dist/, one folder a chart, one file an object, the same bytes every time. */
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { App, YamlOutputType } from 'cdk8s';
import { ExamplesChart } from './examples.ts';
import { writeKustomization } from './kustomization.ts';
import { PlatformChart } from './platform.ts';

const outdir = process.env['CDK8S_OUTDIR'] ?? 'dist';
const app = new App({ outdir, yamlOutputType: YamlOutputType.FOLDER_PER_CHART_FILE_PER_RESOURCE });
const charts = [
  new PlatformChart(app, 'platform'),
  new ExamplesChart(app, 'examples', { standIn: true }),
  new ExamplesChart(app, 'examples-openai', { standIn: false }),
];
const folders = charts.map((chart) => join(outdir, chart.node.id));
// An object that is gone from the code must be gone from git.
for (const folder of folders) rmSync(folder, { recursive: true, force: true });
app.synth();
folders.forEach(writeKustomization);
