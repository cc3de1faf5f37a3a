/**
 * What OpenSSL and Node say of a server's certificate, by `code` of the error, for people who can mend it.
 * https://nodejs.org/api/tls.html#x509-certificate-error-codes
 */
const SENTENCES = {
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: 'untrusted',
  UNABLE_TO_GET_ISSUER_CERT: 'untrusted',
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: 'untrusted',
  SELF_SIGNED_CERT_IN_CHAIN: 'untrusted',
  DEPTH_ZERO_SELF_SIGNED_CERT: 'untrusted',
  CERT_UNTRUSTED: 'untrusted',
  CERT_HAS_EXPIRED: 'its certificate has expired',
  CERT_NOT_YET_VALID: 'its certificate is not valid yet: is the clock of this machine right?',
  ERR_TLS_CERT_ALTNAME_INVALID: 'its certificate is for another name than the one in the URL',
  ERR_SSL_WRONG_VERSION_NUMBER: 'it does not speak TLS there: is it http instead of https?',
} as const satisfies Readonly<Record<string, string>>

const UNTRUSTED =
  'its certificate is not trusted here: for an authority of your own, name its certificate with --ca-file, MILLRACE_CA_FILE or NODE_EXTRA_CA_CERTS'

/** @returns the sentence for what fetch or a socket has failed with; undefined: it is not about certificates. */
export function tlsSentence(error: unknown): string | undefined {
  for (let one = error, depth = 0; one instanceof Error && depth < 4; one = one.cause, depth += 1) {
    const { code } = one as { readonly code?: unknown }
    if (typeof code !== 'string' || !Object.hasOwn(SENTENCES, code)) continue
    const sentence = SENTENCES[code as keyof typeof SENTENCES]
    return `${sentence === 'untrusted' ? UNTRUSTED : sentence} (${one.message.trim()})`
  }
  return undefined
}
