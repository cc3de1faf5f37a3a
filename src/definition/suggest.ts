/** ` (did you mean "timeout"?)` when one of the known words is a slip of the finger away, else nothing. */
export function suggestion(found: string, known: readonly string[]): string {
  if (found.length > 40) return ''
  const lower = found.toLowerCase().replaceAll('-', '_')
  let best: string | undefined
  let bestDistance = Math.min(3, Math.ceil(found.length / 2))
  for (const word of known) {
    const distance = word === lower ? 0 : editDistance(lower, word.toLowerCase())
    if (distance < bestDistance) [best, bestDistance] = [word, distance]
  }
  return best === undefined ? '' : ` (did you mean "${best}"?)`
}

/** Insertions, deletions, changes and swaps of neighbours (optimal string alignment). Source: Damerau, CACM 7(3), 1964. */
function editDistance(left: string, right: string): number {
  let beforeLast: number[] = []
  let last = Array.from({ length: right.length + 1 }, (_, at) => at)
  for (let row = 1; row <= left.length; row += 1) {
    const next = [row]
    for (let column = 1; column <= right.length; column += 1) {
      const change = left[row - 1] === right[column - 1] ? 0 : 1
      let cost = Math.min(last[column]! + 1, next[column - 1]! + 1, last[column - 1]! + change)
      if (row > 1 && column > 1 && left[row - 1] === right[column - 2] && left[row - 2] === right[column - 1]) {
        cost = Math.min(cost, beforeLast[column - 2]! + 1)
      }
      next.push(cost)
    }
    ;[beforeLast, last] = [last, next]
  }
  return last[right.length]!
}
