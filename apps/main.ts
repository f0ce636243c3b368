/** `npm run synth`: writes all of dist/, one folder a chart, one file an object, the same bytes every time. */
import { readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { App, YamlOutputType } from 'cdk8s';
import { writeKustomization } from './kustomization.ts';
import { PlatformChart } from './platform.ts';

const charts = ['platform'];

const outdir = process.env['CDK8S_OUTDIR'] ?? 'dist';
const app = new App({
  outdir,
  yamlOutputType: YamlOutputType.FOLDER_PER_CHART_FILE_PER_RESOURCE,
});
new PlatformChart(app, 'platform');
// An object that is gone from the code must be gone from git.
for (const chart of charts) rmSync(join(outdir, chart), { recursive: true, force: true });
app.synth();
for (const chart of readdirSync(outdir)) if (charts.includes(chart)) writeKustomization(join(outdir, chart));
