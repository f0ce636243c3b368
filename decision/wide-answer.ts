/**
 * Which models may answer with more than a call is counted with that names no limit. Pure. Of others nothing is said: many refuse a
 * limit that is larger than what they can answer, so none is written into their calls unasked.
 */

/** An answer without a limit of its own counts as so many tokens: the largest of OpenAI's gpt-4o family, and of most before it. */
export const unnamedOutputTokens = 16_384;

/** Wherever it stands: names of Azure's deployments and Bedrock's profiles have more around them. */
const wide =
  /(?<![a-z0-9])(?:gpt-4\.1|gpt-[5-9]|o[1-9](?![a-z0-9])|codex|gemini-(?:2\.5|[3-9])|claude-(?:3-7|[a-z]+-[4-9]))/;

export function answersWide(model: string): boolean {
  return wide.test(model.toLowerCase());
}
