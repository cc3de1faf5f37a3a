import { randomBytes } from 'node:crypto'
import type { Instant } from '../model/time.ts'

/** The one place that rolls dice. Tests put a seeded one here (testing/entropy.ts). */
export interface Entropy {
  /** In [0, 1). */
  draw(): number
  /** A UUIDv7 (RFC 9562, 5.7) as 32 lowercase hex digits. */
  id(at: Instant): string
  /** Unguessable bytes. */
  bytes(count: number): Buffer
}

export const systemEntropy: Entropy = {
  draw: () => Math.random(),
  id: (at) => uuidV7(at, randomBytes(10)),
  bytes: (count) => randomBytes(count),
}

/** 48 bits of time, then version and variant bits among 80 random ones. */
export function uuidV7(at: Instant, random: Uint8Array): string {
  const bytes = Buffer.alloc(16)
  bytes.writeUIntBE(at, 0, 6)
  bytes.set(random.subarray(0, 10), 6)
  bytes[6] = ((bytes[6] ?? 0) & 0x0f) | 0x70
  bytes[8] = ((bytes[8] ?? 0) & 0x3f) | 0x80
  return bytes.toString('hex')
}
