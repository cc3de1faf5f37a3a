import { createHash } from 'node:crypto'
import { uuidV7, type Entropy } from '../host/entropy.ts'

/** Dice that fall the same way every time: the same seed gives the same ids. Never outside tests. */
export function seededEntropy(seed: string): Entropy {
  let count = 0
  const bytes = (size: number): Buffer => {
    const parts: Buffer[] = []
    for (let length = 0; length < size; length += 32) {
      count += 1
      parts.push(createHash('sha256').update(`${seed}/${count}`).digest())
    }
    return Buffer.concat(parts).subarray(0, size)
  }
  return {
    draw: () => bytes(6).readUIntBE(0, 6) / 2 ** 48,
    id: (at) => uuidV7(at, bytes(10)),
    bytes,
  }
}
