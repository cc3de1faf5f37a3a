import type { ArtifactFile } from '../app.ts'

/**
 * Where the files of ended runs are: a storage of objects, not a file system. Names are parts of hex digits, integers
 * and our own words, joined by `/`; none is made by a user. Whatever cannot be done because the storage does not answer
 * or says no is thrown.
 */
export interface Depot {
  /** The whole file, or the text; seen by nobody before it is whole, and takes the place of what has the name. */
  put(name: string, source: { readonly path: string } | { readonly text: string }): Promise<void>
  /** undefined: there is none. Bytes are fetched as they are read. */
  open(name: string): Promise<DepotFile | undefined>
  /** Everything whose name begins so, in the order of names. */
  list(prefix: string): AsyncIterable<string>
  /** What stands between the prefix, which ends with `/`, and the next `/`, each once. */
  folders(prefix: string): AsyncIterable<string>
  /** What is not there is no error. */
  remove(names: readonly string[]): Promise<void>
}

export interface DepotFile extends ArtifactFile {
  /** When it was put there, as the storage says. */
  readonly putAt: number
}
