/**
 * `clrk publish SUBJECT`: one event, to every agent of the namespace with a trigger for it. Done means that it is on disk, not that
 * anything has run.
 */
import { attributeText, ClrkError, eventBounds, isEventSubject } from '../../contract/index.ts';
import { readAnswer } from '../cluster/agent-answer.ts';
import { eventPath } from '../cluster/agent-path.ts';
import { openCluster, type ClusterFlags } from '../cluster/open-cluster.ts';
import { platformNamespace } from '../cluster/platform-namespace.ts';
import { usageError } from '../exit-code.ts';
import { notice, type Io } from '../io.ts';
import { bounded, contentTypeHeader, readBody } from '../request-body.ts';
import { judgeAnswer } from '../run-verdict.ts';
import { clusterFlags, examples, type AddCommand } from './command.ts';

interface PublishOptions extends ClusterFlags {
  readonly data?: string;
  readonly file?: string;
  readonly contentType?: string;
  readonly id?: string;
  readonly source?: string;
  readonly type?: string;
}

const timeoutMs = 30_000;

const dataBound = {
  maxBytes: eventBounds.maxBytes,
  tooLarge: 'an event is at most 64 KiB with its attributes',
};

async function readData(io: Io, { data, file }: PublishOptions): Promise<Buffer> {
  if (data !== undefined && file !== undefined) throw usageError('give --data or --file, not both');
  if (file !== undefined) return await readBody(io, file, dataBound);
  return bounded(Buffer.from(data ?? '', 'utf8'), dataBound);
}

/** A CloudEvent in headers: of a source and an id of its own, so that it is one however often it is sent. */
function headersOf(io: Io, options: PublishOptions, data: Buffer): Record<string, string> {
  return {
    ...contentTypeHeader(options.contentType, data),
    'ce-specversion': '1.0',
    'ce-id': attributeText(options.id ?? io.randomUuid()),
    'ce-source': attributeText(options.source ?? 'clrk-cli'),
    ...(options.type === undefined ? {} : { 'ce-type': attributeText(options.type) }),
  };
}

export async function publish(io: Io, subject: string, options: PublishOptions): Promise<void> {
  if (!isEventSubject(subject)) {
    throw usageError(
      `"${subject}" is no subject of an event`,
      'Write names of letters, digits, _ and -, separated by dots, such as orders.created; no wildcards.',
    );
  }
  const body = await readData(io, options);
  const cluster = await openCluster(io, options);
  const headers = headersOf(io, options, body);
  const response = await cluster.send({
    ...{ method: 'POST', headers, body, signal: io.interruption(), timeoutMs },
    path: eventPath(await platformNamespace(cluster), cluster.namespace, subject),
  });
  if (response.status === 202) {
    response.body.resume();
    notice(
      io,
      `event ${headers['ce-id'] ?? ''} is kept for the agents of ${cluster.namespace} that hear ${subject}`,
    );
    return;
  }
  const verdict = judgeAnswer(await readAnswer(io, response), {
    name: subject,
    namespace: cluster.namespace,
  });
  if (verdict.status === 'failed') throw verdict.error;
  // Whatever answered, it did not say that the event is kept.
  throw new ClrkError(
    'EVENT_NOT_KEPT',
    `the ingress answered ${response.status}, not 202: the event may not be kept`,
    {
      hint: 'Is this the ingress of this version? See `clrk doctor`.',
    },
  );
}

export const addPublish: AddCommand = ({ program, io }) => {
  program
    .command('publish <subject>')
    .description('Publish an event: it sets off every agent of the namespace with a trigger for it')
    .addHelpText(
      'before',
      examples(
        `clrk publish orders.created -d '{"id":7}'`,
        'clrk publish mail.in -f message.eml --content-type message/rfc822 -n support',
        `clrk publish orders.created -d '{"id":7}' --id order-7 --source /shop`,
        'cat report.json | clrk publish reports -f -',
      ),
    )
    .option('-d, --data <text>', 'what the event says')
    .option('-f, --file <path|->', 'the same from a file, or stdin')
    .option('--content-type <type>', 'of the data; default: guessed, JSON or text')
    .option('--id <id>', 'of the event; two with one id and source are one; default: a new one')
    .option('--source <source>', 'who says it', 'clrk-cli')
    .option('--type <type>', 'what kind of event it is')
    .action(async (subject: string, options: PublishOptions, command) => {
      await publish(io, subject, { ...clusterFlags(command), ...options });
    });
};
