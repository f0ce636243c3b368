/** Jobs of GitLab that check a project of agents, to be included or to be a pipeline of their own. */
import { boundaryStep, committedStep, gitlabCommentStep, reachStep } from './ci-step.ts';

function indent(text: string): string {
  return text
    .split('\n')
    .map((line) => (line === '' ? '' : `      ${line}`))
    .join('\n');
}

function script(text: string): string {
  return `    - |\n${indent(text)}`;
}

export interface GitlabPipeline {
  /** Lines of comment above it. */
  readonly about: string;
  /** A step between the comparison and synth. */
  readonly test?: string;
}

export function gitlabJobs({ about, test }: GitlabPipeline): string {
  return `${about}
variables:
  CLRK_PATHS: dist
  CLRK_FAIL_ON: error
  CLRK_COMMAND: npx --no-install clrk

clrk-validate:
  image: node:22
  stage: test
  before_script:
    - npm ci --ignore-scripts
  script:
    - $CLRK_COMMAND drift --no-cluster${test === undefined ? '' : `\n    - ${test}`}
    - npx --no-install cdk8s synth --check-upgrade=false
${script(committedStep)}
    - $CLRK_COMMAND validate $CLRK_PATHS --fail-on "$CLRK_FAIL_ON" --report gitlab=clrk-quality.json --report junit=clrk.xml
${script(boundaryStep)}
  artifacts:
    when: always
    reports:
      codequality: clrk-quality.json
      junit: clrk.xml

# Comments with what the change adds to and takes from each agent's reach, where the masked variable CLRK_GITLAB_TOKEN
# holds a token that may (api); without one it is the job's artifact.
clrk-reach:
  image: node:22
  stage: test
  rules:
    - if: $CI_PIPELINE_SOURCE == "merge_request_event"
  variables:
    GIT_DEPTH: 0
    CLRK_BASE: $CI_MERGE_REQUEST_DIFF_BASE_SHA
  before_script:
    - npm ci --ignore-scripts
  script:
${script(reachStep)}
  after_script:
${script(gitlabCommentStep)}
  artifacts:
    when: always
    paths: [clrk-reach.md]
`;
}
