/**
 * `clrk image build|push|ls`: an agent's TypeScript file, or the platform itself, to an image, to a registry. This file
 * parses flags; `oci/` does the work. Passwords come from stdin, never from argv.
 */
import { platformImage, renderAge } from '../../contract/index.ts';
import type { BuiltImage, ListedImage, PushedImage, PushImageOptions } from '../../oci/index.ts';
import { usageError } from '../exit-code.ts';
import { notice, printLine, readAll, type Io } from '../io.ts';
import { renderTable } from '../render/table.ts';
import { examples, type AddCommand } from './command.ts';

interface BuildOptions {
  readonly tag?: string;
  readonly output?: string;
  readonly platform?: boolean;
  readonly nats?: boolean;
}
interface PushOptions {
  readonly to?: string;
  readonly plainHttp?: boolean;
  readonly username?: string;
  readonly passwordStdin?: boolean;
}
interface ListOptions {
  readonly output?: string;
}

const maxPasswordBytes = 64 * 1024;

/** `412kB`, `97.3MB`, as image tools write it. */
export function renderBytes(bytes: number | undefined): string {
  if (bytes === undefined) return '<unknown>';
  if (bytes < 1_000) return `${bytes}B`;
  if (bytes < 1_000_000) return `${Math.round(bytes / 1_000)}kB`;
  return `${(bytes / 1_000_000).toFixed(1)}MB`;
}

export function renderImages(images: readonly ListedImage[], now: Date): string {
  const rows = images.map((image) => [
    image.name,
    image.digest.replace('sha256:', '').slice(0, 12),
    image.architecture,
    renderBytes(image.sizeBytes),
    renderAge(image.builtAt, now),
  ]);
  return renderTable({ headers: ['NAME', 'DIGEST', 'ARCH', 'SIZE', 'AGE'], rows });
}

interface BuildRequest {
  readonly entry: string | undefined;
  readonly tag: string | undefined;
  readonly output: { readonly output?: string };
  readonly say: (text: string) => void;
}

async function buildAgent({ entry, tag, output }: BuildRequest): Promise<BuiltImage> {
  if (entry === undefined)
    throw usageError('the agent’s file is missing', 'clrk image build AGENT.ts -t NAME, or --platform.');
  if (tag === undefined) throw usageError('--tag is missing', 'The image’s name: -t [HOST/]NAME[:TAG].');
  const { buildImage } = await import('../../oci/index.ts');
  return buildImage({ entry, name: tag, ...output });
}

async function buildPlatform({ tag, output, say }: BuildRequest): Promise<BuiltImage> {
  const { buildPlatformImage } = await import('../../oci/index.ts');
  const { platformProgram } = await import('../../local/index.ts');
  return buildPlatformImage({ ...(await platformProgram(say)), name: tag ?? platformImage, ...output });
}

async function buildNats({ tag, output, say }: BuildRequest): Promise<BuiltImage> {
  const { buildNatsImage } = await import('../../oci/index.ts');
  const { natsProgram } = await import('../../local/index.ts');
  const { name, natsServer } = await natsProgram(say);
  return buildNatsImage({ name: tag ?? name, natsServer, ...output });
}

async function build(io: Io, entry: string | undefined, options: BuildOptions): Promise<void> {
  const { platform = false, nats = false, tag } = options;
  if (Number(platform) + Number(nats) + Number(entry !== undefined) > 1)
    throw usageError('one image at a time', 'Give an agent’s file, or --platform, or --nats.');
  const output = options.output === undefined ? {} : { output: options.output };
  const make = platform ? buildPlatform : nats ? buildNats : buildAgent;
  const built = await make({ entry, tag, output, say: (text) => notice(io, text) });
  await printLine(io, `image/${tag ?? built.name} built ${built.digest}`);
}

/** A registry on this machine has no certificate: the development platform's. */
export function isLocalRegistry(reference: string): boolean {
  return /^(?:localhost|127\.0\.0\.1|\[::1\])(?::\d+)?\//.test(reference);
}

async function credentials(io: Io, options: PushOptions): Promise<Pick<PushImageOptions, 'credentials'>> {
  if (options.username === undefined) return {};
  if (options.passwordStdin !== true) {
    throw usageError(
      '--username needs --password-stdin',
      'Passwords on a command line are seen by everyone.',
    );
  }
  const password = (await readAll(io.stdin, maxPasswordBytes))?.toString('utf8').replace(/\r?\n$/, '');
  if (password === undefined || password === '') throw usageError('stdin held no password');
  return { credentials: { username: options.username, password } };
}

async function push(io: Io, name: string, options: PushOptions): Promise<void> {
  const { pushImage } = await import('../../oci/index.ts');
  const pushed: PushedImage = await pushImage({
    name,
    plainHttp: options.plainHttp ?? isLocalRegistry(options.to ?? name),
    ...(options.to === undefined ? {} : { to: options.to }),
    ...(await credentials(io, options)),
  });
  await printLine(io, `image/${pushed.reference} pushed ${pushed.digest}`);
}

async function list(io: Io, options: ListOptions): Promise<void> {
  if (options.output !== undefined && options.output !== 'json') {
    throw usageError(`there is no output format "${options.output}"`, 'There is json.');
  }
  const { listImages } = await import('../../oci/index.ts');
  const images = await listImages();
  if (options.output === 'json') return await printLine(io, JSON.stringify(images, null, 2));
  if (images.length === 0) return notice(io, 'No images found. Build one: clrk image build agent.ts -t NAME');
  await printLine(io, renderImages(images, io.now()));
}

export const addImage: AddCommand = ({ program, io }) => {
  const image = program
    .command('image')
    .description('Build, push and list images: agents’ and the platform’s')
    .addHelpText(
      'before',
      examples(
        'clrk image build ./agent.ts -t localhost:5100/mine:1',
        'clrk image push localhost:5100/mine:1',
        'clrk image ls',
        'clrk image build --platform --output ./platform-image',
      ),
    );
  image
    .command('build [entry]')
    .description('Bundle a TypeScript agent onto a Node base layer; same input, same digest')
    .option('-t, --tag <name>', 'the image’s name: [HOST/]NAME[:TAG]')
    .option('-o, --output <directory>', 'OCI layout to write; default: $CLRK_HOME/images')
    .option('--platform', 'this program instead of an agent: the image of the platform’s Deployments')
    .option('--nats', 'NATS instead of an agent, for clusters that cannot pull its publisher’s image')
    .action(async (entry: string | undefined, options: BuildOptions) => {
      await build(io, entry, options);
    });
  image
    .command('push <name>')
    .description('Send a built image to its registry')
    .option('--to <reference>', 'under another name')
    .option('--plain-http', 'the registry speaks no TLS; default for localhost')
    .option('--username <name>', 'with --password-stdin')
    .option('--password-stdin', 'read the password from stdin')
    .action(async (name: string, options: PushOptions) => {
      await push(io, name, options);
    });
  image
    .command('ls')
    .alias('list')
    .description('List built images')
    .option('-o, --output <format>', 'json')
    .action(async (options: ListOptions) => {
      await list(io, options);
    });
};
