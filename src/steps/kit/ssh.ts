/** How git is to use ssh: `GIT_SSH_COMMAND` is read by a shell. */

export interface SshSetting {
  /** A private key in a file; undefined: those of the user. */
  readonly keyFile: string | undefined
  /** Lines as sshd(8) describes them in a file; undefined: those of the machine and the user. */
  readonly knownHostsFile: string | undefined
  /** A server that was never seen before is believed and remembered in `knownHostsFile` or the user's own file. */
  readonly firstUse: boolean
  /** The connection goes to this address; `alias` is what the host is called in known_hosts. */
  readonly via?: { readonly address: string; readonly alias: string }
  /** Where ssh tells why it did not get through. */
  readonly logFile: string
}

export function sshCommand({ keyFile, knownHostsFile, firstUse, via, logFile }: SshSetting): string {
  const own = keyFile !== undefined || knownHostsFile !== undefined
  const words = [
    'ssh',
    // What is given is all there is: no other key, no other host, no agent.
    ...(own ? ['-F', '/dev/null'] : []),
    ...(keyFile === undefined ? [] : ['-i', keyFile, '-oIdentitiesOnly=yes', '-oIdentityAgent=none']),
    ...(knownHostsFile === undefined
      ? []
      : [`-oUserKnownHostsFile="${knownHostsFile}"`, '-oGlobalKnownHostsFile=/dev/null']),
    `-oStrictHostKeyChecking=${firstUse ? 'accept-new' : 'yes'}`,
    ...(via === undefined ? [] : [`-oHostName=${via.address}`, `-oHostKeyAlias=${via.alias}`]),
    '-oBatchMode=yes',
    '-oConnectTimeout=30',
    '-E',
    logFile,
  ]
  return words.map((word) => `'${word.replaceAll("'", String.raw`'\''`)}'`).join(' ')
}

/** A key in a file ends with a newline, or ssh cannot read it. */
export const keyText = (secret: string): string => `${secret.replaceAll('\r\n', '\n').trimEnd()}\n`

export type SshRefusal = 'unknown-host' | 'changed-host' | 'not-let-in'

/** What ssh's words mean, which it says in English only (sshconnect.c, sshconnect2.c of OpenSSH). */
export function sshRefusal(log: string): SshRefusal | undefined {
  if (log.includes('REMOTE HOST IDENTIFICATION HAS CHANGED')) return 'changed-host'
  if (log.includes('Host key verification failed') || log.includes('host key is known for')) return 'unknown-host'
  if (/Permission denied \([a-z-]+(?:,[a-z-]+)*\)/.test(log)) return 'not-let-in'
  return undefined
}

/** One sentence for people, without a full stop. */
export const refusalSentence = {
  'unknown-host':
    'the server is not known: expected its host key in known_hosts, which ssh-keyscan prints and its operator can confirm',
  'changed-host':
    'the server has another host key than the one that is known: somebody may be in between, or it was set up anew',
  'not-let-in': 'the server does not let this key in',
} as const satisfies Record<SshRefusal, string>
