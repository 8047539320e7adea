/**
 * What sshd, sudo, su, PAM, cron and the tools for users say in the system log of a machine, taken apart. Names and
 * user ids stand in quotes of nobody: whoever tries to sign in chooses what is written there, so addresses are read from
 * the right.
 */
import { isAddress } from '../core/address.ts';
import { portField } from './_lines.ts';
import type { Column, RowOut, Value } from './source.ts';

/** Taken from a message; what it does not name is absent. */
interface Auth {
  readonly event: string;
  readonly user?: string | undefined;
  readonly target?: string | undefined;
  readonly address?: string | undefined;
  readonly port?: string | undefined;
  readonly method?: string | undefined;
  readonly fingerprint?: string | undefined;
  readonly tty?: string | undefined;
  readonly command?: string | undefined;
}

const PORT = ' port ';

/** ` from A port P` or ` by A port P`, the last one of a message. */
function peer(
  message: string,
  word: string,
): { readonly at: number } & Pick<Auth, 'address' | 'port'> {
  const port = message.lastIndexOf(PORT);
  const at = message.lastIndexOf(` ${word} `, port < 0 ? undefined : port);
  if (at < 0) return { at };
  const from = at + word.length + 2;
  if (port < 0) return { at, address: message.slice(from).split(' ', 1)[0] };
  return {
    at,
    address: message.slice(from, port).trim(),
    port: portIn(message, port),
  };
}

/** What stands where a port should, whatever it is: what is none is noted. */
function portIn(message: string, at: number): string | undefined {
  return /^-?\w+/.exec(message.slice(at + PORT.length))?.[0];
}

/** What else sshd says of a client: how the message begins, the event, the word before the address. */
const OTHERS: readonly (readonly [start: string, event: string, word: 'from' | 'with'])[] = [
  ['Did not receive identification string from ', 'no identification', 'from'],
  ['error: maximum authentication attempts exceeded for ', 'too many attempts', 'from'],
  ['maximum authentication attempts exceeded for ', 'too many attempts', 'from'],
  ['Unable to negotiate with ', 'no common method', 'with'],
];

/** The end of a connection: how the message begins, the event. */
const ENDED: readonly (readonly [start: string, event: string])[] = [
  ['Disconnected from ', 'disconnected'],
  ['Connection closed by ', 'connection closed'],
  ['Connection reset by ', 'connection closed'],
];

function sshd(message: string): Auth | undefined {
  if (message.startsWith('Accepted ') || message.startsWith('Failed ')) {
    const event = message.startsWith('A') ? 'accepted' : 'failed';
    const method = message.split(' ', 2)[1];
    const { at, address, port } = peer(message, 'from');
    const start = message.indexOf(' for ');
    if (start < 0 || at < start + 5) return { event, method, address, port };
    const user = message.slice(start + 5, at);
    const fingerprint = /(?:SHA256:|MD5:)\S+$/.exec(message)?.[0];
    return {
      event,
      user: user.startsWith('invalid user ') ? user.slice(13) : user,
      method,
      address,
      port,
      fingerprint,
    };
  }
  if (message.startsWith('Invalid user ')) {
    const { at, address, port } = peer(message, 'from');
    return { event: 'invalid user', user: message.slice(13, Math.max(13, at)), address, port };
  }
  const ended = ENDED.find(([start]) => message.startsWith(start));
  if (ended !== undefined) {
    const [start, event] = ended;
    // `[authenticating|invalid] user U A port P`, or the address alone.
    const body = message.slice(start.length);
    const port = body.lastIndexOf(PORT);
    const words = body.slice(0, port < 0 ? undefined : port).split(' ');
    const user = words.indexOf('user');
    return {
      event,
      user: user < 0 ? undefined : words.slice(user + 1, -1).join(' '),
      address: words.at(-1),
      port: port < 0 ? undefined : portIn(body, port),
    };
  }
  if (message.startsWith('Connection from ')) {
    // `A port P on B port Q`: the client’s comes first.
    const own = message.indexOf(' on ');
    const { address, port } = peer(message.slice(0, own < 0 ? undefined : own), 'from');
    return { event: 'connection', address, port };
  }
  const refused = OTHERS.find(([start]) => message.startsWith(start));
  if (refused !== undefined) {
    const [start, event, word] = refused;
    const { at, address, port } = peer(message, word);
    const from = word === 'from' && start.endsWith('for ') ? start.length : -1;
    const user = from > 0 && at > from ? message.slice(from, at) : undefined;
    return {
      event,
      user: user?.startsWith('invalid user ') === true ? user.slice(13) : user,
      address: address?.replace(/[:,]$/, ''),
      port,
    };
  }
  if (message.startsWith('Received disconnect from ')) {
    // `A port P:N: reason`, of old `A: N: reason`; an IPv6 address has colons too, the reason is the client's.
    const named = message.indexOf(PORT);
    const end = named < 0 ? message.indexOf(': ') : message.indexOf(':', named);
    const { address, port } = peer(message.slice(0, end < 0 ? undefined : end), 'from');
    return { event: 'disconnected', address, port };
  }
  return undefined;
}

/** `U : TTY=… ; PWD=… ; USER=… ; COMMAND=…`; what was refused has a reason before them. */
function sudo(message: string): Auth | undefined {
  const colon = message.indexOf(' : ');
  const command = message.indexOf('COMMAND=');
  if (colon < 0 || command < 0) return undefined;
  const before = message.slice(colon + 3, command);
  const member = (name: string): string | undefined =>
    before
      .split(' ; ')
      .find((part) => part.startsWith(`${name}=`))
      ?.slice(name.length + 1)
      .trim();
  const refused = /NOT in sudoers|not allowed|incorrect password|command not allowed/.test(before);
  return {
    event: refused ? 'sudo refused' : 'sudo',
    user: message.slice(0, colon).trim(),
    target: member('USER'),
    tty: member('TTY'),
    command: message.slice(command + 8),
  };
}

/** `pam_unix(sshd:session): session opened for user root(uid=0) by ann(uid=1000)`, or a failure with its members. */
function pam(message: string): Auth | undefined {
  const body = message.slice(message.indexOf('): ') + 3);
  const opened = body.startsWith('session opened for user ');
  if (opened || body.startsWith('session closed for user ')) {
    const bare = (name: string | undefined): string | undefined =>
      name?.replace(/\(uid=\d+\)$/, '');
    const rest = body.slice(24);
    const by = rest.lastIndexOf(' by ');
    return {
      event: opened ? 'session opened' : 'session closed',
      target: bare(by < 0 ? rest : rest.slice(0, by)),
      user: by < 0 ? undefined : bare(rest.slice(by + 4)),
    };
  }
  const changed = /^password changed for (.+)$/.exec(body)?.[1];
  if (changed !== undefined) return { event: 'password changed', target: changed };
  if (!body.startsWith('authentication failure;')) return undefined;
  const member = (name: string): string | undefined =>
    new RegExp(`(?:^| )${name}=([^ ]+)`).exec(body)?.[1];
  return {
    event: 'authentication failure',
    user: member('user'),
    address: member('rhost'),
    tty: member('tty'),
  };
}

/** `new user: name=eve, UID=1001, …`, `add 'eve' to group 'wheel'`, `password changed for eve`. */
function accounts(app: string, message: string): Auth | undefined {
  if (message.startsWith('new user: ')) {
    return { event: 'new user', target: /name=([^,]+)/.exec(message)?.[1] };
  }
  if (message.startsWith('delete user ')) {
    return { event: 'user deleted', target: /'([^']+)'/.exec(message)?.[1] };
  }
  const added = /^add '([^']+)' to (?:shadow )?group '([^']+)'/.exec(message);
  if (added !== null) return { event: 'added to group', target: added[1], command: added[2] };
  const changed = /password changed for (.+)$/.exec(message)?.[1];
  if (changed !== undefined) return { event: 'password changed', target: changed };
  if (app === 'su' && message.startsWith('(to ')) {
    const [, target, user, tty] = /^\(to ([^)]+)\) (\S+) on (\S+)/.exec(message) ?? [];
    return { event: 'su', user, target, tty };
  }
  if (app === 'su' && message.startsWith('FAILED SU ')) {
    const [, target, user, tty] = /^FAILED SU \(to ([^)]+)\) (\S+) on (\S+)/.exec(message) ?? [];
    return { event: 'su refused', user, target, tty };
  }
  return undefined;
}

const ACCOUNT_TOOLS: ReadonlySet<string> = new Set([
  ...['useradd', 'userdel', 'usermod', 'groupadd', 'gpasswd', 'passwd', 'chpasswd', 'su'],
]);

/** What a message says of people; undefined where it is of a kind that is not taken apart. */
function authOf(app: string | null, message: string): Auth | undefined {
  if (app === null) return undefined;
  if (/^pam_\w+\([^)]*\): /.test(message)) return pam(message);
  if (app === 'sshd' || app.startsWith('sshd-')) return sshd(message);
  if (app === 'sudo') return sudo(message);
  if (app === 'CRON' || app === 'crond' || app === 'cron') {
    const [, user, command] = /^\(([^)]+)\) CMD \((.*)\)$/s.exec(message) ?? [];
    return user === undefined ? undefined : { event: 'cron', user, command };
  }
  return ACCOUNT_TOOLS.has(app) ? accounts(app, message) : undefined;
}

function orNothing(value: string | undefined): Value {
  return value === undefined || value === '' ? null : value;
}

function text(name: string, about: string): Column {
  return { name, type: 'TEXT', about };
}

/** Columns of what is said of people, in the order of {@link authValues}. */
export const AUTH_COLUMNS: readonly Column[] = [
  text(
    'auth_event',
    'What happened, where the message says something of people: accepted, failed, invalid user, sudo, session opened, new user, ...',
  ),
  text('user_name', 'User that signed in, ran sudo or a job.'),
  text('target_user', 'User that it was done as or to: of sudo, su, a session, a new account.'),
  text('source_ip', 'Address that sshd or PAM names, with its zone if it is of one link alone.'),
  { name: 'client_port', type: 'INTEGER', unit: 'port', about: 'Port that sshd names.' },
  text('auth_method', 'How sshd was convinced, or was to be: publickey, password, ...'),
  text('key_fingerprint', 'Fingerprint of the key.'),
  text('tty', 'Terminal of sudo, su or PAM.'),
  text('command', 'COMMAND of sudo, command of cron; group that a user was added to.'),
];

/** An address; sshd writes link-local ones with their zone (RFC 4007). What is none, such as a name, is noted. */
function clientOf(client: string | undefined, out: RowOut): Value {
  if (client === undefined || client === '') return null;
  const [address = '', zone] = client.split('%', 2);
  const zoned = zone !== undefined && /^[\w.-]+$/.test(zone) && address.includes(':');
  if (isAddress(zoned ? address : client)) return client;
  out.anomaly('bad_value', 'the client that the message names is not an address');
  return null;
}

/** Values of {@link AUTH_COLUMNS} for a message. */
export function authValues(app: string | null, message: string, out: RowOut): readonly Value[] {
  const auth = authOf(app, message);
  return [
    auth?.event ?? null,
    orNothing(auth?.user),
    orNothing(auth?.target),
    clientOf(auth?.address, out),
    portField(auth?.port, 'the client', out),
    orNothing(auth?.method),
    orNothing(auth?.fingerprint),
    orNothing(auth?.tty),
    orNothing(auth?.command),
  ];
}

/** SQL: success or failure of what is said of people, as a common column. */
export const AUTH_OUTCOME =
  "CASE WHEN auth_event IN ('accepted', 'sudo', 'su', 'session opened', 'new user', 'password changed', 'added to group') THEN 'success' WHEN auth_event IN ('failed', 'invalid user', 'authentication failure', 'too many attempts', 'no common method', 'sudo refused', 'su refused') THEN 'failure' END";
