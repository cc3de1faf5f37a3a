/** How git says over HTTP that it was not let in; with LC_ALL=C its words are these (remote-curl.c, http.c, credential.c). */
const NOT_LET_IN =
  /^(Authentication failed for|could not read (Username|Password) for|unable to access .*: The requested URL returned error: 40[13])/

/** @param events as GIT_TRACE2_EVENT has them written, a line of JSON each; the last may be cut off. */
export function isNotLetIn(events: Uint8Array): boolean {
  return Buffer.from(events)
    .toString()
    .split('\n')
    .some((line) => {
      const message = errorIn(line)
      return message !== undefined && NOT_LET_IN.test(message)
    })
}

function errorIn(line: string): string | undefined {
  if (!line.includes('"error"')) return undefined
  try {
    const { event, msg } = JSON.parse(line) as { readonly event?: unknown; readonly msg?: unknown }
    return event === 'error' && typeof msg === 'string' ? msg : undefined
  } catch {
    return undefined
  }
}
