import { X509Certificate } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { getCACertificates, setDefaultCACertificates } from 'node:tls'
import { EXIT } from './exit-codes.ts'
import { Fault } from './fault.ts'

const PEM = /-----BEGIN CERTIFICATE-----[^-]*-----END CERTIFICATE-----/g

/**
 * Trusts these authorities, too, for every connection of this process from now on.
 * @param path of a PEM file; null: nothing changes. @throws Fault `badConfiguration`
 */
export function trust(path: string | null): void {
  if (path === null) return
  const certificates = certificatesIn(path)
  setDefaultCACertificates([...getCACertificates('default'), ...certificates])
}

function certificatesIn(path: string): readonly string[] {
  const wrong = (reason: string, cause?: unknown): Fault =>
    new Fault(EXIT.badConfiguration, `--ca-file (MILLRACE_CA_FILE): ${reason}`, { cause })
  let text: string
  try {
    text = readFileSync(path, 'utf8')
  } catch (error) {
    throw wrong(`${path} cannot be read: ${(error as Error).message}`, error)
  }
  const found = text.match(PEM) ?? []
  if (found.length === 0) throw wrong(`expected certificates as PEM in ${path}, found none`)
  for (const [index, pem] of found.entries()) {
    try {
      // Node takes what is none for nothing, and then trusts nobody more than before.
      void new X509Certificate(pem)
    } catch (error) {
      throw wrong(`certificate ${index + 1} in ${path} is none: ${(error as Error).message}`, error)
    }
  }
  return found
}
