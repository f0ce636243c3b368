/**
 * The chart of the kinds alone: Helm never upgrades a `crds/` folder, so they are templates of a chart of their own,
 * and they stay when it is uninstalled, because with a kind go all its objects.
 */
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { parseDocument } from 'yaml';
import { chartYaml, type ChartFiles } from './platform-chart.ts';

/** What Helm would take for a template, as text. */
function literal(text: string): string {
  return text.replaceAll('{{', '{{ "{{" }}');
}

export function crdsChartFiles(folder: string): ChartFiles {
  const files = new Map([['Chart.yaml', chartYaml('clrk-crds', 'The kinds of CLRK')]]);
  for (const name of readdirSync(folder).filter((each) => each.endsWith('.yaml'))) {
    const document = parseDocument(readFileSync(join(folder, name), 'utf8'));
    document.setIn(['metadata', 'annotations', 'helm.sh/resource-policy'], 'keep');
    files.set(`templates/${name}`, literal(document.toString({ lineWidth: 0 })));
  }
  return files;
}
