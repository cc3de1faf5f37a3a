/** A file that goes somewhere. */
export interface Parcel {
  /** What it is called there: the last part of its path. */
  readonly name: string
  readonly path: string
  readonly sizeBytes: number
  readonly sha256: string
}

/** Brings one file; the answer is where it is now. */
export type Carrier = (parcel: Parcel, signal: AbortSignal) => Promise<string>
