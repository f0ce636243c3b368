/**
 * How a gateway asks for a person's approval, and what it is answered: one request over NATS with everything its process has
 * parked, again every second while something is, and the operator's answer of that moment. Nothing of it is stored in NATS: the
 * Approval objects are the record, and a gateway that is gone asks no more.
 */
import { Type, type Static, type TSchema } from 'typebox';
import { Value } from 'typebox/value';
import { agentKinds } from './agent-id.ts';
import { objectRefSchema } from './config-parts.ts';
import { natsToken } from './platform-identity.ts';

/** What waits for a person, together and for one agent: a gateway parks no more, and an operator takes no more from it. */
export const approvalBounds = {
  parked: 64,
  parkedOfAgent: 8,
  /** How long a call waits: less than the 5 minutes after which Node's `fetch` gives up on a head. */
  waitMs: 270_000,
  /** A process that has not asked for so long asks no more: it ended, or its call did. */
  silentMs: 20_000,
  /** Characters of a path, a query, and of a tool's arguments as they are shown. */
  shown: 1_024,
  reason: 256,
  /** Of a method, in characters: a gateway lets no longer one in. */
  method: 32,
  /** Of each text that is shown, as JSON: characters take one to six bytes there. */
  shownBytes: 2_048,
  /** Of one ask, as JSON: whatever is larger is refused. */
  askBytes: 11 * 1024,
  /** Of one report: all that may wait, and some of what ended. No more is read, and NATS takes no more than 1 MiB. */
  reportBytes: 768 * 1024,
} as const;

/** How long an answer that lasts holds where nobody says, and at most. */
export const approvalTtl = { usualMs: 60 * 60_000, mostMs: 7 * 24 * 60 * 60_000 } as const;

export const approvalScopes = ['Once', 'Invocation', 'Agent'] as const;
export type ApprovalScope = (typeof approvalScopes)[number];
export const approvalAnswers = ['Allow', 'Deny'] as const;
export type ApprovalAnswer = (typeof approvalAnswers)[number];

const name = Type.String({ maxLength: 253 });
const shown = Type.String({ maxLength: approvalBounds.shown });

/** What of the call a person is shown. Whatever an agent wrote is cut and told as cut. */
const askedCallSchema = Type.Object({
  method: Type.String({ maxLength: approvalBounds.method }),
  host: name,
  port: Type.Integer({ minimum: 1, maximum: 65_535 }),
  path: Type.Optional(shown),
  /** Names and values, keys left out. */
  query: Type.Optional(shown),
  model: Type.Optional(Type.String({ maxLength: 200 })),
  tool: Type.Optional(Type.String({ maxLength: 256 })),
  /** JSON, with what is named like a secret left out. */
  arguments: Type.Optional(shown),
  /** Of all arguments as they came. */
  argumentsDigest: Type.Optional(Type.String({ maxLength: 71 })),
  /** Bytes of a body nobody shows. */
  bodyBytes: Type.Optional(Type.Integer({ minimum: 0 })),
  /** Not all of it is shown. */
  cut: Type.Optional(Type.Boolean()),
});
export type AskedCall = Static<typeof askedCallSchema>;

/** `waiting`; or, said once more when it is over: it `went` on its way, was `refused`, or its agent is `gone`. */
const askStateSchema = Type.Enum(['waiting', 'went', 'refused', 'gone']);
export type AskState = Static<typeof askStateSchema>;

const askSchema = Type.Object({
  /** Random, of the parked call: 16 hex digits. */
  id: Type.String({ pattern: '^[0-9a-f]{16}$' }),
  state: askStateSchema,
  agent: Type.Object({ kind: Type.Enum([...agentKinds]), namespace: name, name, uid: name }),
  invocation: Type.String({ maxLength: 253 }),
  /** The rule's route. */
  route: Type.Object({ kind: Type.String({ maxLength: 63 }), ...objectRefSchema.properties }),
  /** Calls with the same one are covered by the same lasting answer. */
  key: Type.String({ pattern: '^[0-9a-f]{64}$' }),
  call: askedCallSchema,
  /** How much longer it waits. */
  leftMs: Type.Integer({ minimum: 0, maximum: approvalBounds.waitMs }),
});
export type ApprovalAsk = Static<typeof askSchema>;

/** As a gateway says it. */
export interface ApprovalReport {
  readonly version: 1;
  readonly asks: readonly ApprovalAsk[];
}

/** As an operator reads it: of each ask, apart from the others. */
export interface HeardReport {
  readonly asks: readonly ApprovalAsk[];
  /** Ids of asks that are none: one of them never stands in the way of the others. */
  readonly unread: readonly string[];
}

const reportSchema = Type.Object({
  version: Type.Literal(1),
  asks: Type.Array(Type.Unknown(), { maxItems: approvalBounds.parked * 2 }),
});
const idSchema = Type.Object({ id: askSchema.properties.id });

/** What is said of one ask. */
const approvalWordSchema = Type.Union([
  Type.Object({
    id: Type.String(),
    kind: Type.Literal('decided'),
    /** Of the Approval. */
    approval: Type.String(),
    answer: Type.Enum([...approvalAnswers]),
    scope: Type.Enum([...approvalScopes]),
    /** The Kubernetes user. */
    by: Type.String(),
    reason: Type.Optional(Type.String()),
    /** How much longer it holds for other calls; 0: for this one alone. */
    leftMs: Type.Integer({ minimum: 0 }),
  }),
  /** Nobody will be asked, and why. */
  Type.Object({ id: Type.String(), kind: Type.Literal('refused'), why: Type.String() }),
]);
export type ApprovalWord = Static<typeof approvalWordSchema>;
export type DecidedWord = Extract<ApprovalWord, { kind: 'decided' }>;

const approvalReplySchema = Type.Object({ version: Type.Literal(1), words: Type.Array(approvalWordSchema) });
export type ApprovalReply = Static<typeof approvalReplySchema>;

function parse<T extends TSchema>(schema: T, text: string): Static<T> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return Value.Check(schema, value) ? value : undefined;
  } catch {
    return undefined;
  }
}

/** undefined: it is none. */
export function parseApprovalReport(text: string): HeardReport | undefined {
  const report = parse(reportSchema, text);
  return report === undefined
    ? undefined
    : {
        asks: report.asks.filter((ask) => Value.Check(askSchema, ask)),
        unread: report.asks.flatMap((ask) =>
          Value.Check(idSchema, ask) && !Value.Check(askSchema, ask) ? [ask.id] : [],
        ),
      };
}

export function parseApprovalReply(text: string): ApprovalReply | undefined {
  return parse(approvalReplySchema, text);
}

const prefix = 'clrk.approvals';
/** What operators hear. */
export const approvalSubjects = `${prefix}.*.*`;

/** Where a gateway asks: its identity may publish to its own alone, so that the subject says who asks. */
export function approvalSubject({
  namespace,
  name: gateway,
}: {
  readonly namespace: string;
  readonly name: string;
}): string {
  return `${prefix}.${natsToken(namespace)}.${natsToken(gateway)}`;
}

/** Milliseconds of `90s`, `30m`, `12h` or `7d`; undefined: none of these, or not between a second and the most. */
export function parseApprovalTtl(text: string): number | undefined {
  // As the schema of the kind has it (api/approval.ts).
  if (!/^(?:[1-9][0-9]{0,4}s|[1-9][0-9]{0,3}m|[1-9][0-9]{0,2}h|[1-7]d)$/.test(text)) return undefined;
  const unitMs = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 }[text.slice(-1)];
  const ms = Number(text.slice(0, -1)) * (unitMs ?? Number.NaN);
  return ms <= approvalTtl.mostMs ? ms : undefined;
}
