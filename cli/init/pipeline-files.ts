/** How a new project is checked on each pull request. Apart from its code: another forge is another file here. */

const github = `# Fails when a test fails, when dist/ is not what apps/ says, or when dist/ is wrong.
name: ci
on:
  pull_request:
  push:
    branches: [main]
permissions:
  contents: read
jobs:
  check:
    runs-on: ubuntu-latest
    steps:
      - uses: actions/checkout@v5
      - uses: actions/setup-node@v5
        with:
          node-version: 22
          cache: npm
      - run: npm ci
      - run: npm test
      - run: npm run synth
      - name: dist/ is what apps/ says
        run: git add --intent-to-add dist && git diff --exit-code -- dist
      - run: npx clrk validate -o github dist/`;

export const pipelineFiles = { '.github/workflows/ci.yaml': github } as const;
