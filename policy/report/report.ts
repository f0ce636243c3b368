/** The report formats by name. Each is a pure function from one report to text, so that one run can write them all. */
import type { ValidationReport } from '../validate.ts';
import { renderGithub } from './github.ts';
import { renderGitlab } from './gitlab.ts';
import { renderHuman } from './human.ts';
import { renderJson } from './json.ts';
import { renderJunit } from './junit.ts';
import { renderSarif } from './sarif.ts';

export const reportFormats = ['human', 'json', 'junit', 'sarif', 'github', 'gitlab'] as const;
export type ReportFormat = (typeof reportFormats)[number];

const renderers: Readonly<Record<ReportFormat, (report: ValidationReport) => string>> = {
  human: renderHuman,
  json: renderJson,
  junit: renderJunit,
  sarif: renderSarif,
  github: renderGithub,
  gitlab: renderGitlab,
};

export function renderReport(report: ValidationReport, format: ReportFormat): string {
  return renderers[format](report);
}
