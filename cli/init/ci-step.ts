/**
 * The steps that check manifests on a pull request, as shell, for whichever forge runs them. One text each: what
 * `clrk init` writes, what `integrations/` holds and what the tests run is this. Names of branches and folders come in as
 * variables only: text in a script would be run.
 */

/** New files count: they are told to git before it compares. */
export const committedStep = `git add --intent-to-add -- "\${CLRK_PATHS:-dist}"
git diff --exit-code --stat -- "\${CLRK_PATHS:-dist}"`;

/** CLRK starts the program, CLRK_BASE is the target branch. Leaves clrk-reach.md, also when nothing could be decided. */
export const reachStep = `read -ra clrk <<<"$CLRK_COMMAND"
code=0
"\${clrk[@]}" reach "\${CLRK_PATHS:-dist}" --diff "$CLRK_BASE" -o markdown >clrk-reach.md 2>clrk-reach.err || code=$?
if [ "$code" -ne 0 ]; then
  printf '%s\\n### Reach could not be decided\\n\\n' '<!-- clrk reach -->' >clrk-reach.md
  sed 's/^/    /' clrk-reach.err >>clrk-reach.md
fi
cat clrk-reach.md >>"\${GITHUB_STEP_SUMMARY:-/dev/null}"
cat clrk-reach.md
exit "$code"`;

/** CLRK_BOUNDARY is a file that those cannot change who change manifests; without one nothing is asked. */
export const boundaryStep = `if [ -n "\${CLRK_BOUNDARY:-}" ]; then
  read -ra clrk <<<"\${CLRK_COMMAND:-npx --no-install clrk}"
  "\${clrk[@]}" reach "\${CLRK_PATHS:-dist}" --within "$CLRK_BOUNDARY"
fi`;

/** GH_TOKEN, CLRK_REPOSITORY and CLRK_NUMBER say where. The comment of an earlier run is replaced. */
export const githubCommentStep = `comments="repos/$CLRK_REPOSITORY/issues/$CLRK_NUMBER/comments"
mine='.[] | select(.user.type == "Bot" and (.body | startswith("<!-- clrk reach -->"))) | .id'
ids=$(gh api --paginate "$comments" --jq "$mine")
id=\${ids%%$'\\n'*}
if [ -n "$id" ]; then
  gh api --silent --method PATCH "repos/$CLRK_REPOSITORY/issues/comments/$id" -F body=@clrk-reach.md
else
  gh api --silent --method POST "$comments" -F body=@clrk-reach.md
fi`;

/** GitLab's job token may not comment: CLRK_GITLAB_TOKEN is a masked variable of the project. */
export const gitlabCommentStep = `[ -n "\${CLRK_GITLAB_TOKEN:-}" ] || exit 0
node --input-type=module -e '
  import { readFileSync } from "node:fs";
  const { CI_API_V4_URL, CI_PROJECT_ID, CI_MERGE_REQUEST_IID, CLRK_GITLAB_TOKEN } = process.env;
  const notes = CI_API_V4_URL + "/projects/" + CI_PROJECT_ID + "/merge_requests/" + CI_MERGE_REQUEST_IID + "/notes";
  const headers = { "PRIVATE-TOKEN": CLRK_GITLAB_TOKEN, "content-type": "application/json" };
  const call = async (url, method, body) => {
    const answer = await fetch(url, { method, headers, body, redirect: "error" });
    if (!answer.ok) throw new Error(method + " of a note: " + answer.status);
    return answer.json();
  };
  const known = await call(notes + "?per_page=100", "GET");
  const mine = known.find(({ body }) => body.startsWith("<!-- clrk reach -->"));
  const body = JSON.stringify({ body: readFileSync("clrk-reach.md", "utf8") });
  await call(mine ? notes + "/" + mine.id : notes, mine ? "PUT" : "POST", body);
'`;
