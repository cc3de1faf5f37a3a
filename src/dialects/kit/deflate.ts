import { deflateRawSync, inflateRawSync } from 'node:zlib'

/** Most that a text is unpacked to, in bytes: what is more was packed by nobody here. */
const INFLATED_MAX_BYTES = 32 * 1024 ** 2

/** A long text, short: base64 of its UTF-8, deflated. */
export const deflated = (text: string): string => deflateRawSync(text).toString('base64')

/** undefined: it is no such text, or one that grows beyond measure. */
export function inflated(text: string): string | undefined {
  try {
    return inflateRawSync(Buffer.from(text, 'base64'), { maxOutputLength: INFLATED_MAX_BYTES }).toString('utf8')
  } catch {
    return undefined
  }
}
