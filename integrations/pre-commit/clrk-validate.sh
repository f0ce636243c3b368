#!/usr/bin/env bash
# A git hook: judges the manifests that are about to be committed, as they are staged, not as they lie in the work tree.
# Install: ln -s ../../integrations/pre-commit/clrk-validate.sh .git/hooks/pre-commit
set -euo pipefail
read -ra clrk <<<"${CLRK_COMMAND:-npx --no-install clrk}"
folder=${CLRK_PATHS:-dist}
git diff --cached --quiet -- "$folder" && exit 0
staged=$(mktemp -d)
trap 'rm -rf "$staged"' EXIT
git ls-files -z --cached -- "$folder" clrk-waivers.yaml | git checkout-index -z --stdin --prefix="$staged/"
# Where each object was made is not in git; it is true for what was just synthesized.
[ -f "$folder/clrk-sources.json" ] && cp "$folder/clrk-sources.json" "$staged/$folder/"
waivers=()
[ -f "$staged/clrk-waivers.yaml" ] && waivers=(--waivers "$staged/clrk-waivers.yaml")
"${clrk[@]}" validate "$staged/$folder" "${waivers[@]}"
