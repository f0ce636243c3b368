/**
 * Whose a signature of thinking is. Only its maker can check one, and refuses a call with another's; so in the form each is marked
 * with its maker, the agent keeps it with the mark, and a writer takes only its own. A mark is made of letters, and of so many that
 * what is marked stays Base64: some SDKs decode signatures and encode them again.
 */

/** `claude`: Anthropic's models, wherever they are served: Bedrock takes what Anthropic signed. */
export type SignatureMaker = 'google' | 'openai' | 'claude';

const marks: Readonly<Record<SignatureMaker, string>> = {
  google: 'CLRKxgooglex',
  openai: 'CLRKxopenaix',
  claude: 'CLRKxclaudex',
};

/** As the form has it, of what a provider or an agent of this API sent. */
export function markSignature(maker: SignatureMaker, text: string): string {
  const isMarked = Object.values(marks).some((mark) => text.startsWith(mark));
  return isMarked ? text : `${marks[maker]}${text}`;
}

/** For a provider of this API; undefined: another one made it. */
export function ownSignature(maker: SignatureMaker, marked: string | undefined): string | undefined {
  if (marked === undefined || !marked.startsWith(marks[maker])) return undefined;
  const text = marked.slice(marks[maker].length);
  // An SDK that decoded it may have encoded it with the letters of URLs.
  return maker === 'claude' ? text.replaceAll('-', '+').replaceAll('_', '/') : text;
}

/** For an agent that speaks this API: its own without the mark, another's to be kept and sent back. */
export function shownSignature(maker: SignatureMaker, marked: string): string {
  return ownSignature(maker, marked) ?? marked;
}
