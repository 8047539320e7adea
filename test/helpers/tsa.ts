/** A time-stamp authority of our own, made with openssl in a temporary folder: good ones and every kind of bad one. */
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { runProcess } from './exhibit.ts';
import { tempDir } from './temp.ts';

/** What may be special about an authority. */
export interface TsaKind {
  /** Key of root and authority. */
  readonly key?: 'rsa' | 'ec' | 'rsa-1024' | 'rsa-e3';
  /** Value of the extended key usage; '' leaves the extension out. */
  readonly purpose?: string;
  /** Value of the key usage. */
  readonly usage?: string;
  /** An authority between the root and this one. */
  readonly intermediate?: boolean;
  /** Validity of the authority's certificate, YYYYMMDDhhmmssZ. */
  readonly from?: string;
  readonly to?: string;
  /** Digest of the certificate's name in the token: `sha1` is the older attribute of RFC 2634. */
  readonly ess?: 'sha1' | 'sha256' | 'sha384';
  /** Common name of the authority. */
  readonly name?: string;
}

/** An authority that answers requests. */
export interface Tsa {
  /** Its folder: `root.pem`, `tsa.pem`, `chain.pem` (what lies between), keys. */
  readonly dir: string;
  readonly rootPem: string;
  readonly rootFile: string;
  /** PEM of what lies between root and authority; empty for nothing. */
  readonly chainPem: string;
  readonly pem: string;
  /**
   * Answers a request; throws with openssl's words when it cannot.
   * @param certificate file that takes the place of the authority's own in the token.
   */
  readonly answer: (request: Uint8Array, certificate?: string) => Promise<Buffer>;
}

const KEYS = {
  rsa: ['-algorithm', 'RSA', '-pkeyopt', 'rsa_keygen_bits:2048'],
  ec: ['-algorithm', 'EC', '-pkeyopt', 'ec_paramgen_curve:P-256'],
  'rsa-1024': ['-algorithm', 'RSA', '-pkeyopt', 'rsa_keygen_bits:1024'],
  'rsa-e3': [
    '-algorithm',
    'RSA',
    '-pkeyopt',
    'rsa_keygen_bits:2048',
    '-pkeyopt',
    'rsa_keygen_pubexp:3',
  ],
} as const;

/** Makes an authority. */
export async function makeTsa(kind: TsaKind = {}): Promise<Tsa> {
  const {
    key = 'ec',
    purpose = 'critical,timeStamping',
    usage = 'critical,digitalSignature',
  } = kind;
  const {
    from = '20200101000000Z',
    to = '21200101000000Z',
    ess = 'sha256',
    name = 'Test TSA',
  } = kind;
  const dir = await tempDir();
  const file = (what: string): string => join(dir, what);
  const run = (...args: string[]): Promise<void> => openssl(args, dir);
  await writeFile(file('index.txt'), '');
  await writeFile(file('serial'), '1001\n');
  await writeFile(file('ts.serial'), '01\n');
  await writeFile(
    file('openssl.cnf'),
    `[req]
distinguished_name = dn
[dn]
[ca]
default_ca = own
[own]
database = index.txt
new_certs_dir = .
serial = serial
default_md = sha256
policy = any
unique_subject = no
copy_extensions = none
[any]
commonName = supplied
organizationName = optional
[root_ext]
basicConstraints = critical,CA:true
keyUsage = critical,keyCertSign,cRLSign
subjectKeyIdentifier = hash
[middle_ext]
basicConstraints = critical,CA:true,pathlen:0
keyUsage = critical,keyCertSign
subjectKeyIdentifier = hash
authorityKeyIdentifier = keyid
[tsa_ext]
basicConstraints = CA:false
${usage === '' ? '' : `keyUsage = ${usage}`}
${purpose === '' ? '' : `extendedKeyUsage = ${purpose}`}
subjectKeyIdentifier = hash
[tsa]
default_tsa = one
[one]
serial = ts.serial
default_policy = 1.2.3.4.1
digests = sha256, sha384, sha512
signer_digest = sha256
accuracy = secs:1
ordering = no
tsa_name = yes
ess_cert_id_chain = no
ess_cert_id_alg = ${ess}
signer_cert = tsa.pem
signer_key = tsa.key
`,
  );
  const CONFIG = ['-config', 'openssl.cnf'];
  const genkey = (out: string): Promise<void> => run('genpkey', ...KEYS[key], '-out', out);
  const years = ['-startdate', '20200101000000Z', '-enddate', '21200101000000Z'];
  // The name's parts in the order of the policy, in which `openssl ca` writes them.
  const issue = async (
    subject: string,
    what: string,
    issuer: string,
    extensions: string,
    dates: readonly string[],
  ): Promise<void> => {
    await genkey(`${what}.key`);
    await run(
      'req',
      '-new',
      ...CONFIG,
      '-key',
      `${what}.key`,
      '-subj',
      subject,
      '-out',
      `${what}.csr`,
    );
    const by =
      issuer === what
        ? ['-selfsign', '-keyfile', `${what}.key`]
        : ['-cert', `${issuer}.pem`, '-keyfile', `${issuer}.key`];
    const to = ['-in', `${what}.csr`, '-out', `${what}.pem`, '-extensions', extensions];
    await run('ca', ...CONFIG, '-batch', '-notext', ...by, ...to, ...dates);
  };
  await issue(`/CN=${name} root/O=Stamps`, 'root', 'root', 'root_ext', years);
  const middle = kind.intermediate === true;
  if (middle) await issue(`/CN=${name} CA/O=Stamps`, 'middle', 'root', 'middle_ext', years);
  const dates = ['-startdate', from, '-enddate', to];
  await issue(`/CN=${name}/O=Stamps`, 'tsa', middle ? 'middle' : 'root', 'tsa_ext', dates);
  const rootPem = await readFile(file('root.pem'), 'utf8');
  return {
    dir,
    rootPem,
    rootFile: file('root.pem'),
    chainPem: middle ? await readFile(file('middle.pem'), 'utf8') : '',
    pem: await readFile(file('tsa.pem'), 'utf8'),
    answer: async (request, certificate) => {
      await writeFile(file('in.tsq'), request);
      const signer = certificate === undefined ? [] : ['-signer', certificate];
      await run('ts', '-reply', ...CONFIG, '-queryfile', 'in.tsq', ...signer, '-out', 'out.tsr');
      return readFile(file('out.tsr'));
    },
  };
}

/** Runs openssl in a folder; throws with its words when it fails. */
export async function openssl(args: readonly string[], cwd: string): Promise<void> {
  const { status, stderr } = await runProcess('openssl', args, { cwd });
  if (status !== 0) throw new Error(`openssl ${args.join(' ')}\n${stderr}`);
}
